"""Stage 8, metrics: what was published beside what happened, and the mission's daily figures."""

import dagster as dg
import pandas as pd

from steel_assets.assets.declare import stage
from steel_assets.assets.forecast import LATENCY_MS, forecasts
from steel_assets.assets.metadata import BYTES_BILLED, in_warehouse, schema_of, summary
from steel_assets.assets.moment import AS_OF_TAG, moment_of
from steel_assets.bootstrap import Platform
from steel_assets.core import metrics
from steel_assets.core.calendars import local_day
from steel_assets.core.costs import day_cost_usd
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY


@dg.asset(
    deps=[forecasts],
    metadata=schema_of(PREDICTIONS_VS_REALITY),
    description="Every published forecast whose day has come, beside what happened and the last price of its moment.",
    **stage("metrics", "duckdb"),
)
def predictions_vs_reality(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    published = platform.warehouse.read(FORECASTS)
    prices = [
        platform.lake.read(f"processed-data/daily/{market}.parquet")
        for market in published["market"].unique()
        if market in platform.catalog.markets
    ]
    if not prices:
        return dg.MaterializeResult(metadata={"dagster/row_count": 0, "note": "nothing was published yet"})
    rows = metrics.predictions_vs_reality(published, pd.concat(prices), moment_of(context))
    platform.warehouse.upsert(PREDICTIONS_VS_REALITY, rows)
    return dg.MaterializeResult(metadata=summary(rows, **in_warehouse(platform.warehouse, PREDICTIONS_VS_REALITY)))


@dg.asset(
    deps=[predictions_vs_reality, forecasts],
    metadata=schema_of(METRICS_DAILY),
    description="MAPE, R² and RMSE of published forecasts, coverage, counts, latency and estimated cost, per market and horizon.",
    **stage("metrics", "duckdb"),
)
def metrics_daily(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    moment = moment_of(context)
    date = local_day(moment, platform.catalog.rules.schedules.tzinfo)
    published = platform.warehouse.read(FORECASTS)
    versions = (
        published[published["as_of"] <= moment]
        .sort_values("as_of")
        .drop_duplicates(["market", "horizon"], keep="last")
        .set_index(["market", "horizon"])["model_version"]
        .to_dict()
    )
    latency = _latency_ms(context.instance)
    rows = metrics.metrics_daily(
        date,
        versions,
        published,
        platform.warehouse.read(PREDICTIONS_VS_REALITY),
        simulated=bool(platform.lake.simulated),
        created_at=moment,
        latency_ms=None if latency is None else dict.fromkeys((market for market, _ in versions), latency),
        cost_usd=_cost_usd(context, platform, date),
    )
    platform.warehouse.upsert(METRICS_DAILY, rows)
    return dg.MaterializeResult(metadata=summary(rows, **in_warehouse(platform.warehouse, METRICS_DAILY)))


def _latency_ms(instance: dg.DagsterInstance) -> float | None:
    """Mean time to produce one forecast, as the last publication measured it; None before the first."""
    event = instance.get_latest_materialization_event(forecasts.key)
    if event is None or event.asset_materialization is None:
        return None
    measured = event.asset_materialization.metadata.get(LATENCY_MS)
    return measured.value if isinstance(measured, dg.FloatMetadataValue) else None


def _cost_usd(context: dg.AssetExecutionContext, platform: Platform, date: pd.Timestamp) -> float:
    """Estimated cost of ``date`` so far: the run time of its runs, what the warehouse billed for them, and what is stored."""
    zone, costs = platform.catalog.rules.schedules.tzinfo, platform.catalog.rules.costs
    seconds, billed = 0.0, 0
    for record in context.instance.get_run_records(limit=100):
        moment = pd.Timestamp(record.dagster_run.tags.get(AS_OF_TAG, record.create_timestamp))
        if record.start_time and local_day(moment.tz_convert("UTC"), zone) == date:
            seconds += (record.end_time or pd.Timestamp.now(tz="UTC").timestamp()) - record.start_time
            billed += _bytes_billed(context.instance, record.dagster_run.run_id)
    return day_cost_usd(
        seconds,
        platform.stored_bytes(),
        compute_usd_per_vcpu_hour=costs.compute_usd_per_vcpu_hour,
        storage_usd_per_gib_month=costs.storage_usd_per_gib_month,
        queried_bytes=billed,
        query_usd_per_tib=costs.query_usd_per_tib,
    )


def _bytes_billed(instance: dg.DagsterInstance, run_id: str) -> int:
    """What the warehouse billed for a run, as its assets told."""
    logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.asset_materialization.metadata.get(BYTES_BILLED) for entry in logs if entry.asset_materialization]
    return sum(told.value or 0 for told in found if isinstance(told, dg.IntMetadataValue))
