"""Schedules and sensors that fail, were switched off, or stopped ticking."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.assets.dagster_internals import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickStatus,
    due_before,
)
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.written import local

FAILED, SILENT = "failed_tick", "silent_automation"
PATIENT_INTERVALS = 5
"""Intervals that a sensor may miss before it counts as silent."""


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Schedules and sensors that raise errors, were switched off or stopped ticking become incidents.",
)
def failed_ticks(context: dg.SensorEvaluationContext, outbox: dg.ResourceParam[Outbox]) -> dg.SkipReason:
    repository = context.repository_def
    zones = {schedule.name: schedule.execution_timezone or "UTC" for schedule in repository.schedule_defs} if repository else {}
    names = {*zones, *(sensor.name for sensor in repository.sensor_defs)} if repository else set()
    return dg.SkipReason(evaluate(context.instance, outbox, names, zones, datetime.now(UTC)))


def evaluate(instance: dg.DagsterInstance, outbox: Outbox, names: set[str], zones: dict[str, str], now: datetime) -> str:
    """Report every schedule and sensor called one of ``names``; ``zones`` are the time zones of the schedules."""
    found = conditions(instance, outbox.rulebook, names, zones, now)
    outbox.report(found, now, complete=frozenset({FAILED, SILENT}))
    return f"{len(found) // 2} watched, {sum(condition.firing for condition in found)} failing or silent"


def conditions(
    instance: dg.DagsterInstance, rulebook: Rulebook, names: set[str], zones: dict[str, str], now: datetime
) -> list[Condition]:
    """Two conditions of each schedule and sensor of ``names`` that ever ticked: whether it fails, and whether it is silent."""
    states = [state for state in instance.all_instigator_state() if state.name in names]
    return [condition for state in states for condition in _conditions(instance, state, rulebook, zones, now)]


def _conditions(
    instance: dg.DagsterInstance, state: InstigatorState, rulebook: Rulebook, zones: dict[str, str], now: datetime
) -> Iterator[Condition]:
    kind = "schedules" if state.instigator_type == InstigatorType.SCHEDULE else "sensors"
    link = f"/automation?search={state.name}"
    subject = f"{kind.removesuffix('s')} {state.name}"
    ticks = [tick for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=3) if _ended(tick)]
    failed = bool(ticks) and ticks[0].status == TickStatus.FAILURE
    text = ticks[0].error.message if failed and ticks[0].error else ""
    yield Condition(rule=FAILED, subject=subject, firing=failed, moment=now, text=" ".join(text.split())[:400], link=link)
    why = _silence(state, ticks, zones, rulebook, now)
    yield Condition(rule=SILENT, subject=subject, firing=bool(why), moment=now, text=why, link=link)


def _silence(
    state: InstigatorState, ticks: list[InstigatorTick], zones: dict[str, str], rulebook: Rulebook, now: datetime
) -> str:
    """The reason why a schedule or sensor counts as silent; empty if it does not."""
    grace = timedelta(minutes=rulebook.policy.daemon_silence_minutes)
    if state.status == InstigatorStatus.STOPPED:
        return "It was switched off."
    data = state.instigator_data
    last = max((tick.timestamp for tick in ticks), default=0.0)
    if isinstance(data, SensorInstigatorData):
        begun = max(last, data.last_tick_start_timestamp or 0.0, data.last_sensor_start_timestamp or 0.0)
        allowed = max(grace, timedelta(seconds=PATIENT_INTERVALS * (data.min_interval or 30)))
        late = begun > 0 and now - datetime.fromtimestamp(begun, UTC) > allowed
        return f"Its last tick was at {local(datetime.fromtimestamp(begun, UTC), rulebook)}." if late else ""
    if isinstance(data, ScheduleInstigatorData) and isinstance(data.cron_schedule, str):
        due = next(due_before(now - grace, data.cron_schedule, zones.get(state.name, "UTC")))
        begun = max(last, data.start_timestamp or 0.0, data.last_iteration_timestamp or 0.0)
        return f"It was due at {local(due, rulebook)} and did not tick." if 0 < begun < due.timestamp() else ""
    return ""


def _ended(tick: InstigatorTick) -> bool:
    return tick.status != TickStatus.STARTED
