"""Which executor runs the steps is a setting; a worker that dies costs its step and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from pydantic import ValidationError

from steel_assets.assets.executor import GRACE_SECONDS, ExecutorError, celery_arguments, chosen_executor
from steel_assets.bootstrap import platform
from steel_assets.settings import Settings, settings
from steel_assets_tests.google.redis_server import redis_here
from steel_assets_tests.isolation import ROOT, outside

PASSWORD = "of-nobody-else"  # noqa: S105
REDIS = f"redis://:{PASSWORD}@127.0.0.1:1/0"


def executor_of(chosen: Settings) -> dg.ExecutorDefinition:
    return chosen_executor(chosen, platform(chosen).secrets)


@pytest.mark.parametrize(
    ("setting", "name"), [("in_process", "in_process"), ("multiprocess", "multiprocess"), ("celery", "celery"), ("k8s", "k8s")]
)
def test_the_executor_is_the_one_that_the_settings_name(tmp_path: Path, setting: str, name: str) -> None:
    chosen = Settings(home=tmp_path, executor=setting, redis_url=REDIS)  # type: ignore[arg-type]
    assert executor_of(chosen).name.startswith(name)


def test_without_a_setting_steps_run_in_the_process_of_their_run(tmp_path: Path) -> None:
    assert executor_of(Settings(home=tmp_path)) is dg.in_process_executor


def test_many_processes_are_as_many_as_the_machine_grants_also_where_it_counts_none_for_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS has no affinity of processes."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert executor_of(Settings(home=tmp_path, executor="multiprocess")).name == "multiprocess"


def test_another_executor_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ValidationError, match=r"'in_process', 'multiprocess', 'celery' or 'k8s'"):
        Settings(executor="dask")  # type: ignore[arg-type]


def test_celery_without_a_redis_says_which_setting_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match="STEEL_REDIS_URL"):
        executor_of(Settings(home=tmp_path, executor="celery"))


def test_a_step_is_ended_before_it_is_given_to_another_worker(tmp_path: Path) -> None:
    chosen = Settings(home=tmp_path, redis_url=REDIS, step_limit_seconds=600)
    told = celery_arguments(chosen, platform(chosen).secrets)["config_source"]
    assert told["task_time_limit"] == 600 - GRACE_SECONDS
    assert told["task_soft_time_limit"] == 600 - 2 * GRACE_SECONDS
    assert told["broker_transport_options"] == {"visibility_timeout": 600}
    with pytest.raises(ValidationError, match="step_limit_seconds"):
        Settings(step_limit_seconds=GRACE_SECONDS)


def test_a_step_of_a_run_that_is_over_is_not_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry of the run hands it out anew: it would be executed twice at a time."""
    monkeypatch.setenv("STEEL_REDIS_URL", REDIS)
    settings.cache_clear()
    from steel_assets.assets import celery_worker

    @dg.asset
    def nothing() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.get_run_by_id(dg.materialize([nothing], instance=instance).run_id)
        monkeypatch.setattr(celery_worker, "handed_out", lambda packed: (instance, run, "nothing"))
        assert celery_worker.execute_plan({}, {}) == []


def test_a_step_that_is_told_to_end_fails_and_no_other_one_with_it() -> None:
    """Celery raises this in the step before it kills its process, which would end the whole run."""

    @dg.asset
    def slow() -> None:
        raise SoftTimeLimitExceeded

    @dg.asset
    def other() -> None: ...

    done = dg.materialize([slow, other], raise_on_error=False)
    assert [event.step_key for event in done.get_step_failure_events()] == ["slow"]
    assert done.asset_materializations_for_node("other")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Of a run and of a worker, with a Redis of their own."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    (tmp_path / "steps").mkdir()
    with redis_here(PASSWORD) as redis:
        if redis is None:
            pytest.skip("redis-server is not on this machine")
        yield outside() | {
            "CELERY_STEPS": str(tmp_path / "steps"),
            "DAGSTER_HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "STEEL_EXECUTOR": "celery",
            "STEEL_HOME": str(tmp_path / "home"),
            "STEEL_REDIS_URL": redis,
        }


@pytest.mark.slow
def test_a_step_whose_process_is_killed_is_executed_again_and_one_that_loses_each_fails_and_costs_itself(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "steel_assets.assets.celery_worker", "worker", "--concurrency", "1"],
            env=environment,
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
    try:
        command = [
            sys.executable,
            "-m",
            "dagster",
            "job",
            "execute",
            "-m",
            "steel_assets_tests.assets.celery_steps",
            "-j",
            "steps",
        ]
        run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    finally:
        worker.terminate()
        worker.wait(timeout=60)
    said = run.stdout + run.stderr
    assert run.returncode == 1, said[-2000:] + (tmp_path / "worker.log").read_text()[-2000:]
    monkeypatch.chdir(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        [executed] = instance.get_runs()
        failures = instance.all_logs(executed.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert [(failure.step_key, "was lost 3 times" in str(failure.dagster_event)) for failure in failures] == [("doomed", True)]
    executions = {path.name: path.stat().st_size for path in (tmp_path / "steps").iterdir()}
    assert executions == {"before": 1, "fragile": 2, "after": 1, "doomed": 3}
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert (kept, PASSWORD in run.stdout + run.stderr) == ([], False), "the password of the Redis is written nowhere"
