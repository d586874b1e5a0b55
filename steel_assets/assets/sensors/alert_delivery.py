"""Sends waiting notifications over every configured channel."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox, Round
from steel_assets.adapters.notifiers import Notifier


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends alerts, reminders and recoveries. If a channel fails, its notifications wait and are sent later, in "
    "order.",
)
def alert_delivery(
    context: dg.SensorEvaluationContext,
    outbox: dg.ResourceParam[Outbox],
    notifiers: dg.ResourceParam[dict[str, Notifier]],
    dagster_link: dg.ResourceParam[str],
) -> dg.SkipReason:
    return dg.SkipReason(evaluate(outbox, notifiers, dagster_link))


def send(outbox: Outbox, notifiers: dict[str, Notifier], dagster_link: str) -> Round:
    """Apply acknowledgements made by link, make reminders due, then send what waits."""
    outbox.take_up(datetime.now(UTC))
    outbox.report([], datetime.now(UTC))
    return outbox.deliver(notifiers, lambda: datetime.now(UTC), dagster_link)


def evaluate(outbox: Outbox, notifiers: dict[str, Notifier], dagster_link: str) -> str:
    """Send what waits, and summarise the result in one sentence."""
    done = send(outbox, notifiers, dagster_link)
    troubles = "".join(f"; {name}: {problem}" for name, problem in done.problems.items())
    return f"{len(done.sent)} notifications sent{troubles}"
