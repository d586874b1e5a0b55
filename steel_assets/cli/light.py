"""The commands of the prediction service by themselves: nothing that the platform needs to compute is imported."""

from __future__ import annotations

import typer

from steel_assets.cli import keys, serve
from steel_assets.cli.problem import Problem, told
from steel_assets.serving.keys import KeyStoreError

app = typer.Typer(name="steel", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.command("serve")(serve.serve)
app.add_typer(keys.app, name="keys")


def main() -> None:
    """``steel serve`` and ``steel keys``."""
    with told(Problem, KeyStoreError):
        app()
