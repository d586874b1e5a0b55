"""Sends waiting notifications over every configured channel."""

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.notifiers import Notifier
from steel_assets.operations.notifying import notify


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


def evaluate(outbox: Outbox, notifiers: dict[str, Notifier], dagster_link: str) -> str:
    """Send what waits, and summarise the result in one sentence."""
    done = notify(outbox, notifiers, dagster_link)
    troubles = "".join(f"; {name}: {problem}" for name, problem in done.problems.items())
    return f"{len(done.sent)} notifications sent{troubles}"
