"""``steel odds``: forecast of monthly averages, of the price on a day, and the probability to be above or below a level."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.lake.lake import Lake
from steel_assets.bootstrap import platform
from steel_assets.catalog import Catalog
from steel_assets.cli.ahead import about, known_market, published
from steel_assets.cli.dates import now, parse_day
from steel_assets.cli.problem import Problem
from steel_assets.core import averages
from steel_assets.core.averages import Average, AverageError, Outlook
from steel_assets.core.chance import Chance, Side
from steel_assets.core.exchange import ExchangeError, exchanged
from steel_assets.core.history import HistoryError
from steel_assets.core.odds import first_passage
from steel_assets.core.odds import odds as odds_of
from steel_assets.operations import exchange, outlooks

SHOWN = (0.05, 0.25, 0.50, 0.75, 0.95)
"""The quantiles of an average or a day's price that are printed."""


def odds(
    market: Annotated[str, typer.Argument(help="id of the market")],
    above: Annotated[str | None, typer.Option(help="a price in the market's unit: the chance to be above it")] = None,
    below: Annotated[str | None, typer.Option(help="a price in the market's unit: the chance to be below it")] = None,
    by: Annotated[
        str | None, typer.Option(help="day, for example 2026-12-15: the price on that day, and every close up to it")
    ] = None,
    average: Annotated[str | None, typer.Option(help="month or quarter whose average is meant: 2026-12 or 2026-Q4")] = None,
    rate: Annotated[
        str | None, typer.Option(help="exchange-rate series, for example usdmxn: show prices in its other currency, pesos")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the answer as JSON")] = False,
) -> None:
    """Probabilities of a price being above or below a level, on a day or on average, from the published forecast.

    Without a day or a period: this month and the next three, this quarter and the next. Nothing is written.
    """
    parts = platform()
    known_market(parts.catalog, market)
    if above is not None and below is not None:
        raise Problem("--above, --below: give only one of them")
    if by is not None and average is not None:
        raise Problem("--by, --average: give only one of them")
    side: Side = "below" if below is not None else "above"
    text = above if above is not None else below
    level = None if text is None else _level(text, f"--{side}")
    day = None if by is None else parse_day(by, "--by")
    period = None if average is None else _period(average)

    moment = now()
    rows = published(parts.warehouse, market, moment)
    if rate is None:
        outlook, exchanged_at = outlooks.outlooks(parts.catalog, parts.lake, rows)[market], None
    else:
        outlook, exchanged_at = _exchanged(parts.catalog, parts.lake, rows, rate)
    answer = about(parts.catalog, parts.store, outlook, rows, moment) | {"exchange_rate": exchanged_at}
    try:
        if day is not None:
            answer["day"] = _of_day(outlook, day, level, side)
        else:
            asked = averages.averages(outlook) if period is None else [averages.average(outlook, period)]
            if period is not None and not asked[0].whole:
                raise Problem(
                    f"--average: the paths of {market} reach to {outlook.days[-1]:%Y-%m-%d}; {asked[0].beyond} trading days of "
                    f"{asked[0].period} lie beyond"
                )
            answer["averages"] = [_of_average(average, level, side) for average in asked]
    except AverageError as error:
        raise Problem(f"{'--average' if day is None else '--by'}: {error}") from error
    answer["question"] = {"side": None if level is None else side, "level": level}
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
    else:
        _print(parts.catalog.markets[market].name, answer)


def _exchanged(catalog: Catalog, lake: Lake, rows: pd.DataFrame, rate: str) -> tuple[Outlook, dict[str, Any]]:
    """The sample paths in the other currency, and the exchange rate that they begin with.

    Raises:
        Problem: no such rate can be applied; the message says why.
    """
    try:
        price, found = exchange.joint(catalog, lake, rows, rate)
        told = {"series": rate, "unit": found.unit, "last": found.last, "date": f"{found.price_day:%Y-%m-%d}"}
        return exchanged(price, found), told
    except (ExchangeError, HistoryError) as error:
        raise Problem(f"--rate: {error}") from error


def _level(text: str, option: str) -> float:
    try:
        level = float(text)
    except ValueError as error:
        raise Problem(f"{option}: {text!r} is not a price; write it as 640 or 640.5, in the market's unit") from error
    if not math.isfinite(level) or level <= 0:
        raise Problem(f"{option}: {text!r} is not a price; it must be above zero and finite")
    return level


def _period(text: str) -> pd.Period:
    try:
        return averages.parse_period(text)
    except AverageError as error:
        raise Problem(f"--average: {error}") from error


def _of_day(outlook: Outlook, day: pd.Timestamp, level: float | None, side: Side) -> dict[str, Any]:
    column = averages.column_of(outlook, day)
    values = outlook.paths[:, column]
    found: dict[str, Any] = {"asked": f"{day:%Y-%m-%d}", "trading_day": f"{outlook.days[column]:%Y-%m-%d}"}
    found["quantiles"] = _quantiles(values)
    if level is not None:
        found |= _chance(odds_of(values, level, side))
        found["any_close_until_then"] = _chance(first_passage(outlook.paths[:, : column + 1], outlook.last, level, side)[-1])
    return found


def _of_average(average: Average, level: float | None, side: Side) -> dict[str, Any]:
    days = {"known": average.known, "carried": average.carried, "drawn": average.drawn, "beyond": average.beyond}
    found = {"period": average.period, "whole": average.whole, "trading_days": days, "quantiles": _quantiles(average.values)}
    return found if level is None or not average.whole else found | _chance(odds_of(average.values, level, side))


def _quantiles(values: np.ndarray) -> dict[str, float]:
    return {f"q{round(level * 100):02d}": float(np.quantile(values, level)) for level in SHOWN}


def _chance(chance: Chance) -> dict[str, float]:
    return {"chance": chance.chance, "standard_error": chance.error}


def _print(name: str, shown: Mapping[str, Any]) -> None:
    console = Console()
    if shown["simulated"]:
        console.print("[bold yellow]SIMULATED DATA[/]")
    last = f"{shown['last_price']:,.1f} {shown['unit']} on {shown['price_date']}"
    console.print(f"{name}: {last}, forecast of {shown['issued_date']}", markup=False, highlight=False, soft_wrap=True)
    if (rate := shown["exchange_rate"]) is not None:
        told = f"at {rate['last']:,.4f} {rate['unit']} on {rate['date']} ({rate['series']}), its own uncertainty included"
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    if shown["stale"]:
        console.print(f"▲ {shown['stale_reason']}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    question = shown["question"]
    asked = "" if question["level"] is None else f"{question['side']} {question['level']:,g}"
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    of_day = "day" in shown
    for column in ("on" if of_day else "average of", "median", "25 – 75 %", "5 – 95 %", "trading days", asked):
        left = column in ("on", "average of", "trading days")
        table.add_column(column, justify="left" if left else "right", no_wrap=column != "trading days")
    for row in shown.get("averages", ()):
        table.add_row(row["period"], *_spread(row["quantiles"]), _days(row["trading_days"]), _chance_in_words(row))
    if of_day:
        row = shown["day"]
        table.add_row(row["trading_day"], *_spread(row["quantiles"]), "", _chance_in_words(row))
        if "any_close_until_then" in row:
            table.add_row("any close until then", "", "", "", "", _chance_in_words(row["any_close_until_then"]))
    console.print(table)
    if any(not row["whole"] for row in shown.get("averages", ())):
        notice = f"the sample paths end on {shown['paths_to']}: an average with later days covers the part before only"
        console.print(notice, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if question["level"] is not None:
        footnote = f"± Monte-Carlo standard error of {shown['paths']:,} paths, not the forecast's own: docs/odds.md"
        console.print(footnote, style="dim", markup=False, highlight=False, soft_wrap=True)


def _spread(quantiles: Mapping[str, float]) -> tuple[str, str, str]:
    half, wide = (f"{quantiles[low]:,.0f} – {quantiles[high]:,.0f}" for low, high in (("q25", "q75"), ("q05", "q95")))
    return f"{quantiles['q50']:,.1f}", half, wide


def _days(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _chance_in_words(row: Mapping[str, Any]) -> str:
    return f"{row['chance']:.1%} ± {row['standard_error']:.1%}" if "chance" in row else ""
