"""Traces of Dagster's runs: which step is running in this process, and finished runs with their steps."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.adapters.machine import traces
from steel_assets.assets.declare import Installation
from steel_assets.assets.shards import ENDED
from steel_assets.settings import Settings

FIRST_LOOK = timedelta(hours=1)
"""How far back the first look goes."""

MOST = 100
"""Runs that one look sends; the rest is the next look's."""


def begin(chosen: Settings) -> bool:
    """Start sending traces from this process if the settings name a collector; whether it started."""
    return traces.begin(chosen.otlp_endpoint, "steel-platform", here)


def here() -> traces.Where | None:
    """The step that this process is executing."""
    try:
        context = dg.OpExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return None
    return traces.Where(context.run_id, context.job_name, context.get_step_execution_context().step.key)


def sensors(installed: Installation) -> list[dg.SensorDefinition]:
    """The sensor that sends finished runs as traces; none where the settings name no collector."""
    if not installed.traced:
        return []

    def run_traces(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor, sent = send(context.instance, context.cursor, datetime.now(UTC))
        return dg.SensorResult(cursor=cursor, skip_reason=dg.SkipReason(f"{sent} runs sent"))

    return [
        dg.SensorDefinition(
            name="run_traces",
            evaluation_fn=run_traces,
            minimum_interval_seconds=30,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Sends runs that ended, with their steps, as traces to the collector of STEEL_OTLP_ENDPOINT.",
        )
    ]


def send(instance: dg.DagsterInstance, cursor: str | None, now: datetime) -> tuple[str, int]:
    """Send the runs that ended since ``cursor``, which is the end time of the newest run sent.

    Returns:
        The cursor to continue from, and how many runs were sent.
    """
    since = datetime.fromtimestamp(float(cursor), UTC) if cursor else now - FIRST_LOOK
    wanted = dg.RunsFilter(statuses=ENDED, updated_after=since)
    records = instance.get_run_records(wanted, limit=MOST, order_by="update_timestamp", ascending=True)
    for record in records:
        run, began = record.dagster_run, record.start_time
        if began is not None and record.end_time is not None:
            success = run.status == dg.DagsterRunStatus.SUCCESS
            traces.record_run(run.run_id, run.job_name, began, record.end_time, _steps(instance, run.run_id), success=success)
    newest = [record.update_timestamp.astimezone(UTC).timestamp() for record in records]
    return str(max([since.timestamp(), *newest])), len(records)


def _steps(instance: dg.DagsterInstance, run_id: str) -> Sequence[traces.Timed]:
    return [
        traces.Timed(step.step_key, step.start_time, step.end_time, str(step.status).endswith("SUCCESS"))
        for step in instance.get_run_step_stats(run_id)
        if step.start_time and step.end_time
    ]
