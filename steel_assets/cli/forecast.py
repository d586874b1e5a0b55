"""``steel forecast``: the forecast of today or of an earlier day.

A published forecast is shown as it was published, without asking its models again, so neither pandas nor a model is imported. A
forecast that was not published, or of an earlier day, is computed (``cli/computed.py``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.bootstrap import platform
from steel_assets.catalog import Catalog
from steel_assets.cli import published
from steel_assets.cli.clock import now
from steel_assets.cli.problem import Problem
from steel_assets.cli.published import Scores, champions_scores
from steel_assets.core.periods import UNITS, period_name
from steel_assets.core.price_age import aged_drivers, sessions_old
from steel_assets.core.types import MarketFrequency

Row = Mapping[str, Any]
"""A row of tables.FORECASTS with dates and datetimes as values, and the columns that ``in_force.aged`` adds."""


def forecast(
    market: Annotated[str | None, typer.Argument(help="id of the market; default all of them")] = None,
    as_of: Annotated[str | None, typer.Option(help="day of issue, for example 2026-11-20; default the latest")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the forecasts as JSON")] = False,
) -> None:
    """Show the latest forecast, or compute an earlier day's from what was known then. Nothing is written or published.

    The latest issue is shown as it was published; an earlier day is computed with the models of that day. From a price that is
    too old no new forecast is issued: the one in force is shown, marked. Exit code: 0 issued, 1 nothing new for some market, 2
    there is nothing to show.
    """
    parts, moment = platform(), now()
    if market is not None and market not in parts.catalog.markets:
        raise Problem(f"MARKET: {market!r} is not in the catalogue; there are {', '.join(parts.catalog.markets)}")
    wanted = [market] if market else list(parts.catalog.markets)
    found = published.latest(parts.store, parts.signing_key, parts.catalog, wanted, moment) if as_of is None else {}
    without: dict[str, str] = {}
    marks: dict[str, str] = {}
    too_old = False
    if len(found) < len(wanted):
        from steel_assets.cli import computed

        rest = computed.forecasts(parts, [name for name in wanted if name not in found], as_of, moment)
        found |= rest.rows
        without, marks, too_old = rest.without, rest.marks, rest.too_old
    if not found:
        raise Problem("\n".join([*without.values(), "no market can be forecast"]))
    rows = [row for name in wanted for row in found.get(name, ())]
    _warn(without.values())
    default = parts.catalog.rules.default_market
    if market is None and default in without and default not in found:
        _warn([f"the default market {default} has none; {rows[0]['market']} is shown instead"])
    if as_json:
        typer.echo(json.dumps([_plain(row) | {"withdrawn_import": marks.get(row["market"])} for row in rows], indent=2))
    else:
        console = Console()
        if any(row["simulated"] for row in rows):
            console.print("[bold yellow]SIMULATED DATA[/]")
        print_forecasts(console, parts.catalog, parts.store, rows)
        for name, mark in marks.items():
            console.print(f"{name}: {mark}", style="yellow", markup=False, highlight=False, soft_wrap=True)
        console.print(FOOTNOTE, style="dim", highlight=False)
        if any(parts.catalog.markets[name].frequency != "daily" for name in found):
            console.print(SLOWER.format(**parts.catalog.rules.acceptance.periods.model_dump()), style="dim", highlight=False)
    raise typer.Exit(1 if too_old else 0)


def _warn(reasons: Iterable[str]) -> None:
    for reason in reasons:
        Console(stderr=True).print(reason, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _plain(row: Row) -> dict[str, Any]:
    """A row as JSON values: datetimes in ISO 8601 with milliseconds, missing values as null."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, date):
        at = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day
        return f"{at:%Y-%m-%dT%H:%M:%S}.000" + ("Z" if at.tzinfo else "")
    if isinstance(value, float):
        return round(value, 10) if math.isfinite(value) else None
    return value


def print_forecasts(console: Console, catalog: Catalog, store: ObjectStore, rows: Sequence[Row]) -> None:
    """Print forecasts by market, with the champion's out-of-sample errors beside each.

    Args:
        rows: grouped by market.
    """
    for market, group in groupby(rows, key=lambda row: str(row["market"])):
        issued = list(group)
        first, frequency = issued[0], catalog.markets[market].frequency
        console.print(
            f"\n[bold]{catalog.markets[market].name}[/]  {first['last_price']:,.1f} {first['unit']} "
            f"{_of_price(first['data_as_of'], frequency)}, {sessions_old(first['price_age_sessions'], frequency)}",
            highlight=False,
        )
        if first["stale"]:
            limit = catalog.rules.freshness.oldest_price(frequency)
            tone = "bold red" if first["price_age_sessions"] > limit else "yellow"
            console.print(f"▲ {first['stale_reason']}", style=tone, markup=False, highlight=False)
        for series, day in aged_drivers(first.get("aged_drivers")).items():
            console.print(f"▲ uses {series}, whose newest value is of {day}", style="yellow", markup=False, highlight=False)
        console.print(_table(issued, champions_scores(store, market), frequency))


def _of_price(day: date, frequency: MarketFrequency) -> str:
    """The day, week or month of the last price, in words."""
    return f"on {day:%d %b %Y}" if frequency == "daily" else f"of {period_name(day, frequency)}"


def _table(rows: Sequence[Row], scores: Scores, frequency: MarketFrequency) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("  ahead", "for", "forecast", "change", "90 % interval", "error*", "held**", "model"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    for row in sorted(rows, key=lambda row: row["horizon"]):
        own = scores.get(row["horizon"])
        table.add_row(
            f"{row['horizon']} {UNITS[frequency][0][0]}",
            f"{row['target_date']:%d %b %y}" if frequency == "daily" else period_name(row["target_date"], frequency),
            f"{row['predicted_price']:,.1f}",
            f"{row['predicted_price'] / row['last_price'] - 1:+.1%}",
            f"{row['q05']:,.0f} – {row['q95']:,.0f}",
            "–" if own is None else f"{own.mae_ratio:.2f}",
            "–" if own is None else f"{own.coverage_90:.0%}",
            row["model_family"],
        )
    return table


FOOTNOTE = (
    "*  the champion's error over the last 250 trading days, out of sample, ÷ the last price's error on the same days\n"
    "** share of prices that fell inside its 90 % interval"
)
SLOWER = "*  of a weekly market over its last {weekly} weeks, of a monthly one over its last {monthly} months"
