"""Drift or degradation launches one retraining per incident. The new candidates are validated and promoted as always."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.assets.jobs import day_of
from steel_assets.catalog import Catalog
from steel_assets.core.alerts.incidents import Incident

JOB = "weekly_retraining"
CAUSE_TAG = "steel/cause"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.sensor(
    job_name=JOB,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Incidents whose rule asks for it launch one retraining for all that are open. It waits for a running "
    "retraining and for the cool-down since the last.",
)
def drift_retraining(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog], outbox: dg.ResourceParam[Outbox]
) -> dg.RunRequest | dg.SkipReason:
    return decide(context.instance, catalog, outbox, datetime.now(UTC))


def decide(instance: dg.DagsterInstance, catalog: Catalog, outbox: Outbox, now: datetime) -> dg.RunRequest | dg.SkipReason:
    """The retraining run that is due now, or the reason why there is none."""
    causes = [incident for incident in outbox.alert_state().open_incidents if catalog.alerts[incident.rule].retrains]
    if not causes:
        return dg.SkipReason("no open incident asks for retraining")
    fresh = [incident for incident in causes if not _answered(instance, incident)]
    if not fresh:
        return dg.SkipReason("every open incident has had its retraining")
    if instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=UNFINISHED), limit=1):
        return dg.SkipReason(f"a run of {JOB} is in progress")
    cooldown = timedelta(hours=catalog.rules.alerts.retrain_cooldown_hours)
    if _caused_since(instance, now - cooldown):
        return dg.SkipReason(f"the last retraining for an incident was less than {cooldown.total_seconds() / 3600:.0f} h ago")
    answers = {tag: value for incident in fresh for tag, value in answer_tags(incident).items()}
    incidents = "; ".join(f"{incident.rule}: {incident.subject}" for incident in fresh)
    day = day_of(now, catalog.rules.schedules)
    return dg.RunRequest(run_key=f"{JOB}-{fresh[0].id}", partition_key=day, tags={**answers, CAUSE_TAG: incidents})


def answer_tags(incident: Incident) -> dict[str, str]:
    """Tags that mark the run as the answer to ``incident``. One run trains every market, so it can answer several incidents."""
    return {f"steel/incident-{incident.id}": "answered"}


def _answered(instance: dg.DagsterInstance, incident: Incident) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(job_name=JOB, tags=answer_tags(incident)), limit=1))


def _caused_since(instance: dg.DagsterInstance, start: datetime) -> bool:
    recent = instance.get_runs(dg.RunsFilter(job_name=JOB, created_after=start), limit=50)
    return any(CAUSE_TAG in run.tags for run in recent)
