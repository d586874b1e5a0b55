"""Everything recorded that an alert rule can judge: figures of the tables, and checks and runs of the event log."""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.sensors import _log, failed_checks, failed_runs
from steel_assets.assets.sensors._figures import readings
from steel_assets.catalog import Catalog
from steel_assets.core.alerts.conditions import Condition, Reading

SERVICE_DAYS = 60


def recorded(
    instance: dg.DagsterInstance, catalog: Catalog, lake: Lake, warehouse: Warehouse, now: datetime
) -> tuple[list[Reading], list[Condition]]:
    """Figures of the tables and conditions of the event log, oldest first."""
    checks = list(_log.every(instance, dg.DagsterEventType.ASSET_CHECK_EVALUATION))
    failed = failed_checks.conditions(checks, catalog.rules)
    return readings(catalog, lake, warehouse, now, SERVICE_DAYS), [*failed, *_runs(instance)]


def _runs(instance: dg.DagsterInstance) -> Iterator[Condition]:
    for kind in failed_runs.LOGS:
        for event in _log.every(instance, kind):
            found = failed_runs.condition(instance, event, failed=kind == failed_runs.FAILED)
            if found is not None:
                yield found
