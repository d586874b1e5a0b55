"""The ``steel`` program: its commands, and how an error reaches a person (one message, exit code 2) or a bug its traceback."""

from __future__ import annotations

import typer

from steel_assets.adapters.http import HttpError
from steel_assets.adapters.lake import LakeError
from steel_assets.adapters.lake_copy import CopyRefused
from steel_assets.adapters.object_store import Conflict, ObjectNotFound, ObjectStoreError
from steel_assets.adapters.sealed import Damaged
from steel_assets.adapters.secret_manager import SecretError
from steel_assets.adapters.warehouse import WarehouseError
from steel_assets.assets.runs import InstanceNotFound
from steel_assets.catalog import CatalogError
from steel_assets.cli import (
    alerts,
    backtest,
    collect,
    compare,
    copy,
    demo,
    dev,
    doctor,
    drift,
    forecast,
    import_file,
    keys,
    quarantine,
    rollback,
    serve,
    status,
)
from steel_assets.cli.problem import Problem, told
from steel_assets.core.history import HistoryError
from steel_assets.core.tables import TableError
from steel_assets.serving.keys import KeyStoreError
from steel_assets.sources.file_import import ImportRefused

EXPECTED = (
    Problem,
    CatalogError,
    Conflict,
    CopyRefused,
    Damaged,
    HistoryError,
    HttpError,
    ImportRefused,
    InstanceNotFound,
    KeyStoreError,
    LakeError,
    ObjectNotFound,
    ObjectStoreError,
    SecretError,
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
app.command("compare")(compare.compare)
app.command("drift")(drift.drift)
app.command("forecast")(forecast.forecast)
app.command("rollback")(rollback.rollback)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("dev")(dev.dev)
app.command("sandbox")(dev.sandbox)
app.command("serve")(serve.serve)
app.add_typer(keys.app, name="keys")
app.add_typer(alerts.app, name="alerts")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(copy.lake, name="lake")
app.add_typer(copy.warehouse, name="warehouse")


def main() -> None:
    """The whole program."""
    with told(*EXPECTED):
        app()
