"""``steel what-if``: the published forecast if a driver or the exchange rate moves by a given amount."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.bootstrap import platform
from steel_assets.cli.ahead import known_market, published
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.core.what_if import ShockError
from steel_assets.operations.what_if import WhatIfResult, conditioned

LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
SHOWN = (1, 5, 21, 63)
"""Trading days ahead that are printed besides the last day of the shock."""
SHOCK = re.compile(r"(?P<name>[a-z][a-z0-9_]*)=(?P<move>[+-]?[0-9]+(\.[0-9]+)?)%")
UNSURE = 0.05


def what_if(
    market: Annotated[str, typer.Argument(help="id of the market")],
    shock: Annotated[
        str, typer.Option(help="a series that the market reads, a commodity, or fx, and its move, for example scrap=+10%")
    ],
    days: Annotated[int, typer.Option(help="trading days within which the move happens", min=1, max=250)] = 21,
    as_json: Annotated[bool, typer.Option("--json", help="print the answer as JSON")] = False,
) -> None:
    """The published forecast if a driver or the exchange rate moves, from how they moved together in the past.

    The width of the answer includes the uncertainty of that relation. A shock larger than history can support is refused. Nothing
    is written.
    """
    parts = platform()
    known_market(parts.catalog, market)
    asked = SHOCK.fullmatch(shock)
    if asked is None or float(asked["move"]) <= -100:
        raise Problem(f"--shock: {shock!r} is not a shock; write it as scrap=+10% or usdtry=-2.5%")
    rows = published(parts.warehouse, market, now())
    try:
        found = conditioned(parts.catalog, parts.lake, rows, asked["name"], float(asked["move"]) / 100, days)
    except ShockError as error:
        raise Problem(f"--shock: {asked['name']}: {error}") from error
    first = rows.iloc[0]
    said = {
        "market": market,
        "unit": str(first["unit"]),
        "simulated": bool(first["simulated"]),
        "issued_date": f"{first['issued_date']:%Y-%m-%d}",
        "last_price": float(first["last_price"]),
        **described(found, float(asked["move"]) / 100),
    }
    if as_json:
        typer.echo(json.dumps(said, indent=2))
    else:
        print_answer(Console(highlight=False, soft_wrap=True), parts.catalog.markets[market].name, said)


def described(result: WhatIfResult, move: float) -> dict[str, Any]:
    """The answer as JSON values."""
    given = result.given
    told = [day for day in SHOWN if day < result.days] + [result.days]
    return {
        "shock": {"series": result.series, "move": move, "trading_days": result.days},
        "effective_sample": round(given.effective, 1),
        "paths": len(given.paths),
        "slope": given.slope,
        "correlation": given.correlation,
        "stretches": given.stretches,
        "p": given.p,
        "days": [
            {
                "day": day,
                "given": {f"q{round(100 * q):02d}": v for q, v in zip(LEVELS, given.quantiles(day, LEVELS), strict=True)},
                "published": {f"q{round(100 * q):02d}": float(np.quantile(result.published[:, day - 1], q)) for q in LEVELS},
            }
            for day in told
        ],
    }


def print_answer(console: Console, name: str, shown: Mapping[str, Any]) -> None:
    """Print the answer."""
    if shown["simulated"]:
        console.print("[bold yellow]SIMULATED DATA[/]")
    shock = shown["shock"]
    console.print(
        f"{name}, {shown['last_price']:,.1f} {shown['unit']}, forecast of {shown['issued_date']}, if {shock['series']} moves "
        f"{shock['move']:+.1%} in {shock['trading_days']} trading days",
        markup=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for column in ("trading day", "median", "5 – 95 %", "published median", "published 5 – 95 %"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in shown["days"]:
        spreads = [(f"{row[of]['q50']:,.1f}", f"{row[of]['q05']:,.0f} – {row[of]['q95']:,.0f}") for of in ("given", "published")]
        table.add_row(str(row["day"]), *spreads[0], *spreads[1])
    console.print(table)
    console.print(
        f"rests on {shown['effective_sample']:.1f} independent stretches of history near the shock; over "
        f"{shown['stretches']} stretches that do not overlap the correlation is {shown['correlation']:+.2f} "
        f"(p = {shown['p']:.2g}). This is correlation, not causation.",
        style="dim",
    )
    if shown["p"] > UNSURE:
        console.print("▲ history does not show that the two move together: use the published forecast", style="yellow")
