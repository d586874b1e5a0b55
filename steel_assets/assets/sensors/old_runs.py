"""Deletes old runs, since Dagster purges ticks only, and packs the events of runs that have ended."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.assets.dagster_internals import file_of_events, pack_events, unpacked_runs
from steel_assets.assets.sensors import counted_rows, failed_checks, failed_runs
from steel_assets.assets.sensors._log import news
from steel_assets.assets.sensors.drift_retraining import answer_tags
from steel_assets.catalog import Catalog

LOGS = {
    dg.DagsterEventType.ASSET_CHECK_EVALUATION: failed_checks.LOG,
    dg.DagsterEventType.ASSET_MATERIALIZATION: counted_rows.LOG,
    **failed_runs.LOGS,
}
"""What alerts are read from, and how their place in it is called."""

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
BATCH = 500
STILL = timedelta(hours=1)
"""A run that was not changed for so long is written by nobody any more."""

SECONDS = 30.0
"""Of one tick: a sensor is given sixty. What is left is done by the next one."""


@dg.sensor(
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Deletes runs with their events and logs when they are older than the catalogue keeps them. A run is kept if "
    "alerts have not read it, if it is the answer to an open incident, or if it holds the last materialisation of an asset. "
    "Packs the events of runs that have ended.",
)
def old_runs(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog], outbox: dg.ResourceParam[Outbox]
) -> dg.SkipReason:
    return dg.SkipReason(evaluate(context.instance, catalog, outbox, datetime.now(UTC)))


def evaluate(instance: dg.DagsterInstance, catalog: Catalog, outbox: Outbox, now: datetime) -> str:
    """Delete the runs that are due, oldest first, pack the events of runs that have ended, and say how many they were."""
    days = catalog.rules.retention.run_days
    before = min([now - timedelta(days=days), *_unread(instance, outbox, now)])
    needed = _needed(instance, outbox)
    due = instance.get_runs(dg.RunsFilter(statuses=FINISHED, created_before=before), limit=BATCH, ascending=True)
    deleted, until = 0, time.monotonic() + SECONDS
    for run in due:
        if time.monotonic() > until:
            break
        if run.run_id not in needed:
            _delete(instance, run.run_id)
            deleted += 1
    packed = pack_events(instance, _still(instance, now), lambda: time.monotonic() <= until)
    return f"{deleted} runs from before {before:%Y-%m-%d %H:%M} UTC deleted, the events of {packed} packed"


def _still(instance: dg.DagsterInstance, now: datetime) -> list[str]:
    """Runs with unpacked events that have ended a while ago."""
    runs = unpacked_runs(instance)[:BATCH]
    if not runs:
        return []
    ended = instance.get_runs(dg.RunsFilter(run_ids=runs, statuses=FINISHED, updated_before=now - STILL))
    return [run.run_id for run in ended]


def _unread(instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[datetime]:
    """For each kind of event, the time after which alerts have not read everything."""
    cursors = outbox.alert_state().cursors
    for kind, log in LOGS.items():
        cursor = cursors.get(log)
        if cursor is not None and news(instance, kind, cursor, now, timedelta()) is not None:
            yield cursor.moment


def _needed(instance: dg.DagsterInstance, outbox: Outbox) -> set[str]:
    """Ids of runs with the last materialisation of an asset, or that answered an incident which is still open."""
    last = {record.asset_entry.last_run_id for record in instance.get_asset_records()}
    for incident in outbox.alert_state().open_incidents:
        last |= {run.run_id for run in instance.get_runs(dg.RunsFilter(tags=answer_tags(incident)))}
    return {run for run in last if run is not None}


def _delete(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete a run's events, then the run: after an interruption the run is still there to be deleted again."""
    events = file_of_events(instance, run_id)
    instance.event_log_storage.delete_events(run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    instance.delete_run(run_id)
    if events is not None:
        events.unlink(missing_ok=True)
