"""Launches the job ``wrap_up`` after every run that changed something, whether it succeeded or failed."""

import dagster as dg

from steel_assets.assets.jobs import FOLLOWED, WRAP_UP
from steel_assets.assets.shards import ENDED, waits_for

AFTER_TAG = "steel/after"
"""Of a run of ``wrap_up``: the run that it follows."""


@dg.sensor(
    job_name=WRAP_UP,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Launches {WRAP_UP} after the newest run of {', '.join(FOLLOWED)}, also when a market failed in it.",
)
def wrap_up(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    return decide(context.instance)


def decide(instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    """The run of ``wrap_up`` that is due now, or the reason why there is none."""
    ended = [
        record for job in FOLLOWED for record in instance.get_run_records(dg.RunsFilter(job_name=job, statuses=ENDED), limit=1)
    ]
    if not ended:
        return dg.SkipReason("no run has ended yet")
    newest = max(ended, key=lambda record: record.end_time or 0.0).dagster_run
    waits = waits_for(instance, newest)
    if waits is not None:
        return dg.SkipReason(waits)
    if instance.get_runs(dg.RunsFilter(job_name=WRAP_UP, tags={AFTER_TAG: newest.run_id}), limit=1):
        return dg.SkipReason(f"run {newest.run_id} of {newest.job_name} has been wrapped up")
    return dg.RunRequest(run_key=newest.run_id, tags={AFTER_TAG: newest.run_id})
