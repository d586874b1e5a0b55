"""Runs that wait in the queue for too long, and the runs that are executed meanwhile."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.assets.shards import PART_TAG
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.written import local

RULE = "waiting_run"
RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
MOST = 100
"""Waiting runs that are looked at."""


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Runs that wait in the queue for too long become incidents, which end when the run starts.",
)
def waiting_runs(context: dg.SensorEvaluationContext, outbox: dg.ResourceParam[Outbox]) -> dg.SkipReason:
    return dg.SkipReason(evaluate(context.instance, outbox, datetime.now(UTC)))


def evaluate(instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> str:
    """Report for each job the run that has waited longest. A part of a tick may wait while another part runs."""
    waiting = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]), limit=MOST, ascending=True)
    longest: dict[str, dg.RunRecord] = {}
    for record in waiting:
        longest.setdefault(record.dagster_run.job_name, record)
    grace = timedelta(minutes=outbox.rulebook.policy.queue_minutes)
    late = [record for record in longest.values() if now - record.create_timestamp.astimezone(UTC) > grace]
    running = instance.get_run_records(dg.RunsFilter(statuses=RUNNING)) if late else []
    at_work = {record.dagster_run.job_name for record in running}
    late = [record for record in late if not (PART_TAG in record.dagster_run.tags and record.dagster_run.job_name in at_work)]
    conditions = [_condition(record, running, outbox.rulebook, now) for record in late]
    outbox.report(conditions, now, complete=frozenset({RULE}))
    return f"{len(waiting)} runs wait, those of {len(late)} jobs for too long"


def _condition(waits: dg.RunRecord, running: Iterable[dg.RunRecord], rulebook: Rulebook, now: datetime) -> Condition:
    jobs = [f"{run.dagster_run.job_name} since {local(_began(run), rulebook)}" for run in running]
    meanwhile = f"Meanwhile runs: {', '.join(jobs)}." if jobs else "Nothing runs meanwhile: is the daemon alive?"
    return Condition(
        rule=RULE,
        subject=waits.dagster_run.job_name,
        firing=True,
        moment=now,
        text=f"It waits since {local(waits.create_timestamp.astimezone(UTC), rulebook)}. {meanwhile}",
        link="/runs",
    )


def _began(run: dg.RunRecord) -> datetime:
    return datetime.fromtimestamp(run.start_time, UTC) if run.start_time else run.create_timestamp.astimezone(UTC)
