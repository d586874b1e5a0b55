"""Daemons without a heartbeat. From inside, one daemon sees the others; ``steel alerts watch`` looks from outside."""

from datetime import UTC, datetime

import dagster as dg
from dagster._daemon.controller import get_daemon_statuses

from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Condition

RULE = "system_downtime"


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A daemon that lost its heartbeat becomes a critical incident.",
)
def lost_daemons(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(look(context.instance, platform, datetime.now(UTC)))


def look(instance: dg.DagsterInstance, platform: Platform, now: datetime) -> str:
    """Report every daemon that this instance needs."""
    patience = 60.0 * platform.catalog.rules.alerts.daemon_silence_minutes
    statuses = get_daemon_statuses(
        instance,
        instance.get_required_daemon_types(),
        curr_time_seconds=now.timestamp(),
        ignore_errors=True,
        heartbeat_tolerance_seconds=patience,
    )
    conditions = []
    for kind, status in statuses.items():
        beat = status.last_heartbeat
        said = f"last heartbeat {datetime.fromtimestamp(beat.timestamp, UTC):%Y-%m-%d %H:%M} UTC" if beat else "it never started"
        text = "" if status.healthy else f"Nothing runs that this daemon starts; {said}."
        name = f"Dagster daemon {kind.lower().replace('_', ' ')}"
        conditions.append(
            Condition(rule=RULE, subject=name, firing=not status.healthy, moment=now, text=text, link="/deployment/daemons")
        )
    platform.outbox.report(conditions, now, complete=frozenset({RULE}))
    return f"{len(statuses)} daemons, {sum(one.firing for one in conditions)} without a heartbeat"
