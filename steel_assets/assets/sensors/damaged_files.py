"""Files of the lake that were found damaged, whoever found them: each becomes an incident, once."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Condition

RULE = "file_set_aside"


@dg.sensor(
    minimum_interval_seconds=120,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Files that were found damaged and set aside become incidents, until what they held is there again.",
)
def damaged_files(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(look(platform, datetime.now(UTC)))


def look(platform: Platform, now: datetime) -> str:
    """Report every damage that is open or new."""
    told = {one.key: one.text for one in platform.lake.damaged.news(now)}
    if (warehouse := platform.warehouse.lost()) is not None:
        told["warehouse"] = warehouse
    conditions = [Condition(rule=RULE, subject=name, firing=True, moment=now, text=text) for name, text in told.items()]
    platform.outbox.report(conditions, now, complete=frozenset({RULE}))
    return f"{len(told)} damaged files"
