"""``steel run``: its exit codes, and that what cannot be done changes nothing."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from steel_assets.adapters.objects.kept_files import FilesReplaced
from steel_assets.adapters.objects.lease import LeaseLost, leased
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStoreError
from steel_assets.assets.runs import RunReport
from steel_assets.assets.whole_life import Life, Process
from steel_assets.cli import run
from steel_assets.cli.main import app
from steel_assets.core.problem import Problem
from steel_assets.operations.instance_state import LEASE, PREFIX
from steel_assets.settings import settings

DAILY = "daily_data_update"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """The command chooses how its process logs; here that is the process of all tests."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalFolder:
    """The lake of an installation in an empty folder, without an instance: ``steel run`` needs none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    return LocalFolder(tmp_path / "home" / "lake")


def test_a_job_that_there_is_not_is_refused_with_the_names_of_all_and_nothing_is_written(lake: LocalFolder) -> None:
    refused = CliRunner().invoke(app, ["run", "daily-data-update"])
    assert isinstance(refused.exception, Problem)  # exit code 2
    for job in (DAILY, "weekly_retraining", "performance_monitoring"):
        assert job in str(refused.exception)
    assert not lake.root.exists()


def test_a_damaged_state_is_named_and_left_as_it_is(lake: LocalFolder) -> None:
    lake.put(f"{PREFIX}current.json", b"{}")
    refused = CliRunner().invoke(app, ["run", DAILY])
    assert isinstance(refused.exception, Problem)
    assert "current.json is damaged" in str(refused.exception)
    assert "--anew" in str(refused.exception)
    assert lake.get(f"{PREFIX}current.json") == b"{}"
    assert [key for key in lake.list("") if not key.startswith(PREFIX)] == []


def test_while_another_one_is_at_work_it_declines_and_says_who_that_is(lake: LocalFolder) -> None:
    with leased(lake, LEASE, {"job": "weekly_retraining", "machine": "there"}, wait_seconds=0):
        declined = CliRunner().invoke(app, ["run", DAILY, "--wait", "0"])
    assert declined.exit_code == 3
    assert "job weekly_retraining, machine there" in declined.output
    assert [key for key in lake.list("") if key != LEASE] == []


@pytest.mark.parametrize("given", [["--wait", "-1"], ["--wait", "soon"], []])
def test_what_is_no_argument_is_refused(lake: LocalFolder, given: list[str]) -> None:
    arguments = ["run", DAILY, *given] if given else ["run"]
    assert CliRunner().invoke(app, arguments).exit_code == 2
    assert not lake.root.exists()


FAILED = RunReport("1234", DAILY, success=False, seconds=1.0, failed_steps={"rebar__forecasts": "no price"})


@pytest.mark.parametrize(
    ("life", "code", "said"),
    [
        (Life(due="today", runs=[RunReport("1234", DAILY, success=True, seconds=1.0)]), 0, "succeeded"),
        (Life(), 0, "nothing was due"),
        (Life(failed_before=True), 1, "--again"),
        (Life(due="today", runs=[FAILED]), 1, "failed in 1.0 s"),
        (Life(broken={"failed_runs": "ValueError: no"}), 1, "failed_runs: ValueError"),
        (Life(unsent={"slack": "no answer"}), 1, "slack: no answer"),
    ],
    ids=["done", "nothing due", "failed before", "failed", "a sensor raised", "nobody told"],
)
def test_the_exit_code_tells_what_was_done(
    lake: LocalFolder, monkeypatch: pytest.MonkeyPatch, life: Life, code: int, said: str
) -> None:
    monkeypatch.setattr(run, "lived", lambda *_, **__: life)
    done = CliRunner().invoke(app, ["run", DAILY])
    assert (done.exit_code, said in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    "error",
    [
        ObjectStoreError("the bucket is away"),
        LeaseLost("lease.json was taken over"),
        FilesReplaced("current.json was replaced by another process"),
        sqlite3.OperationalError("database or disk is full"),
    ],
    ids=["store", "lease", "state", "no problem that anybody foresaw"],
)
def test_what_broke_off_after_it_began_has_a_code_of_its_own_and_gives_the_lease_back(
    lake: LocalFolder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def breaks(*_: object, **__: object) -> Life:
        raise error

    monkeypatch.setenv("STEEL_SOURCES", "files")
    settings.cache_clear()
    monkeypatch.setattr(Process, "live", breaks)
    done = CliRunner().invoke(app, ["run", DAILY])
    assert (done.exit_code, str(error) in done.output) == (4, True), done.output
    assert json.loads(lake.get(LEASE))["free"] is True
