"""Daemons without a heartbeat. From inside, one daemon sees the others; ``steel alerts watch`` looks from outside."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Condition

RULE, SUBJECT = "system_downtime", "Dagster daemon"


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A daemon that lost its heartbeat becomes a critical incident.",
)
def lost_daemons(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(look(context.instance, platform, datetime.now(UTC)))


def look(instance: dg.DagsterInstance, platform: Platform, now: datetime) -> str:
    """Report whether every daemon that this instance needs is alive."""
    from dagster._daemon.controller import get_daemon_statuses

    patience = 60.0 * platform.catalog.rules.alerts.daemon_silence_minutes
    statuses = get_daemon_statuses(
        instance,
        instance.get_required_daemon_types(),
        curr_time_seconds=now.timestamp(),
        ignore_errors=True,
        heartbeat_tolerance_seconds=patience,
    )
    silent = {kind: status.last_heartbeat for kind, status in statuses.items() if not status.healthy}
    said = [
        f"{kind.lower().removesuffix('_daemon').replace('_', ' ')} "
        + (f"(last heartbeat {datetime.fromtimestamp(beat.timestamp, UTC):%Y-%m-%d %H:%M} UTC)" if beat else "(never started)")
        for kind, beat in sorted(silent.items())
    ]
    text = f"Nothing happens that these would start: {', '.join(said)}." if silent else ""
    condition = Condition(rule=RULE, subject=SUBJECT, firing=bool(silent), moment=now, text=text, link="/deployment/daemons")
    platform.outbox.report([condition], now)
    return f"{len(statuses)} daemons, {len(silent)} without a heartbeat"
