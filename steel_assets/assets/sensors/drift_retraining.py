"""Drift or degradation launches one retraining per episode. It promotes nothing that validation would not."""

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
    description="Incidents whose rule says so launch retraining: once for all that are open, not beside a run, with a cool-down.",
)
def drift_retraining(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog], outbox: dg.ResourceParam[Outbox]
) -> dg.RunRequest | dg.SkipReason:
    return decide(context.instance, catalog, outbox, datetime.now(UTC))


def decide(instance: dg.DagsterInstance, catalog: Catalog, outbox: Outbox, now: datetime) -> dg.RunRequest | dg.SkipReason:
    """The one retraining that is due now, if any."""
    causes = [incident for incident in outbox.alert_state().open_incidents if catalog.alerts[incident.rule].retrains]
    if not causes:
        return dg.SkipReason("no open incident asks for retraining")
    fresh = [incident for incident in causes if not _answered(instance, incident)]
    if not fresh:
        return dg.SkipReason("each open incident has had its retraining")
    if instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=UNFINISHED), limit=1):
        return dg.SkipReason(f"a run of {JOB} is under way")
    cooldown = timedelta(hours=catalog.rules.alerts.retrain_cooldown_hours)
    if _caused_since(instance, now - cooldown):
        return dg.SkipReason(f"the last retraining with a cause is less than {cooldown.total_seconds() / 3600:.0f} h ago")
    answers = {tag: value for incident in fresh for tag, value in answer_tags(incident).items()}
    incidents = "; ".join(f"{incident.rule}: {incident.subject}" for incident in fresh)
    day = day_of(now, catalog.rules.schedules)
    return dg.RunRequest(run_key=f"{JOB}-{fresh[0].id}", partition_key=day, tags={**answers, CAUSE_TAG: incidents})


def answer_tags(incident: Incident) -> dict[str, str]:
    """What the run that answers ``incident`` is tagged with. One run trains every market, so it may answer several."""
    return {f"steel/incident-{incident.id}": "answered"}


def _answered(instance: dg.DagsterInstance, incident: Incident) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(job_name=JOB, tags=answer_tags(incident)), limit=1))


def _caused_since(instance: dg.DagsterInstance, start: datetime) -> bool:
    recent = instance.get_runs(dg.RunsFilter(job_name=JOB, created_after=start), limit=50)
    return any(CAUSE_TAG in run.tags for run in recent)
