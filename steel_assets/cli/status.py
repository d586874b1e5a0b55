"""``steel status``: what is green, yellow, red, and why, on one screen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from steel_assets.adapters.aside import Aside
from steel_assets.adapters.model_store import ModelStoreError
from steel_assets.adapters.quota import BudgetSpent
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli import health
from steel_assets.cli.moments import now
from steel_assets.core.drift import newest_scores
from steel_assets.core.health import LIGHTS, Finding, Light, worst
from steel_assets.core.tables import DATA_QUALITY, DRIFT, FORECASTS
from steel_assets.operations.collecting import group_standing, waiting, was_asked

if TYPE_CHECKING:
    from steel_assets.serving.snapshot import Snapshot

SIGNS: dict[Light, str] = {"green": "[green]●[/]", "yellow": "[yellow]▲[/]", "red": "[red]■[/]"}
"""A shape each, for those who cannot tell the colours."""

UNKNOWN = "[dim]○[/]"
"""Nothing is wrong, because nothing is known: no measurement, no assessment."""


def status(
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
    details: Annotated[bool, typer.Option(help="tables of every source and market too")] = False,
) -> None:
    """What is green, yellow or red in this installation, and why. Exit code: 0 green, 1 yellow, 2 red."""
    parts, moment = platform(), now()
    sources = _sources(parts)
    snapshot, use = health.published(parts, moment), health.service_use(parts, moment)
    markets = _markets(parts, snapshot, moment)
    standings = {one["source"]: one["state"] for one in sources if one["state"] and not _not_asked(parts, one["source"])}
    found = [*health.findings(parts, snapshot, moment), *health.sources(standings), *health.dropped(parts)]
    found += health.damaged(parts, snapshot, moment)
    state = worst(one.light for one in found)
    if as_json:
        areas = _areas(found, health.facts(parts, snapshot, use, moment))
        answer = {"state": state, "checked_at": moment.isoformat(), "simulated": parts.lake.simulated, "areas": areas}
        typer.echo(json.dumps(answer | {"sources": sources, "markets": markets}))
    else:
        _print(parts, found, health.facts(parts, snapshot, use, moment), moment)
        for title, rows in (("Sources", sources), ("Markets", markets)) if details else ():
            Console().print(table(title, rows))
    raise typer.Exit(LIGHTS.index(state))


def _areas(found: list[Finding], facts: dict[str, str]) -> list[dict[str, Any]]:
    """Every area with its colour, what is wrong in it, and what else there is to say."""
    return [
        {
            "area": area,
            "state": worst(one.light for one in found if one.area == area),
            "facts": facts[area],
            "why": [{"state": one.light, "text": one.text} for one in found if one.area == area],
        }
        for area in health.AREAS
    ]


def _print(parts: Platform, found: list[Finding], facts: dict[str, str], moment: pd.Timestamp) -> None:
    console = Console(highlight=False)
    if parts.lake.simulated is None:
        console.print("nothing was collected yet: `steel demo` for a simulated market, `steel import` for files of your own")
    else:
        nature = "[bold yellow]SIMULATED DATA[/]" if parts.lake.simulated else "[bold]real data[/]"
        console.print(f"{nature} · {moment:%Y-%m-%d %H:%M} UTC")
    shown = Table(box=None, show_header=False, padding=(0, 1))
    for style in ("", "bold", ""):
        shown.add_column(style=style, overflow="fold")
    for area in _areas(found, facts):
        sign = SIGNS[area["state"]] if area["facts"] or area["why"] else UNKNOWN
        shown.add_row(sign, area["area"], area["facts"] or "nothing was measured")
        for why in area["why"]:
            shown.add_row("", "", f"{SIGNS[why['state']]} {escape(why['text'])}")
    console.print(shown)


def _not_asked(parts: Platform, source: str) -> bool:
    return parts.providers.not_configured(parts.catalog.sources[source]) is not None


def _sources(parts: Platform) -> list[dict[str, Any]]:
    observations = parts.lake.observations()
    newest = observations.groupby("source").agg(
        series=("series", "nunique"), rows=("series", "size"), newest=("period", "max"), collected=("collected_at", "max")
    )
    silent = [one.id for one in parts.catalog.sources.values() if one.id not in newest.index and was_asked(parts.lake, one)]
    newest = newest.reindex([*newest.index, *silent])  # one that never answered anything is told too
    held = waiting(parts.catalog, parts.lake, observations)["source"].value_counts()
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
    return {
        group: str(group_standing(parts.catalog, parts.lake, declared, group, observations, moment)) for group in declared.groups
    }


def calls_used(parts: Platform, source: str) -> str | None:
    """Calls of the last 24 hours out of those a provider allows; None where it does not count them."""
    quota = parts.providers.quotas.get(source)
    if quota is None:
        return None
    try:
        return f"{quota.used()} of {quota.limits.calls_per_day}"
    except BudgetSpent as damaged:
        return str(damaged)


def _markets(parts: Platform, snapshot: Snapshot, moment: pd.Timestamp) -> list[dict[str, Any]]:
    from steel_assets.serving import answers

    quality, published = parts.warehouse.read(DATA_QUALITY), parts.warehouse.read(FORECASTS)
    drift = newest_scores(parts.warehouse.read(DRIFT), pd.Timestamp.max)
    rows = []
    for market in parts.catalog.markets.values():
        mine = quality[(quality["market"] == market.id) & quality["critical"]]
        score = mine.loc[mine["date"] == mine["date"].max(), "quality_score"].min() if len(mine) else None
        issued = published.loc[published["market"] == market.id, "as_of"]
        forecast = snapshot.forecast(market.id)
        age = answers.staleness(snapshot, forecast[0], moment.timestamp()) if forecast else {}
        leaning = answers.leaning(snapshot, forecast[0]) if forecast else []
        champions = {str(h): _champion(parts, market.id, h) for h in market.horizons}
        rows.append(
            {
                "market": market.id,
                "quality": None if score is None else round(float(score), 3),
                "last_forecast": f"{issued.max():%Y-%m-%d %H:%M} UTC" if len(issued) else None,
                **answers.age_in_short(age),
                "aged_drivers": {one["series"]: one["newest_period"] for one in leaning},
                "drift": None if pd.isna(drift.get(market.id)) else round(drift[market.id], 3),
                "champions": champions,
            }
        )
    return rows


def _champion(parts: Platform, market: str, horizon: int) -> str:
    """The version in force; the last price before the first, and where what says it is damaged."""
    try:
        pointer = parts.models.mended(market, horizon)
    except ModelStoreError as error:
        return f"last price: {error}"
    return pointer.version if pointer else "last price"


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
