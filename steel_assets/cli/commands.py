"""The commands of ``steel`` by name, each imported only when it is called: what one needs costs no other, nor ``--help``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click
import typer
from typer.core import TyperGroup


@dataclass(frozen=True)
class Command:
    """Where a command is, and the line that ``steel --help`` says about it.

    Attributes:
        place: ``module:name`` below ``steel_assets.cli``; a function, or a ``typer.Typer`` with commands of its own.
        help: the first line of its own help.
    """

    place: str
    help: str

    def load(self, name: str) -> click.Command:
        """The command itself, with its parameters."""
        module, attribute = self.place.split(":")
        found = getattr(import_module(f"steel_assets.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            command: click.Command = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command(name)(found)
            command = typer.main.get_command(alone)
        command.name = name
        return command


COMMANDS = {
    "demo": Command("demo:demo", "From raw prices to published forecasts, and a summary a buyer could read."),
    "collect": Command(
        "collect:collect", "Collect what is new from every provider. A provider that fails is named, and never stops the others."
    ),
    "run": Command(
        "run:run",
        "Run a job's last tick and look after everything once, in this process: no daemon, no disk that stays. For Cloud Run.",
    ),
    "import": Command(
        "import_file:import_file",
        "Import a file of dates and figures. A file with a mistake is refused whole: nothing is written.",
    ),
    "backtest": Command(
        "backtest:backtest",
        "Walk forward through a market's history and score every model beside the last price, on the same dates.",
    ),
    "compare": Command(
        "compare:compare",
        "Compare all models over years: scores, scores by calendar year, worst windows, and pictures of the champion.",
    ),
    "drift": Command(
        "drift:drift",
        "Compare recent features, returns and errors with the two years before, and with how much they always differ.",
    ),
    "experiment": Command("experiment:app", "Experiments of variants in the shadow of the champions: list, report, stop, start."),
    "automl": Command(
        "automl:automl",
        "Have a market's origins answered by Vertex AI's AutoML. Says what it costs; buys only what --confirm-usd covers.",
    ),
    "forecast": Command(
        "forecast:forecast",
        "Forecast from what was known at a day's issue, with the models of that day. Nothing is written or published.",
    ),
    "analysis": Command(
        "analysis:analysis",
        "What can be said of a market's past: trend, season, volatility, margins, leads, analogues, each with n and a test.",
    ),
    "odds": Command(
        "odds:odds",
        "Chances to be above or below a price by a day or on average, and months' averages, from the published forecast.",
    ),
    "plan": Command(
        "plan:plan",
        "What a purchase may cost by ways of buying, and whether the market's record is worth following its forecast.",
    ),
    "parity": Command(
        "parity:parity",
        "Import parity of a market: its price, freight, duty and every other term of the catalogue, delivered.",
    ),
    "what-if": Command(
        "what_if:what_if",
        "The published forecast if a driver or the exchange rate moves: from what came together in history, with its width.",
    ),
    "report": Command(
        "report:report",
        "The morning mail: what changed, forecasts, odds, last week's errors, ages, alerts. Printed, to a file, or sent.",
    ),
    "export": Command(
        "export:export_table",
        "Write a table of the platform, or a part of it, as CSV, as a workbook for Excel or as Parquet. Exit code 1: no rows.",
    ),
    "rollback": Command(
        "rollback:rollback",
        "Put an earlier production model back in force: model and calibration as one. Forecasts use it from the next issue on.",
    ),
    "status": Command(
        "status:status", "What is green, yellow or red in this installation, and why. Exit code: 0 green, 1 yellow, 2 red."
    ),
    "doctor": Command(
        "doctor:doctor", "Look at settings, catalogue, storage, keys and the Dagster instance, and say what is missing."
    ),
    "dev": Command(
        "dev:dev",
        "Open the Dagster UI, with the daemon that runs schedules and, where prices are simulated, the sandbox beside it.",
    ),
    "ui": Command("dev:ui", "Open the Dagster UI alone; the daemon is started beside it with dagster-daemon run."),
    "sandbox": Command(
        "dev:sandbox", "Answer as Yahoo Finance, Alpha Vantage, FRED and Trading Economics, from a simulated steel market."
    ),
    "serve": Command(
        "serve:serve", "Answer GET /predict/steel-rebar-price from the last published forecast, and show the dashboard."
    ),
    "publish": Command(
        "publish:publish",
        "Publish what the lake and the warehouse hold now; every job does so at its end. Exit code 1: not everything was whole.",
    ),
    "sign": Command(
        "sign:sign", "Sign the models in force and the forecasts that are published with STEEL_SIGNING_KEY, as they are."
    ),
    "keys": Command("keys:app", "API keys of the prediction service: create, list, revoke."),
    "watch": Command(
        "watch:app", "Price watches: a level, the day's move, odds, a margin. Each is told once when it becomes true."
    ),
    "alerts": Command("alerts:app", "Incidents, what was told about them, silences, and tests of the channels."),
    "quarantine": Command("quarantine:app", "Figures that were not believed: list, release, drop."),
    "imports": Command(
        "imports:app",
        "Every file that `steel import` or the drop folder imported: list, show, withdraw.",
    ),
    "upgrade": Command(
        "upgrade:upgrade",
        "Bring what an older release left here to this one: databases, tables, assets, what is served. --check only says what.",
    ),
    "costs": Command(
        "costs:costs",
        "What a month on Google Cloud is expected to cost, line by line, with what it assumes and free tiers apart.",
    ),
    "backup": Command(
        "backup:app",
        "Backups: one archive of lake, warehouse, Dagster instance, keys and alert state; never a secret of the environment.",
    ),
    "lake": Command("copy:lake", "The lake: raw and processed data, models, predictions."),
    "warehouse": Command("copy:warehouse", "The warehouse: the platform's tables."),
}


class Commands(TyperGroup):
    """The group of them all: it knows each by its line of help until one is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: click.Command(name, help=known.help) for name, known in COMMANDS.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order in which one meets them."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The one that is called, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, COMMANDS[name].load(name) if name and command else None, rest
