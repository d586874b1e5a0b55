"""Runs that failed, however they were launched; a later success of the same job ends the incident.

If a run is retried, only the last failure is reported. Dagster decides on a retry a moment after the event and launches it
later still. A failure for which neither is known yet stays unread until the next evaluation, and is reported once too much time
has passed.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.assets.sensors._log import moment_of, news
from steel_assets.assets.shards import WILL_RETRY_TAG, places_of
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.run_failures import by_place

FAILED, SUCCEEDED = dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_SUCCESS
LOGS = {FAILED: "failed runs", SUCCEEDED: "successful runs"}
CHECK_FAILED = "DagsterAssetCheckFailedError"
AD_HOC = "__ASSET_JOB"
LONGEST_TEXT = 400
AUTO_RETRY_RUN_ID_TAG = "dagster/auto_retry_run_id"
"""Dagster's tag of a run that failed and is tried again: by which run."""

DECIDED = timedelta(minutes=1)
"""After this long Dagster has said whether a run is tried again, or its process died before it could."""


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Failed runs become incidents, also those started on the command line; if a run is retried, only the last "
    "failure.",
)
def failed_runs(context: dg.SensorEvaluationContext, outbox: dg.ResourceParam[Outbox]) -> dg.SkipReason:
    return dg.SkipReason(evaluate(context.instance, outbox, datetime.now(UTC)))


def evaluate(instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> str:
    """Read new ends of runs, report their conditions, and say how many there were."""
    policy = outbox.rulebook.policy
    first_look, grace = timedelta(hours=policy.first_look_hours), timedelta(minutes=policy.retry_minutes)
    cursors, count = outbox.alert_state().cursors, 0
    conditions: list[Condition] = []
    read = {}
    for kind, log in LOGS.items():
        found = news(instance, kind, cursors.get(log), now, first_look)
        if found is not None:
            waiting = [event for event in found.events if kind == FAILED and _undecided(instance, event, now, grace)]
            read[log] = found.cursor_without(waiting)
            count += len(found.events) - len(waiting)
            ended = [
                event for event in found.events if event not in waiting and not (kind == FAILED and _answered(instance, event))
            ]
            for event in ended:
                conditions += parts_of(instance, event, outbox, conditions, failed=kind == FAILED)
    if read:
        outbox.report(conditions, now, cursors=read)
    return f"{count} runs ended"


def parts_of(
    instance: dg.DagsterInstance, record: dg.EventLogRecord, outbox: Outbox, before: list[Condition], *, failed: bool
) -> list[Condition]:
    """The conditions of each market and provider for which a run failed, or succeeded again.

    Args:
        before: conditions read just before this run, which are not in the alert state yet.
    """
    whole = condition(instance, record, failed=failed)
    if whole is None:
        return []
    errors = [(step, message) for step, cls, message in _errors(instance, record.run_id) if cls != CHECK_FAILED] if failed else []
    here = {incident.subject for incident in outbox.alert_state().incidents if incident.rule == whole.rule and incident.wrong}
    here |= {condition.subject for condition in before if condition.firing}
    run = instance.get_run_by_id(record.run_id)
    places = places_of(run) if run is not None else None
    if places:  # of the run of some markets: nothing is known of the others
        here &= {whole.subject, *(f"{whole.subject}: {place}" for place in places)}
    found = by_place(whole, errors, sorted(here), outbox.rulebook.subjects)
    if failed and places and [condition.subject for condition in found] == [whole.subject]:  # as a whole: told of its first
        found = [whole.model_copy(update={"subject": f"{whole.subject}: {places[0]}"})]
    return [condition.model_copy(update={"text": condition.text[:LONGEST_TEXT]}) for condition in found]


def condition(instance: dg.DagsterInstance, record: dg.EventLogRecord, *, failed: bool) -> Condition | None:
    """The condition that the end of a run reports; None if it is retried, deleted, or failed only because of a check."""
    run = instance.get_run_by_id(record.run_id)
    if run is None or (failed and _retried(instance, run)):
        return None
    errors = _errors(instance, run.run_id) if failed else []
    if errors and all(cls == CHECK_FAILED for _, cls, _ in errors):
        return None
    text = "; ".join(f"{step}: {message}" for step, _, message in errors) or _message_of(record)
    if failed and run.tags.get(WILL_RETRY_TAG) == "true":
        text = f"Its retry was never launched. {text}"
    return Condition(
        rule="failed_run",
        subject=_job(run),
        firing=failed,
        moment=moment_of(record),
        text=text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…",
        link=f"/runs/{run.run_id}",
    )


def _undecided(instance: dg.DagsterInstance, record: dg.EventLogRecord, now: datetime, grace: timedelta) -> bool:
    """Whether the run may still be retried. A moment far in the future is from before the clock was set back."""
    run = instance.get_run_by_id(record.run_id)
    decision = run.tags.get(WILL_RETRY_TAG) if run is not None else "false"
    if run is None or decision == "false" or _retried(instance, run):
        return False
    if decision is None:
        return instance.run_retries_enabled and abs(now - moment_of(record)) < DECIDED
    return abs(now - moment_of(record)) < grace


def _retried(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a retry of ``run`` was launched; then only the retry's end counts."""
    retry = run.tags.get(AUTO_RETRY_RUN_ID_TAG)
    launched = instance.get_run_by_id(retry) if retry and run.tags.get(WILL_RETRY_TAG) == "true" else None
    return launched is not None and launched.status != dg.DagsterRunStatus.NOT_STARTED


def _answered(instance: dg.DagsterInstance, record: dg.EventLogRecord) -> bool:
    """Whether the same job has succeeded since; a failure that was left unread can be read after that success."""
    run = instance.get_run_by_id(record.run_id)
    if run is None:
        return False
    moment = moment_of(record)
    since = dg.RunsFilter(job_name=run.job_name, statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=moment)
    succeeded = [
        record.dagster_run for record in instance.get_run_records(since) if (record.end_time or 0.0) > moment.timestamp()
    ]
    return any(_job(record) == _job(run) and _covers(record, run) for record in succeeded)


def _covers(later: dg.DagsterRun, run: dg.DagsterRun) -> bool:
    """Whether ``later`` was about every market that ``run`` was about."""
    there, wanted = places_of(later), places_of(run)
    return there is None or (wanted is not None and set(wanted) <= set(there))


def _errors(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str, str]]:
    """Step, class and message of each step that failed; the message is that of the exception raised in the step."""
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


def _message_of(record: dg.EventLogRecord) -> str:
    event = record.event_log_entry.get_dagster_event()
    return event.message or ""
