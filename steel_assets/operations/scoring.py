"""Scores a market's published forecasts against actual prices, and computes the daily metrics."""

from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.warehouse.warehouse import Since, Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core import metrics
from steel_assets.core.drift import newest_scores
from steel_assets.core.service_use import summary as service_use
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY
from steel_assets.operations.market_tables import read_daily
from steel_assets.operations.recent import drift_lately, newest_forecasts, scored_lately
from steel_assets.operations.repairs import refill
from steel_assets.operations.service_measurements import service_minutes
from steel_assets.operations.settled import CONTEXT, note_settled, settled_until

DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Scored:
    """The scored forecasts of a market.

    Attributes:
        rows: of tables.PREDICTIONS_VS_REALITY, without those that were settled before.
        refilled: what was done about a damaged warehouse, in words.
    """

    rows: pd.DataFrame
    refilled: str | None


def score(
    catalog: Catalog,
    lake: Lake,
    warehouse: Warehouse,
    published: Publications,
    market: str,
    moment: pd.Timestamp,
    *,
    replayed: bool,
) -> Scored:
    """Every published forecast of ``market`` with the price of its target day, if that was known at ``moment``.

    Old forecasts are not scored again unless a price of their time has changed (``settled``).

    Args:
        replayed: the day is over: rows that were written since, from more data, are kept.

    Raises:
        ObjectNotFound, HistoryError: the market's prices cannot be read.
    """
    refilled = refill(lake, warehouse, published)
    settled = None if replayed or refilled else settled_until(catalog, lake, warehouse, market, moment)
    since = {} if settled is None else {"issued_date": Since(settled - CONTEXT)}
    issued = warehouse.read(FORECASTS, {"market": market, **since})
    if issued.empty:
        return Scored(PREDICTIONS_VS_REALITY.empty(), refilled)
    rows = metrics.predictions_vs_reality(issued, read_daily(catalog, lake, market), moment)
    if settled is not None:
        rows = rows[rows["issued_date"] >= settled]
    there = warehouse.read(PREDICTIONS_VS_REALITY, {"market": market}) if replayed else PREDICTIONS_VS_REALITY.empty()
    warehouse.upsert(PREDICTIONS_VS_REALITY, _without(rows, there, PREDICTIONS_VS_REALITY))
    if not replayed:
        note_settled(catalog, lake, warehouse, market, moment)
    return Scored(rows, refilled)


def measure(
    catalog: Catalog, lake: Lake, warehouse: Warehouse, market: str, date: pd.Timestamp, moment: pd.Timestamp, *, replayed: bool
) -> pd.DataFrame:
    """The daily metrics of ``market`` on ``date``: rows of tables.METRICS_DAILY, with the cost that is stored already.

    Args:
        replayed: the day is over: rows that were measured then are kept.
    """
    published = newest_forecasts(warehouse, market, catalog.markets[market].horizons, moment)
    known = published[published["as_of"] <= moment].sort_values("as_of")
    newest = known.drop_duplicates(["market", "horizon"], keep="last").set_index(["market", "horizon"])
    rows = metrics.metrics_daily(
        date,
        newest["model_version"].to_dict(),
        published,
        scored_lately(warehouse, market, moment),
        simulated=bool(lake.simulated),
        created_at=moment,
        latency_ms=service_use(service_minutes(lake.store, moment - DAY, moment)).avg_latency_ms,
        drift_scores=newest_scores(drift_lately(warehouse, market, date), date),
    )
    there = warehouse.read(METRICS_DAILY, {"market": market, "date": date})
    costs = there.set_index("horizon")["cost_usd"]
    rows = rows.assign(cost_usd=rows["horizon"].map(costs).astype(float))
    warehouse.upsert(METRICS_DAILY, _without(rows, there, METRICS_DAILY) if replayed else rows)
    return rows


def share_cost(warehouse: Warehouse, date: pd.Timestamp, cost_usd: float) -> None:
    """Write the estimated cost of ``date`` into its metrics, in equal shares over the rows of all markets."""
    rows = warehouse.read(METRICS_DAILY, {"date": date})
    if len(rows):
        warehouse.upsert(METRICS_DAILY, rows.assign(cost_usd=cost_usd / len(rows)))


def _without(rows: pd.DataFrame, stored: pd.DataFrame, table: Table) -> pd.DataFrame:
    """``rows`` without those whose key is in ``stored``."""
    key = list(table.key)
    known = pd.MultiIndex.from_frame(stored[key])
    return rows[~pd.MultiIndex.from_frame(rows[key]).isin(known)]
