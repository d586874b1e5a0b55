"""``steel status``: what is there, how old it is, and what is wrong, on one screen."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.aside import Aside
from steel_assets.adapters.quota import BudgetSpent
from steel_assets.assets.collecting import group_standing, waiting, was_asked
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.moments import now
from steel_assets.core.tables import DATA_QUALITY, FORECASTS


def status(as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False) -> None:
    """Collections, markets, champions and forecasts of this installation."""
    parts = platform()
    sources, markets = _sources(parts), _markets(parts)
    if as_json:
        typer.echo(json.dumps({"simulated": parts.lake.simulated, "sources": sources, "markets": markets}))
        return
    console = Console()
    if parts.lake.simulated is None:
        console.print("nothing was collected yet: `make demo` for a simulated market, `steel import` for files of your own")
        return
    console.print("[bold yellow]SIMULATED DATA[/]" if parts.lake.simulated else "[bold]real data[/]")
    for title, rows in (("Sources", sources), ("Markets", markets)):
        console.print(table(title, rows))


def _sources(parts: Platform) -> list[dict[str, Any]]:
    observations = parts.lake.observations()
    newest = observations.groupby("source").agg(
        series=("series", "nunique"), rows=("series", "size"), newest=("period", "max"), collected=("collected_at", "max")
    )
    silent = [one.id for one in parts.catalog.sources.values() if one.id not in newest.index and was_asked(parts, one)]
    newest = newest.reindex([*newest.index, *silent])  # one that never answered anything is told too
    held = waiting(parts, observations)["source"].value_counts()
    moment = max(now(), observations["collected_at"].max()) if len(observations) else now()
    return [
        {
            "source": str(source),
            "state": _standing(parts, str(source), observations, moment),
            "series": 0 if source in silent else int(row["series"]),
            "rows": 0 if source in silent else int(row["rows"]),
            "newest_period": None if source in silent else f"{row['newest']:%Y-%m-%d}",
            "last_new_data": None if source in silent else f"{row['collected']:%Y-%m-%d %H:%M} UTC",
            "age_hours": None if source in silent else round((moment - row["collected"]) / pd.Timedelta(hours=1), 1),
            "quarantined": int(held.get(source, 0)),
            "rejected": len(Aside(parts.store).rejected(parts.catalog.sources[str(source)].folder)),
            "calls_of_budget": calls_used(parts, str(source)),
        }
        for source, row in newest.iterrows()
    ]


def _standing(parts: Platform, source: str, observations: pd.DataFrame, moment: pd.Timestamp) -> dict[str, str] | None:
    """State of each endpoint group; files of one's own have none."""
    declared = parts.catalog.sources[source]
    if declared.kind != "api":
        return None
    return {group: str(group_standing(parts, declared, group, observations, moment)) for group in declared.groups}


def calls_used(parts: Platform, source: str) -> str | None:
    """Calls of the last 24 hours out of those a provider allows; None where it does not count them."""
    quota = parts.quotas.get(source)
    if quota is None:
        return None
    try:
        return f"{quota.used()} of {quota.limits.calls_per_day}"
    except BudgetSpent as damaged:
        return str(damaged)


def _markets(parts: Platform) -> list[dict[str, Any]]:
    quality, published = parts.warehouse.read(DATA_QUALITY), parts.warehouse.read(FORECASTS)
    rows = []
    for market in parts.catalog.markets.values():
        mine = quality[(quality["market"] == market.id) & quality["critical"]]
        score = mine.loc[mine["date"] == mine["date"].max(), "quality_score"].min() if len(mine) else None
        issued = published.loc[published["market"] == market.id, "as_of"]
        champions = {h: parts.models.production(market.id, h) for h in market.horizons}
        rows.append(
            {
                "market": market.id,
                "quality": None if score is None else round(float(score), 3),
                "last_forecast": f"{issued.max():%Y-%m-%d %H:%M} UTC" if len(issued) else None,
                "champions": {str(h): pointer.version if pointer else "last price" for h, pointer in champions.items()},
            }
        )
    return rows


def table(title: str, rows: list[dict[str, Any]]) -> Table:
    """Rows as a table for people, with a column for each name."""
    shown = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        shown.add_column(name.replace("_", " "))
    for row in rows:
        shown.add_row(*(_cell(value) for value in row.values()))
    return shown


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key} d: {item}" if key.isdigit() else f"{key}: {item}" for key, item in value.items())
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
