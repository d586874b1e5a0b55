"""Runs that failed, however they were launched; a success of the same job ends the incident."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.tags import WILL_RETRY_TAG

from steel_assets.assets.declare import nature
from steel_assets.assets.sensors._log import moment_of, news
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Condition

FAILED, SUCCEEDED = dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_SUCCESS
LOGS = {FAILED: "failed runs", SUCCEEDED: "successful runs"}
CHECK_FAILED = "DagsterAssetCheckFailedError"
AD_HOC = "__ASSET_JOB"
LONGEST_TEXT = 400


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Failed runs become incidents, those of the command line too; of a run that is retried only the last failure.",
)
def failed_runs(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(look(context.instance, platform, datetime.now(UTC)))


def look(instance: dg.DagsterInstance, platform: Platform, now: datetime) -> str:
    """Read on, report, and say how many runs were new."""
    outbox, first_look = platform.outbox, timedelta(hours=platform.catalog.rules.alerts.first_look_hours)
    marks, said = outbox.book().marks, 0
    conditions, read = [], {}
    for kind, log in LOGS.items():
        found = news(instance, kind, marks.get(log), now, first_look)
        if found is not None:
            read[log] = found.mark
            said += len(found.events)
            conditions += [one for event in found.events if (one := condition(instance, event, failed=kind == FAILED))]
    if read:
        outbox.report(conditions, now, marks=read)
    return f"{said} runs ended"


def condition(instance: dg.DagsterInstance, record: dg.EventLogRecord, *, failed: bool) -> Condition | None:
    """What the end of a run means; None when it is retried, deleted, or failed only because a check did (which is told apart)."""
    run = instance.get_run_by_id(record.run_id)
    if run is None or (failed and run.tags.get(WILL_RETRY_TAG) == "true"):
        return None
    errors = _errors(instance, run.run_id) if failed else []
    if errors and all(cls == CHECK_FAILED for _, cls, _ in errors):
        return None
    text = "; ".join(f"{step}: {message}" for step, _, message in errors) or _said(record)
    return Condition(
        rule="failed_run",
        subject=_job(run),
        firing=failed,
        moment=moment_of(record),
        text=text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…",
        link=f"/runs/{run.run_id}",
        simulated=nature() == "simulated",
    )


def _errors(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str, str]]:
    """Step, class and message of each step that failed; the message of what the step itself raised."""
    found = []
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        error = entry.get_dagster_event().step_failure_data.error
        if error is not None:
            cause = error.cause or error
            found.append((entry.step_key or "", str(error.cls_name), " ".join(cause.message.split())))
    return found


def _job(run: dg.DagsterRun) -> str:
    if run.job_name != AD_HOC:
        return run.job_name
    assets = sorted(key.to_user_string() for key in run.asset_selection or ())
    return f"assets {', '.join(assets[:3])}{', …' if len(assets) > 3 else ''}"


def _said(record: dg.EventLogRecord) -> str:
    event = record.event_log_entry.get_dagster_event()
    return event.message or ""
