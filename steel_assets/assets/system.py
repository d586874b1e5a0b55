"""Stage 8, metrics: the platform's own measurements: its service, machine, storage and cost."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.machine.usage import use
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.checking import published_tables, result, together
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.forecast import LATENCY_MS
from steel_assets.assets.metadata import BYTES_BILLED, in_warehouse, schema_of, summary
from steel_assets.assets.moment import DAY_TAG, Clock
from steel_assets.catalog.rules import Rules
from steel_assets.core import system_metrics as core
from steel_assets.core.calendars import local_day
from steel_assets.core.costs import day_cost_usd
from steel_assets.core.tables import SYSTEM_METRICS
from steel_assets.operations.recent import costs_lately
from steel_assets.operations.scoring import share_cost
from steel_assets.operations.service_measurements import service_minutes

SCHEMAS = "table_schemas"
KEY = dg.AssetKey("system_metrics")
DAY = pd.Timedelta(days=1)


def system_metrics(here: Installation) -> dg.AssetsDefinition:
    """The asset with the platform's own measurements."""

    @dg.asset(
        key=KEY,
        deps=[key_of(market, "metrics_daily") for market in here.catalog.markets],
        check_specs=[
            dg.AssetCheckSpec(
                SCHEMAS,
                asset=KEY,
                description="Every published table can be read and fits its schema.",
            )
        ],
        metadata=schema_of(SYSTEM_METRICS),
        description="Latency, throughput, availability and errors of the prediction service as it measured them; processors, "
        "memory and disk of this machine; bytes stored; and the estimated cost of the day, of the month so far and projected, "
        "and per forecast. The cost of the day is also written to the daily metrics of the markets.",
        **here.stage("metrics", "duckdb"),
    )
    def measured(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        home: dg.ResourceParam[Path],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        moment = clock.moment(context)
        zone = here.catalog.rules.schedules.tzinfo
        date = local_day(moment, zone)
        used, stored = use(home), lake.store.stored_bytes() + warehouse.stored_bytes()
        share_cost(warehouse, date, cost_usd(context.instance, here.catalog.rules, stored, date))
        rows = core.system_metrics(
            moment,
            date,
            service_minutes(lake.store, moment - DAY, moment),
            {"cpu_share": used.cpu_share, "memory_share": used.memory_share, "disk_share": used.disk_share},
            costs_lately(warehouse, date),
            stored_bytes=stored,
            forecast_ms=_forecast_ms(context.instance, here.catalog.markets),
            worked_share=_worked_share(context.instance, date, zone),
            simulated=here.simulated,
        )
        warehouse.upsert(SYSTEM_METRICS, rows)
        facts = {"unknown": ", ".join(core.unknown(rows)) or "nothing"}
        readable = together(published_tables(here.catalog, lake, warehouse, date))
        return dg.MaterializeResult(
            metadata=summary(rows, **facts, **in_warehouse(warehouse, SYSTEM_METRICS)),
            check_results=[result(here.catalog.rules, KEY, SCHEMAS, readable)],
        )

    return measured


def _forecast_ms(instance: dg.DagsterInstance, markets: Iterable[str]) -> float | None:
    """Mean milliseconds to produce one forecast, as measured by each market's last publication; None before the first."""
    found = []
    for market in markets:
        event = instance.get_latest_materialization_event(key_of(market, "forecasts"))
        measured = event.asset_materialization.metadata.get(LATENCY_MS) if event and event.asset_materialization else None
        found += [measured.value] if isinstance(measured, dg.FloatMetadataValue) and measured.value is not None else []
    return sum(found) / len(found) if found else None


def _worked_share(instance: dg.DagsterInstance, date: pd.Timestamp, zone: ZoneInfo) -> float | None:
    """Time in steps divided by the time of the runs, over the day's finished runs, at most 1; None without finished runs."""
    paid = worked = 0.0
    for record in runs_of(instance, date, zone):
        if record.start_time and record.end_time:
            paid += record.end_time - record.start_time
            stats = instance.get_run_step_stats(record.dagster_run.run_id)
            worked += sum(step.end_time - step.start_time for step in stats if step.start_time and step.end_time)
    return min(worked / paid, 1.0) if paid > 0 else None


PAGE = 100
"""Runs that are read at a time."""


def runs_of(instance: dg.DagsterInstance, date: pd.Timestamp, zone: ZoneInfo) -> Iterator[dg.RunRecord]:
    """The runs of the partition ``date``, and the runs without a partition that were created on that day."""
    page = instance.get_run_records(limit=PAGE)
    while page:
        for record in page:
            day = record.dagster_run.tags.get(DAY_TAG)
            created = local_day(pd.Timestamp(record.create_timestamp).tz_convert("UTC"), zone)
            if (pd.Timestamp(day) if day else created) == date:
                yield record
            elif created < date:
                return
        page = instance.get_run_records(limit=PAGE, cursor=page[-1].dagster_run.run_id)


def cost_usd(instance: dg.DagsterInstance, rules: Rules, stored_bytes: int, date: pd.Timestamp) -> float:
    """Estimated cost in USD of ``date`` so far.

    Args:
        stored_bytes: size of the lake and the warehouse.
    """
    zone, costs = rules.schedules.tzinfo, rules.costs
    seconds, billed = 0.0, 0
    for record in runs_of(instance, date, zone):
        if record.start_time:
            seconds += (record.end_time or pd.Timestamp.now(tz="UTC").timestamp()) - record.start_time
            billed += _bytes_billed(instance, record.dagster_run.run_id)
    return day_cost_usd(
        seconds,
        stored_bytes,
        compute_usd_per_vcpu_hour=costs.compute_usd_per_vcpu_hour,
        storage_usd_per_gib_month=costs.storage_usd_per_gib_month,
        queried_bytes=billed,
        query_usd_per_tib=costs.query_usd_per_tib,
    )


def _bytes_billed(instance: dg.DagsterInstance, run_id: str) -> int:
    """Bytes that the warehouse billed for a run, from its assets' metadata."""
    logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.asset_materialization.metadata.get(BYTES_BILLED) for entry in logs if entry.asset_materialization]
    return sum(value.value or 0 for value in found if isinstance(value, dg.IntMetadataValue))
