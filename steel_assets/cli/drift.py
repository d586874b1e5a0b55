"""``steel drift``: whether a market's data have changed, and how many alarms the same test would have given in the past."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console

from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.drift import EVERY, RARE, Drift, market_drift
from steel_assets.core.features import build_features
from steel_assets.operations import histories

YEAR = 250


def drift(
    market: Annotated[str, typer.Argument(help="id of the market")],
    replay: Annotated[bool, typer.Option(help="list every alarm that the test would have given in the past")] = False,
    real: Annotated[Path | None, typer.Option(help="folder of the real price history, instead of the lake")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
) -> None:
    """Compare recent features, returns and errors with the two years before, and with their usual differences."""
    parts = platform()
    if market not in parts.catalog.markets:
        raise Problem(f"MARKET: {market!r} is not in the catalogue; there are {', '.join(parts.catalog.markets)}")
    history = (
        real_histories(real, parts.catalog, [market])[market]
        if real
        else histories.build(parts.catalog, parts.lake, market, now())
    )
    found = market_drift(history, build_features(history))
    if found.judged == 0:
        raise Problem(
            f"MARKET: {market} has too short a history to know which differences are usual; import about four years of prices"
        )
    answer = described(market, found)
    if as_json:
        typer.echo(json.dumps(answer))
        return
    print_drift(Console(highlight=False, soft_wrap=True), answer, replay=replay)


def print_drift(console: Console, shown: Mapping[str, Any], *, replay: bool) -> None:
    """Print the result of ``described``; with ``replay`` every alarm of the past too."""
    shares = ", ".join(f"{name} {'not known' if share is None else f'{share:.0%}'}" for name, share in shown["scores"].items())
    console.print(
        f"{shown['market']}, {shown['measured']}: share of earlier dates with a smaller distance to their two years "
        f"before: {shares}"
    )
    console.print(f"[bold]drift[/]: at least two of three beyond {RARE:.0%}" if shown["drift"] else "no drift")
    if replay:
        console.print(
            f"replay: {shown['alarms']} of {shown['judged']} measurements were alarms ({shown['alarm_share']:.1%}), in "
            f"{shown['episodes']} episodes, {shown['episodes_a_year']:.2f} a year"
        )
        for day in shown["alarm_days"]:
            console.print(f"  {day}")


def described(market: str, drift: Drift) -> dict[str, Any]:
    """The newest measurement and the whole replay as JSON values."""
    newest, alarms = drift.scores.iloc[-1], drift.alarms
    return {
        "market": market,
        "measured": f"{drift.scores.index[-1]:%Y-%m-%d}",
        "scores": {str(name): None if pd.isna(share) else float(share) for name, share in newest.items()},
        "drift": bool(alarms.iloc[-1]),
        "judged": drift.judged,
        "alarms": int(alarms.sum()),
        "alarm_share": float(alarms.sum() / drift.judged),
        "episodes": drift.episodes,
        "episodes_a_year": drift.episodes / (drift.judged * EVERY / YEAR),
        "alarm_days": [f"{day:%Y-%m-%d}" for day in alarms.index[alarms]],
    }
