"""Sending what is to be told, over every channel that is set up."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox, Round
from steel_assets.adapters.notifiers import Notifier


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends alerts, reminders and recoveries; what a channel cannot take now waits and is sent later, in order.",
)
def alert_delivery(
    context: dg.SensorEvaluationContext,
    outbox: dg.ResourceParam[Outbox],
    notifiers: dg.ResourceParam[dict[str, Notifier]],
    dagster_link: dg.ResourceParam[str],
) -> dg.SkipReason:
    return dg.SkipReason(evaluate(outbox, notifiers, dagster_link))


def send(outbox: Outbox, notifiers: dict[str, Notifier], dagster_link: str) -> Round:
    """Take up what was acknowledged by link, let reminders fall due, then send what waits."""
    outbox.take_up(datetime.now(UTC))
    outbox.report([], datetime.now(UTC))
    return outbox.deliver(notifiers, lambda: datetime.now(UTC), dagster_link)


def evaluate(outbox: Outbox, notifiers: dict[str, Notifier], dagster_link: str) -> str:
    """Send, and say what came of it."""
    done = send(outbox, notifiers, dagster_link)
    troubles = "".join(f"; {name}: {problem}" for name, problem in done.problems.items())
    return f"{len(done.sent)} notifications sent{troubles}"
