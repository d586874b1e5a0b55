"""``steel parity``: the delivered cost of a tonne bought at a market's price, term by term, compared with the domestic price."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.bootstrap import platform
from steel_assets.cli.ahead import about, known_market, published
from steel_assets.cli.dates import now, parse_day
from steel_assets.cli.problem import Problem
from steel_assets.core.averages import AverageError
from steel_assets.core.exchange import ExchangeError
from steel_assets.core.history import HistoryError
from steel_assets.core.odds import odds
from steel_assets.core.parity import ParityLine
from steel_assets.operations.parity import Landed, landed

EXAMPLE = "EXAMPLE FIGURES, NOT MARKET FACTS: edit them in your own catalogue (docs/planning.md)"
SHOWN = (0.05, 0.25, 0.50, 0.75, 0.95)


def parity(
    market: Annotated[str, typer.Argument(help="id of the market")],
    by: Annotated[str | None, typer.Option(help="future day, for example 2026-12-15; default about a month from now")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the answer as JSON")] = False,
) -> None:
    """Compute a market's import parity: price, freight, duty and other terms of the catalogue, delivered.

    All figures are in the currency of the place, per tonne. On the day ahead, price and exchange rate vary together in the sample
    paths; the other terms and the domestic price are held constant.
    """
    parts, moment = platform(), now()
    known_market(parts.catalog, market)
    entries = [entry for entry in parts.catalog.parity.values() if entry.market == market]
    if not entries:
        others = sorted({entry.market for entry in parts.catalog.parity.values()})
        told = ", ".join(others) or "none"
        raise Problem(f"MARKET: no parity of {market} is declared in parity/ of the catalogue; there are {told}")
    day = None if by is None else parse_day(by, "--by")
    rows = published(parts.warehouse, market, moment)
    answers = []
    for entry in entries:
        try:
            found = landed(parts.catalog, parts.lake, rows, entry, day)
        except AverageError as error:
            raise Problem(f"--by: {error}") from error
        except (ExchangeError, HistoryError) as error:
            raise Problem(f"parity {entry.id}: {error}") from error
        answers.append(about(parts.catalog, parts.store, found.price, rows, moment) | _described(found))
    if as_json:
        typer.echo(json.dumps(answers, indent=2))
    else:
        for described in answers:
            _print(described)


def _described(landed: Landed) -> dict[str, Any]:
    today, ahead = float(landed.now[-1].total[0]), landed.then[-1].total
    told: dict[str, Any] = {
        "parity": landed.parity.id,
        "name": landed.parity.name,
        "place": landed.parity.place,
        "example": landed.parity.example,
        "simulated": landed.simulated,
        "landed_unit": landed.unit,
        "exchange_rate": {
            "series": landed.parity.rate,
            "unit": landed.rate.unit,
            "last": landed.rate.last,
            "date": f"{landed.rate.price_day:%Y-%m-%d}",
        },
        "lines": [_line(line) for line in landed.now],
        "landed": today,
        "ahead": {"day": f"{landed.day:%Y-%m-%d}", "quantiles": _quantiles(ahead)},
        "domestic": None,
        "domestic_series": landed.parity.domestic,
    }
    if landed.domestic is not None:
        price = landed.domestic.price
        chance = odds(ahead, price, "below")
        told["domestic"] = {
            "series": landed.domestic.series,
            "price": price,
            "date": f"{landed.domestic.day:%Y-%m-%d}",
            "spread": price - today,
            "spread_ahead": _quantiles(price - ahead),
            "chance_import_is_cheaper": chance.chance,
            "standard_error": chance.error,
        }
    return told


def _line(line: ParityLine) -> dict[str, Any]:
    added = {"added": float(line.added[0]), "total": float(line.total[0])}
    if line.term is None:
        return {"term": "price", "name": "Price, free on board"} | added
    term = line.term
    said = {"term": term.id, "name": term.name, "amount": term.amount, "unit": term.unit}
    return said | {"date": f"{term.date:%Y-%m-%d}", "source": term.source, "note": term.note} | added


def _quantiles(values: np.ndarray) -> dict[str, float]:
    return {f"q{round(level * 100):02d}": float(np.quantile(values, level)) for level in SHOWN}


def _print(shown: Mapping[str, Any]) -> None:
    console = Console()

    def say(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    if shown["simulated"]:
        say("SIMULATED DATA", "bold yellow")
    if shown["example"]:
        say(EXAMPLE, "bold yellow")
    rate = shown["exchange_rate"]
    say(
        f"{shown['name']}: {shown['last_price']:,.1f} {shown['unit']} on {shown['price_date']}, {rate['last']:,.4f} "
        f"{rate['unit']} on {rate['date']} ({rate['series']})"
    )
    if shown["stale"]:
        say(f"▲ {shown['stale_reason']}", "yellow")
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for column in (shown["landed_unit"], "adds", "makes", "amount", "of", "source", "note"):
        table.add_column(column, justify="right" if column in ("adds", "makes", "amount") else "left")
    for line in shown["lines"]:
        amount = f"{line['amount']:,g} {line['unit']}" if "amount" in line else ""
        told = (amount, line.get("date", ""), line.get("source", ""), line.get("note", ""))
        table.add_row(line["name"], f"{line['added']:,.0f}", f"{line['total']:,.0f}", *told)
    console.print(table)
    ahead = shown["ahead"]
    low, half, high = (ahead["quantiles"][name] for name in ("q05", "q50", "q95"))
    say(f"delivered at {shown['place']}: {shown['landed']:,.0f} {shown['landed_unit']} now", "bold")
    say(f"on {ahead['day']}: median {half:,.0f}, 5 – 95 % {low:,.0f} – {high:,.0f}; terms as they are, price and rate uncertain")
    domestic = shown["domestic"]
    if domestic is None:
        named = shown["domestic_series"]
        say(f"no price of {named} is known yet; import it" if named else "no domestic price is declared", "dim")
        return
    spread, chance = domestic["spread_ahead"], f"{domestic['chance_import_is_cheaper']:.1%} ± {domestic['standard_error']:.1%}"
    less = f"less import {domestic['spread']:+,.0f} now"
    say(
        f"domestic {domestic['price']:,.0f} on {domestic['date']} ({domestic['series']}), {less}; "
        f"on {ahead['day']} {spread['q05']:+,.0f} to {spread['q95']:+,.0f}, import is cheaper with {chance}"
    )
    say("the domestic price is not forecast: it stands where it is", "dim")
