"""The tables of ``steel status``: every source and every market, from the lake and the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import pandas as pd

from steel_assets.adapters.http.quota import BudgetSpent, Quota
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.quarantine import QuarantineStore
from steel_assets.adapters.models.store import ModelStore, ModelStoreError
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.drift import newest_scores
from steel_assets.core.regions import by_region
from steel_assets.core.tables import DATA_QUALITY, DRIFT, FORECASTS
from steel_assets.operations.collecting import group_standing, waiting, was_asked

if TYPE_CHECKING:
    from steel_assets.serving.snapshot import Snapshot


def sources(catalog: Catalog, lake: Lake, quotas: Mapping[str, Quota], at: datetime) -> list[dict[str, Any]]:
    """One row per source that was ever asked: its state, what it sent, and what was quarantined."""
    now = pd.Timestamp(at)
    observations = lake.observations()
    newest = observations.groupby("source").agg(
        series=("series", "nunique"), rows=("series", "size"), newest=("period", "max"), collected=("collected_at", "max")
    )
    silent = [source.id for source in catalog.sources.values() if source.id not in newest.index and was_asked(lake, source)]
    newest = newest.reindex([*newest.index, *silent])  # includes sources that never answered
    held = waiting(catalog, lake, observations)["source"].value_counts()
    moment = max(now, observations["collected_at"].max()) if len(observations) else now
    return [
        {
            "source": str(source),
            "state": _source_status(catalog, lake, str(source), observations, moment),
            "series": 0 if source in silent else int(row["series"]),
            "rows": 0 if source in silent else int(row["rows"]),
            "newest_period": None if source in silent else f"{row['newest']:%Y-%m-%d}",
            "last_new_data": None if source in silent else f"{row['collected']:%Y-%m-%d %H:%M} UTC",
            "age_hours": None if source in silent else round((moment - row["collected"]) / pd.Timedelta(hours=1), 1),
            "quarantined": int(held.get(source, 0)),
            "rejected": len(QuarantineStore(lake.store).rejected(catalog.sources[str(source)].folder)),
            "calls_of_budget": calls_used(quotas, str(source)),
        }
        for source, row in newest.iterrows()
    ]


def _source_status(
    catalog: Catalog, lake: Lake, source: str, observations: pd.DataFrame, moment: pd.Timestamp
) -> dict[str, str] | None:
    """The state of each endpoint group; None for imported files, which have no groups."""
    declared = catalog.sources[source]
    if declared.kind != "api":
        return None
    return {group: str(group_standing(catalog, lake, declared, group, observations, moment)) for group in declared.groups}


def calls_used(quotas: Mapping[str, Quota], source: str) -> str | None:
    """Calls in the last 24 hours out of the provider's quota; None if it has none."""
    quota = quotas.get(source)
    if quota is None:
        return None
    try:
        return f"{quota.used()} of {quota.limits.calls_per_day}"
    except BudgetSpent as damaged:
        return str(damaged)


def markets(
    catalog: Catalog, warehouse: Warehouse, models: ModelStore, snapshot: Snapshot, moment: datetime
) -> list[dict[str, Any]]:
    """One row per market, by region: its data, its newest forecast with its age, its drift, its champions."""
    from steel_assets.serving import response_bodies

    quality, published = warehouse.read(DATA_QUALITY), warehouse.read(FORECASTS)
    drift = newest_scores(warehouse.read(DRIFT), pd.Timestamp.max)
    rows = []
    for market in chain.from_iterable(by_region(catalog.markets.values(), lambda market: market.region).values()):
        mine = quality[(quality["market"] == market.id) & quality["critical"]]
        score = mine.loc[mine["date"] == mine["date"].max(), "quality_score"].min() if len(mine) else None
        issued = published.loc[published["market"] == market.id, "as_of"]
        forecast = snapshot.forecast(market.id)
        age = response_bodies.staleness(snapshot, forecast[0], moment.timestamp()) if forecast else None
        leaning = response_bodies.leaning(snapshot, forecast[0]) if forecast else []
        champions = {str(h): _champion(models, market.id, h) for h in market.horizons}
        rows.append(
            {
                "market": market.id,
                "region": market.region,
                "quality": None if score is None else round(float(score), 3),
                "last_forecast": f"{issued.max():%Y-%m-%d %H:%M} UTC" if len(issued) else None,
                **response_bodies.age_in_short(age),
                "aged_drivers": {driver.series: driver.newest_period for driver in leaning},
                "drift": None if pd.isna(drift.get(market.id)) else round(drift[market.id], 3),
                "champions": champions,
            }
        )
    return rows


def _champion(models: ModelStore, market: str, horizon: int) -> str:
    """The version in force; ``last price`` if there is none, and a note if its pointer is damaged."""
    try:
        pointer = models.mended(market, horizon)
    except ModelStoreError as error:
        return f"last price: {error}"
    return pointer.version if pointer else "last price"
