"""Every recorded figure that a threshold is about, read from where the platform keeps it."""

from datetime import datetime

import pandas as pd

from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Reading
from steel_assets.core.alerts.figures import (
    cost_readings,
    drift_readings,
    error_readings,
    increase_readings,
    service_readings,
)
from steel_assets.core.tables import DRIFT, METRICS_DAILY, PREDICTIONS_VS_REALITY
from steel_assets.operations.measured import service_minutes

SERVICE_DAYS = 2


def readings(platform: Platform, now: datetime, service_days: int = SERVICE_DAYS) -> list[Reading]:
    """All model and cost figures ever, and the service's of the last days.

    Args:
        service_days: days of the service's measurements that are read.
    """
    rules = platform.catalog.rules
    metrics = platform.warehouse.read(METRICS_DAILY)
    realised = platform.warehouse.read(PREDICTIONS_VS_REALITY)
    until = pd.Timestamp(now)
    minutes = service_minutes(platform.lake, until - pd.Timedelta(days=service_days), until)
    return [
        *error_readings(metrics, rules.acceptance.horizon),
        *increase_readings(realised, rules.acceptance.horizon),
        *drift_readings(platform.warehouse.read(DRIFT)),
        *cost_readings(metrics, rules.costs.monthly_budget_usd),
        *service_readings(minutes, now),
    ]
