"""Daemons without a heartbeat. A sensor runs in one daemon and sees only the others; ``steel alerts watch`` sees all."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.assets import dagster_internals
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.written import local

RULE, SUBJECT = "system_downtime", "Dagster daemon"


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A daemon without a recent heartbeat becomes a critical incident.",
)
def lost_daemons(context: dg.SensorEvaluationContext, outbox: dg.ResourceParam[Outbox]) -> dg.SkipReason:
    return dg.SkipReason(evaluate(context.instance, outbox, datetime.now(UTC)))


def evaluate(instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> str:
    """Report the required daemons of this instance that have no heartbeat."""
    daemons = silent(instance, outbox.rulebook, now)
    text = f"Nothing happens that these would start: {', '.join(daemons)}." if daemons else ""
    condition = Condition(rule=RULE, subject=SUBJECT, firing=bool(daemons), moment=now, text=text, link="/deployment/daemons")
    outbox.report([condition], now)
    return f"{len(instance.get_required_daemon_types())} daemons, {len(daemons)} without a heartbeat"


def silent(instance: dg.DagsterInstance, rulebook: Rulebook, now: datetime) -> list[str]:
    """Required daemons of this instance without a heartbeat, each with its last one."""
    grace = 60.0 * rulebook.policy.daemon_silence_minutes
    lost = dagster_internals.lost_daemons(instance, now, grace)
    return [
        f"{kind.lower().removesuffix('_daemon').replace('_', ' ')} "
        + (f"(last heartbeat {local(beat, rulebook)})" if beat else "(never started)")
        for kind, beat in sorted(lost.items())
    ]
