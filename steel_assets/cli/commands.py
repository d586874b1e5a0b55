"""The commands of ``steel`` by name. Each is imported only when it is called, so that none slows the others or ``--help``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click
import typer
from typer.core import TyperGroup


@dataclass(frozen=True)
class Command:
    """The place of a command, and its line in ``steel --help``.

    Attributes:
        place: ``module:name`` below ``steel_assets.cli``; a function, or a ``typer.Typer`` with subcommands.
        help: the first line of the command's own help.
    """

    place: str
    help: str

    def load(self, name: str) -> click.Command:
        """Import the command, with its parameters."""
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
    "demo": Command("demo:demo", "Run the whole pipeline, from raw prices to published forecasts, and print a summary."),
    "collect": Command(
        "collect:collect", "Collect new data from every provider. If one fails, its error is printed and the others go on."
    ),
    "run": Command(
        "run:run",
        "Run a job's last tick, all sensors and notifications once, in this process, without daemon or lasting disk.",
    ),
    "import": Command(
        "import_file:import_file",
        "Import a file of dates and values. A file with any error is refused as a whole, and nothing is written.",
    ),
    "backtest": Command(
        "backtest:backtest",
        "Backtest every model on a market's history by walk-forward, and compare it with the last price on the same dates.",
    ),
    "compare": Command(
        "compare:compare",
        "Compare all models over years: scores, scores by calendar year, worst windows, and pictures of the champion.",
    ),
    "drift": Command(
        "drift:drift",
        "Compare recent features, returns and errors with the two years before, and with their usual differences.",
    ),
    "experiment": Command("experiment:app", "Experiments that try a variant beside the champions: list, report, stop, start."),
    "automl": Command(
        "automl:automl",
        "Buy forecasts of a market's past days from Vertex AI AutoML. Prints the estimated cost; buys up to --confirm-usd.",
    ),
    "forecast": Command(
        "forecast:forecast",
        "Show the latest forecast, or compute an earlier day's from what was known then. Nothing is written or published.",
    ),
    "analysis": Command(
        "analysis:analysis",
        "Describe a market's past: trend, season, volatility, margins, leads, similar periods, each with n and a test.",
    ),
    "odds": Command(
        "odds:odds",
        "Probabilities of a price being above or below a level, on a day or on average, from the published forecast.",
    ),
    "plan": Command(
        "plan:plan",
        "Compare the cost of ways to buy, and recommend one if the forecast's past errors justify following it.",
    ),
    "parity": Command(
        "parity:parity",
        "Compute a market's import parity: price, freight, duty and other terms of the catalogue, delivered.",
    ),
    "what-if": Command(
        "what_if:what_if",
        "The published forecast if a driver or the exchange rate moves, from how they moved together in the past.",
    ),
    "report": Command(
        "report:report",
        "Print, write or send the morning mail: what changed, forecasts, odds, last week's errors, ages, alerts.",
    ),
    "export": Command(
        "export:export_table",
        "Write a table, or some of its rows, as CSV, as an Excel workbook or as Parquet. Exit code 1: no rows.",
    ),
    "rollback": Command(
        "rollback:rollback",
        "Put an earlier production model with its calibration back in force, from the next issue on.",
    ),
    "status": Command(
        "status:status", "Show what is green, yellow or red in this installation, and why. Exit code: 0 green, 1 yellow, 2 red."
    ),
    "doctor": Command(
        "doctor:doctor", "Check settings, catalogue, storage, keys and the Dagster instance, and list what is missing."
    ),
    "dev": Command(
        "dev:dev",
        "Start the Dagster UI and the daemon that runs schedules; with simulated prices the sandbox too.",
    ),
    "ui": Command("dev:ui", "Start the Dagster UI without the daemon; start that beside it with dagster-daemon run."),
    "sandbox": Command(
        "dev:sandbox", "Serve a simulated steel market as Yahoo Finance, Alpha Vantage, FRED and Trading Economics would."
    ),
    "serve": Command(
        "serve:serve", "Answer GET /predict/steel-rebar-price from the last published forecast, and show the dashboard."
    ),
    "publish": Command(
        "publish:publish",
        "Publish the present data of lake and warehouse; every job does this at its end. Exit code 1: some part failed.",
    ),
    "sign": Command("sign:sign", "Sign the models in force and the published forecasts with STEEL_SIGNING_KEY, as they are."),
    "keys": Command("keys:app", "API keys of the prediction service: create, list, revoke."),
    "watch": Command(
        "watch:app", "Price watches: a level, the day's move, odds, a margin. Each sends one message when it becomes true."
    ),
    "alerts": Command(
        "alerts:app", "Alerts: open incidents, sent messages, acknowledgements, silences, and tests of the channels."
    ),
    "quarantine": Command("quarantine:app", "Doubtful values that were held back: list, release, drop."),
    "imports": Command(
        "imports:app",
        "Files that `steel import` or the drop folder imported: list, show, withdraw, restore.",
    ),
    "upgrade": Command(
        "upgrade:upgrade",
        "Upgrade the data of an earlier release: databases, tables, assets, the snapshot. --check only lists the changes.",
    ),
    "costs": Command(
        "costs:costs",
        "Estimate a month's cost on Google Cloud, line by line, with assumptions and free tiers shown separately.",
    ),
    "backup": Command(
        "backup:app",
        "Backups: one archive of lake, warehouse, Dagster instance, keys and alert state, without secrets of the environment.",
    ),
    "lake": Command("copy:lake", "The lake: raw and processed data, models, predictions."),
    "warehouse": Command("copy:warehouse", "The warehouse: the platform's tables."),
}


class Commands(TyperGroup):
    """The group of all commands; a command is only a name and a line of help until it is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: click.Command(name, help=known.help) for name, known in COMMANDS.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of ``COMMANDS``: roughly the order in which a new user needs them."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The called command, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, COMMANDS[name].load(name) if name and command else None, rest
