"""Reads every recorded figure that an alert rule has a threshold for."""

from datetime import datetime

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.alerts.conditions import Reading
from steel_assets.core.alerts.figures import (
    cost_readings,
    drift_readings,
    error_readings,
    increase_readings,
    service_readings,
)
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import DRIFT, METRICS_DAILY, PREDICTIONS_VS_REALITY
from steel_assets.operations.recent import SCORED_DAYS, newest_rows
from steel_assets.operations.service_measurements import service_minutes

SERVICE_DAYS = 2

MEASURED_DAYS = 70
"""Days that contain the newest three figures of every market that is still measured, and the whole month of each."""


def readings(
    catalog: Catalog, lake: Lake, warehouse: Warehouse, now: datetime, service_days: int = SERVICE_DAYS, *, lately: bool = False
) -> list[Reading]:
    """Model and cost figures of all time, and those of the service of the last ``service_days``.

    Args:
        service_days: days of the service's measurements that are read.
        lately: read only rows that the newest figures depend on; all rows if none is recent.
    """
    rules = catalog.rules
    until = pd.Timestamp(now)

    def rows(table: Table, column: str, days: int) -> pd.DataFrame:
        if not lately:
            return warehouse.read(table)
        since = until.tz_convert("UTC").tz_localize(None).normalize() - pd.Timedelta(days=days)
        return newest_rows(warehouse, table, column, since, lambda rows: len(rows) > 0)

    metrics = rows(METRICS_DAILY, "date", MEASURED_DAYS)
    minutes = service_minutes(lake.store, until - pd.Timedelta(days=service_days), until)
    return [
        *error_readings(metrics, rules.acceptance.horizon),
        *increase_readings(rows(PREDICTIONS_VS_REALITY, "prediction_date", SCORED_DAYS), rules.acceptance.horizon),
        *drift_readings(rows(DRIFT, "date", MEASURED_DAYS)),
        *cost_readings(metrics, rules.costs.monthly_budget_usd),
        *service_readings(minutes, now),
    ]
