"""Sending what is to be told, over every channel that is set up."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.adapters.outbox import Round
from steel_assets.bootstrap import Platform


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends alerts, reminders and recoveries; what a channel cannot take now waits and is sent later, in order.",
)
def alert_delivery(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(look(platform))


def send(platform: Platform) -> Round:
    """Take up what was acknowledged by link, let reminders fall due, then send what waits."""
    platform.outbox.take_up(datetime.now(UTC))
    platform.outbox.report([], datetime.now(UTC))
    return platform.outbox.deliver(platform.notifiers, lambda: datetime.now(UTC), platform.settings.dagster_link)


def look(platform: Platform) -> str:
    """Send, and say what came of it."""
    done = send(platform)
    troubles = "".join(f"; {name}: {problem}" for name, problem in done.problems.items())
    return f"{len(done.sent)} letters sent{troubles}"
