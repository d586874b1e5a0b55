"""Stage 8, metrics: the platform measures itself — its service, its machine, its storage and its cost."""

from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd

from steel_assets.adapters.machine import use
from steel_assets.assets.checking import together
from steel_assets.assets.contracts import contracts
from steel_assets.assets.declare import nature, stage
from steel_assets.assets.forecast import LATENCY_MS, forecasts
from steel_assets.assets.measured import service_minutes
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.metrics import metrics_daily
from steel_assets.assets.moment import moment_of
from steel_assets.assets.spending import runs_of
from steel_assets.bootstrap import Platform
from steel_assets.core import system_metrics as core
from steel_assets.core.calendars import local_day
from steel_assets.core.tables import METRICS_DAILY, SYSTEM_METRICS

CONTRACTS = "table_contracts"
DAY = pd.Timedelta(days=1)


@dg.asset(
    deps=[metrics_daily],
    check_specs=[
        dg.AssetCheckSpec(
            CONTRACTS,
            asset="system_metrics",
            description="What the platform published can be read back and fits the contract of its table.",
        )
    ],
    metadata=schema_of(SYSTEM_METRICS),
    description="Latency, throughput, availability and errors of the service as it measured them, processors, memory and disk of "
    "this machine, what is stored, and the estimated cost: of the day, the month and its projection, a forecast.",
    **stage("metrics", "duckdb"),
)
def system_metrics(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    moment = moment_of(context)
    zone = platform.catalog.rules.schedules.tzinfo
    date = local_day(moment, zone)
    used = use(platform.settings.home)
    rows = core.system_metrics(
        moment,
        date,
        service_minutes(platform, moment - DAY, moment),
        {"cpu_share": used.cpu_share, "memory_share": used.memory_share, "disk_share": used.disk_share},
        platform.warehouse.read(METRICS_DAILY),
        stored_bytes=platform.stored_bytes(),
        forecast_ms=_forecast_ms(context.instance),
        worked_share=_worked_share(context.instance, date, zone),
        simulated=nature() == "simulated",
    )
    platform.warehouse.upsert(SYSTEM_METRICS, rows)
    facts = {"unknown": ", ".join(core.unknown(rows)) or "nothing"}
    return dg.MaterializeResult(
        metadata=summary(rows, **facts, **in_warehouse(platform.warehouse, SYSTEM_METRICS)),
        check_results=[together(CONTRACTS, contracts(platform, date))],
    )


def _forecast_ms(instance: dg.DagsterInstance) -> float | None:
    """Mean time to produce one forecast, as the last publication measured it; None before the first."""
    event = instance.get_latest_materialization_event(forecasts.key)
    if event is None or event.asset_materialization is None:
        return None
    measured = event.asset_materialization.metadata.get(LATENCY_MS)
    return measured.value if isinstance(measured, dg.FloatMetadataValue) else None


def _worked_share(instance: dg.DagsterInstance, date: pd.Timestamp, zone: ZoneInfo) -> float | None:
    """Of the run time of the day's finished runs, the share in which an asset was at work; None without one."""
    paid = worked = 0.0
    for record in runs_of(instance, date, zone):
        if record.start_time and record.end_time:
            paid += record.end_time - record.start_time
            stats = instance.get_run_step_stats(record.dagster_run.run_id)
            worked += sum(step.end_time - step.start_time for step in stats if step.start_time and step.end_time)
    return min(worked / paid, 1.0) if paid > 0 else None
