"""Judges the metric tables and the prediction service by the catalogue's thresholds."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.sensors._figures import readings
from steel_assets.catalog import Catalog
from steel_assets.core.alerts.conditions import judge
from steel_assets.core.alerts.figures import newest


@dg.sensor(
    minimum_interval_seconds=600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Model, cost and service metrics that are beyond their thresholds, or missing, become incidents.",
)
def bad_figures(
    context: dg.SensorEvaluationContext,
    catalog: dg.ResourceParam[Catalog],
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    outbox: dg.ResourceParam[Outbox],
) -> dg.SkipReason:
    return dg.SkipReason(evaluate(catalog, lake, warehouse, outbox, datetime.now(UTC)))


def evaluate(catalog: Catalog, lake: Lake, warehouse: Warehouse, outbox: Outbox, now: datetime) -> str:
    """Report the newest figures of each kind."""
    found = newest(readings(catalog, lake, warehouse, now, lately=True))
    outbox.report(judge(found, outbox.rulebook), now)
    return f"{len(found)} figures read"
