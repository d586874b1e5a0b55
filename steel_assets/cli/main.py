"""The ``steel`` program. An expected error is printed as one message with exit code 2; a bug keeps its traceback."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from steel_assets import __version__
from steel_assets.cli.commands import Commands
from steel_assets.cli.problem import problems_printed

MOST_NEW_OBJECTS = 50_000
"""Before Python looks for objects that refer to each other only: importing makes many and leaves none, and looking takes time."""

app = typer.Typer(name="steel", cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


def _say_version(requested: bool) -> None:
    if requested:
        typer.echo(f"steel-assets {__version__}")
        raise typer.Exit


@app.callback()
def steel(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="print the release and exit")
    ] = False,
) -> None:
    """Steel Assets: collect prices, train, validate and promote models, publish forecasts, and measure their errors."""


def main() -> None:
    """Run the program."""
    gc.set_threshold(MOST_NEW_OBJECTS)
    with problems_printed():
        app()
