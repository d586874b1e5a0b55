"""Processors, memory and disk of the machine that runs the platform."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.machine.usage import use
from steel_assets.core.alerts.conditions import Reading, judge


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Processors, memory or disk of this machine beyond their limits become an incident.",
)
def busy_machine(
    context: dg.SensorEvaluationContext, home: dg.ResourceParam[Path], outbox: dg.ResourceParam[Outbox]
) -> dg.SkipReason:
    return dg.SkipReason(evaluate(home, outbox, datetime.now(UTC)))


def evaluate(home: Path, outbox: Outbox, now: datetime) -> str:
    """Report the current use of processors, memory and disk."""
    used = use(home)
    figures = {"cpu_usage": used.cpu_share, "memory_usage": used.memory_share, "disk_usage": used.disk_share}
    readings = [Reading(metric=metric, subject="this machine", moment=now, value=value) for metric, value in figures.items()]
    outbox.report(judge(readings, outbox.rulebook), now)
    return ", ".join(f"{metric} {'unknown' if value is None else f'{value:.0%}'}" for metric, value in figures.items())
