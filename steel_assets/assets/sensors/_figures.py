"""Every recorded figure that a threshold is about, read from where the platform keeps it."""

from datetime import datetime, timedelta

from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Reading
from steel_assets.core.alerts.figures import cost_readings, error_readings, increase_readings, service_readings
from steel_assets.core.service_use import FOLDER, parse
from steel_assets.core.tables import METRICS_DAILY, PREDICTIONS_VS_REALITY

SERVICE_DAYS = 2


def readings(platform: Platform, now: datetime, service_days: int = SERVICE_DAYS) -> list[Reading]:
    """All model and cost figures ever, and the service's of the last days.

    Args:
        service_days: days of the service's measurements that are read, today included.
    """
    rules = platform.catalog.rules
    metrics = platform.warehouse.read(METRICS_DAILY)
    realised = platform.warehouse.read(PREDICTIONS_VS_REALITY)
    days = [(now - timedelta(days=back)).strftime("%Y-%m-%d") for back in range(service_days)]
    keys = [key for day in days for key in platform.store.list(f"{FOLDER}/{day}/")]
    minutes = [minute for key in keys for minute in parse(platform.store.get(key))]
    return [
        *error_readings(metrics, rules.acceptance.horizon),
        *increase_readings(realised, rules.acceptance.horizon),
        *cost_readings(metrics, rules.costs.monthly_budget_usd),
        *service_readings(minutes),
    ]
