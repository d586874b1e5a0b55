"""Files of the lake that any part of the platform found damaged: each is one incident."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.core.alerts.conditions import Condition

RULE = "file_set_aside"


@dg.sensor(
    minimum_interval_seconds=120,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Damaged files, which are moved to quarantine, become incidents that stay open until their content is restored.",
)
def damaged_files(
    context: dg.SensorEvaluationContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    outbox: dg.ResourceParam[Outbox],
) -> dg.SkipReason:
    return dg.SkipReason(evaluate(lake, warehouse, outbox, datetime.now(UTC)))


def evaluate(lake: Lake, warehouse: Warehouse, outbox: Outbox, now: datetime) -> str:
    """Report every damaged file that is new or still open."""
    damages = {damage.key: damage.text for damage in lake.damaged.news(now)}
    if (lost := warehouse.lost()) is not None:
        damages["warehouse"] = lost
    conditions = [Condition(rule=RULE, subject=name, firing=True, moment=now, text=text) for name, text in damages.items()]
    outbox.report(conditions, now, complete=frozenset({RULE}))
    return f"{len(damages)} damaged files"
