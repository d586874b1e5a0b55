"""Figures of the metric tables and of the prediction service against the catalogue's thresholds."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.assets.sensors._figures import readings
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import judge
from steel_assets.core.alerts.figures import newest


@dg.sensor(
    minimum_interval_seconds=600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Model, cost and service figures beyond their thresholds, or unknown, become incidents.",
)
def bad_figures(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(look(platform, datetime.now(UTC)))


def look(platform: Platform, now: datetime) -> str:
    """Report the newest figures of each kind."""
    found = newest(readings(platform, now, lately=True))
    platform.outbox.report(judge(found, platform.catalog.rulebook), now)
    return f"{len(found)} figures read"
