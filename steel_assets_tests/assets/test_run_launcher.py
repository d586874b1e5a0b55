"""A run whose process is gone is noticed; one that cannot be judged from here is left alone."""

import json
import logging
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from steel_assets.assets.run_launcher import MACHINE_TAG, WatchfulRunLauncher
from steel_assets_tests.assets.sensors.world import materialise

HERE = {GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": "/tmp/x"})}  # noqa: S108 - never opened
ELSEWHERE = {GRPC_INFO_TAG: json.dumps({"host": "steel-code", "port": 4000})}


@pytest.fixture
def instance(tmp_path: Path, project_root: str) -> Iterator[dg.DagsterInstance]:
    """A store of its own behind the launcher and the monitoring of the shipped instance."""
    told = yaml.safe_load((Path(project_root) / "dagster.yaml").read_text())
    kept = {name: told[name] for name in ("run_launcher", "run_monitoring", "run_retries")}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(kept))
    with dg.DagsterInstance.from_config(str(tmp_path)) as one:
        yield one


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as sleeper:
        yield sleeper
        sleeper.kill()


def started(instance: dg.DagsterInstance, pid: int | None, tags: dict[str, str], at: float | None = None) -> dg.DagsterRun:
    """A run that says it was started by the process ``pid``, at ``at``."""
    run = create_run_for_test(instance, "daily_data_update", status=dg.DagsterRunStatus.STARTING, tags=tags)
    event = DagsterEvent(DagsterEventType.RUN_START.value, job_name=run.job_name, pid=pid)
    instance.report_dagster_event(event, run.run_id, timestamp=at or time.time())
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    return instance.run_launcher.check_run_worker_health(run).status


def test_the_shipped_instance_asks_for_the_health_of_its_runs(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_launcher, WatchfulRunLauncher)
    assert instance.run_launcher.supports_check_run_worker_health
    assert instance.run_monitoring_enabled


@pytest.mark.parametrize("tags", [HERE, {MACHINE_TAG: platform.node()}], ids=["launched here", "of the command line"])
def test_a_run_lives_as_long_as_its_process(
    instance: dg.DagsterInstance, process: subprocess.Popen[bytes], tags: dict[str, str]
) -> None:
    run = started(instance, process.pid, tags)
    assert health(instance, run) == WorkerStatus.RUNNING
    process.kill()
    process.wait()
    assert health(instance, run) == WorkerStatus.NOT_FOUND


def test_a_process_that_inherited_the_number_is_not_the_run(
    instance: dg.DagsterInstance, process: subprocess.Popen[bytes]
) -> None:
    run = started(instance, process.pid, HERE, at=time.time() - 3600)
    assert health(instance, run) == WorkerStatus.NOT_FOUND


@pytest.mark.parametrize("tags", [ELSEWHERE, {}, {MACHINE_TAG: "another"}], ids=["another host", "unknown", "another machine"])
def test_a_run_of_another_machine_is_left_alone(instance: dg.DagsterInstance, tags: dict[str, str]) -> None:
    assert health(instance, started(instance, 2**22 + 1, tags)) == WorkerStatus.RUNNING


def test_a_run_without_a_recorded_process_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert health(instance, started(instance, None, HERE)) == WorkerStatus.RUNNING


def test_run_monitoring_fails_a_dead_run_and_has_it_retried(
    instance: dg.DagsterInstance, process: subprocess.Popen[bytes]
) -> None:
    dead = started(instance, 2**22 + 1, HERE)
    alive = started(instance, process.pid, HERE)
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace:
        assert [*execute_run_monitoring_iteration(workspace, logging.getLogger(__name__))] == [None, None]
    statuses = {run.run_id: run for run in instance.get_runs()}
    assert statuses[dead.run_id].status == dg.DagsterRunStatus.FAILURE
    assert statuses[dead.run_id].tags["dagster/will_retry"] == "true"
    assert statuses[alive.run_id].status == dg.DagsterRunStatus.STARTED


@pytest.mark.parametrize("told", ["raise", "block"], ids=["an asset that raises", "a blocking check that fails"])
def test_bad_data_and_bugs_are_told_at_once_and_not_tried_again(instance: dg.DagsterInstance, told: str) -> None:
    done = materialise(instance, told)
    run = instance.get_run_by_id(done.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert run.tags["dagster/will_retry"] == "false"
