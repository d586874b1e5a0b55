"""The ``steel`` program, and how an error reaches a person (one message, exit code 2) or a bug its traceback."""

from __future__ import annotations

import typer

from steel_assets.cli.commands import Commands
from steel_assets.cli.problem import told

app = typer.Typer(name="steel", cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def steel() -> None:
    """Steel Assets: collect prices, train, validate, promote, publish forecasts, and say how good they were."""


def main() -> None:
    """The whole program."""
    with told():
        app()
