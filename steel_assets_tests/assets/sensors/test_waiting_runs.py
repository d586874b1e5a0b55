"""A run that waits for its turn too long says so, says what runs meanwhile, and is over when its turn has come."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_run_for_test

from steel_assets.assets.sensors import waiting_runs
from steel_assets.bootstrap import Platform

QUEUED, STARTED = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED


def a_run(instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    """A run as the daemon makes it, which knows where its code is."""
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("steel_assets"), "__repository__").get_job_origin(job)
    return create_run_for_test(instance, job, status=status, remote_job_origin=origin)


def told(parts: Platform) -> list[tuple[str, str, str]]:
    return [(waiting.event.kind, waiting.event.rule, waiting.event.subject) for waiting in parts.outbox.alert_state().queue]


def test_a_run_that_waits_is_told_once_its_time_is_up_and_no_sooner(instance: dg.DagsterInstance, parts: Platform) -> None:
    now = datetime.now(UTC)
    a_run(instance, "weekly_retraining", STARTED)
    waits = a_run(instance, "performance_monitoring", QUEUED)
    a_run(instance, "performance_monitoring", QUEUED)
    waiting_runs.evaluate(instance, parts.outbox, now + timedelta(minutes=59))
    assert told(parts) == []
    for minutes in (61, 62, 90):
        waiting_runs.evaluate(instance, parts.outbox, now + timedelta(minutes=minutes))
    assert told(parts) == [("opened", "waiting_run", "performance_monitoring")]
    event = parts.outbox.alert_state().queue[0].event
    assert "weekly_retraining since" in event.text
    for run in instance.get_runs(dg.RunsFilter(statuses=[QUEUED])):
        instance.delete_run(run.run_id)
    waiting_runs.evaluate(instance, parts.outbox, now + timedelta(minutes=95))
    assert told(parts)[1:] == [("recovered", "waiting_run", "performance_monitoring")]
    assert waits.job_name == "performance_monitoring"


def test_where_nothing_runs_the_daemon_is_asked_after(instance: dg.DagsterInstance, parts: Platform) -> None:
    a_run(instance, "daily_data_update", QUEUED)
    waiting_runs.evaluate(instance, parts.outbox, datetime.now(UTC) + timedelta(hours=2))
    assert "is the daemon alive?" in parts.outbox.alert_state().queue[0].event.text
