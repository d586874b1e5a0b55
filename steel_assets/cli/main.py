"""The ``steel`` program: its commands, and how an error reaches a person (one message, exit code 2) or a bug its traceback."""

from __future__ import annotations

import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from steel_assets.adapters.http import HttpError
from steel_assets.adapters.lake import LakeError
from steel_assets.adapters.object_store import Conflict, ObjectNotFound
from steel_assets.adapters.warehouse import WarehouseError
from steel_assets.catalog import CatalogError
from steel_assets.cli import backtest, collect, demo, dev, doctor, forecast, import_file, serve, status
from steel_assets.cli.problem import Problem
from steel_assets.core.history import HistoryError
from steel_assets.core.tables import TableError
from steel_assets.sources.file_import import ImportRefused

EXPECTED = (
    Problem,
    CatalogError,
    Conflict,
    HistoryError,
    HttpError,
    ImportRefused,
    LakeError,
    ObjectNotFound,
    TableError,
    WarehouseError,
)

app = typer.Typer(
    name="steel",
    help="Steel Assets: collect prices, train, validate, promote, publish forecasts, and say how good they were.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("collect")(collect.collect)
app.command("import")(import_file.import_file)
app.command("backtest")(backtest.backtest)
app.command("forecast")(forecast.forecast)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("dev")(dev.dev)
app.command("sandbox")(dev.sandbox)
app.command("serve")(serve.serve)


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except ValidationError as error:
        lines = [f"  STEEL_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
        _fail("settings are not valid\n" + "\n".join(lines))
    except EXPECTED as error:
        _fail(str(error.args[0] if isinstance(error, KeyError) and error.args else error))


def _fail(message: str) -> None:
    Console(stderr=True).print("error:", message, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(2)
