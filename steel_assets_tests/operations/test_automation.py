"""Whether anything runs by itself is said from Dagster's own files as Dagster says it, or not at all."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickStatus
from dagster._daemon.types import DaemonHeartbeat

from steel_assets.assets.dagster_internals import lost_daemons
from steel_assets.operations.automation import WATCH, running
from steel_assets.operations.dagster_files import instance_files
from steel_assets_tests.assets.sensors.test_states import sensor, ticks
from steel_assets_tests.steel import ROOT

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LIMIT = timedelta(minutes=5)


class Instance:
    """An instance in SQLite, its daemons and its sensors as a test wants them."""

    def __init__(self, folder: Path, dagster: dg.DagsterInstance) -> None:
        self.folder, self.dagster = folder, dagster
        self.states: dict[str, InstigatorState] = {}

    def beat(self, ago: timedelta) -> None:
        for kind in self.dagster.get_required_daemon_types():
            self.dagster.add_daemon_heartbeat(DaemonHeartbeat((NOW - ago).timestamp(), kind, None, None))

    def tick(self, name: str, ago: timedelta, ended: TickStatus, status: InstigatorStatus = InstigatorStatus.RUNNING) -> None:
        if name not in self.states:
            self.states[name] = sensor(self.dagster, name, NOW - timedelta(days=1), status)
        ticks(self.dagster, self.states[name], (NOW - ago, ended))

    def running(self) -> str:
        return running(instance_files(self.folder), NOW, LIMIT)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as found:
        yield Instance(tmp_path, found)


def well(instance: Instance) -> None:
    instance.beat(timedelta(seconds=20))
    instance.tick(WATCH, timedelta(seconds=30), TickStatus.SKIPPED)
    instance.tick("old_files", timedelta(hours=5), TickStatus.SKIPPED)


def test_where_no_daemon_ever_ran_that_is_said_with_and_without_the_files_of_an_instance(
    instance: Instance, tmp_path: Path
) -> None:
    assert instance.running() == "never"
    assert running(instance_files(tmp_path / "nothing"), NOW, LIMIT) == "never"


def test_all_is_well_while_daemons_beat_and_the_watch_ticks(instance: Instance) -> None:
    well(instance)
    assert instance.running() == "well"
    assert lost_daemons(instance.dagster, NOW, LIMIT.total_seconds()) == {}, "as Dagster says it"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda one: one.beat(timedelta(minutes=6)),
        lambda one: one.tick(WATCH, timedelta(seconds=5), TickStatus.FAILURE),
        lambda one: one.tick("old_files", timedelta(hours=1), TickStatus.FAILURE),
        lambda one: one.tick("switched_off", timedelta(hours=1), TickStatus.SKIPPED, InstigatorStatus.STOPPED),
    ],
    ids=["a daemon is silent", "the watch fails", "another sensor fails", "one is switched off"],
)
def test_what_may_be_wrong_is_left_to_dagster(instance: Instance, wrong: Callable[[Instance], None]) -> None:
    well(instance)
    wrong(instance)
    assert instance.running() == "unknown"


def test_a_tick_that_has_only_begun_says_nothing_and_a_watch_that_stopped_ticking_is_doubted(instance: Instance) -> None:
    instance.beat(timedelta(seconds=20))
    instance.tick(WATCH, timedelta(minutes=6), TickStatus.SKIPPED)
    instance.tick(WATCH, timedelta(seconds=5), TickStatus.STARTED)
    assert instance.running() == "unknown"


def test_without_the_watch_nothing_is_known(instance: Instance) -> None:
    instance.beat(timedelta(seconds=20))
    instance.tick("old_files", timedelta(seconds=20), TickStatus.SKIPPED)
    assert instance.running() == "unknown"


def test_files_that_are_none_and_other_storage_are_left_to_dagster(instance: Instance, tmp_path: Path) -> None:
    well(instance)
    with closing(sqlite3.connect(tmp_path / ".dagster/schedules/schedules.db")) as other, other:
        other.execute("ALTER TABLE job_ticks RENAME TO other_ticks")
    assert instance.running() == "unknown"
    (tmp_path / ".dagster/history/runs.db").write_bytes(b"damaged" * 100)
    assert instance.running() == "unknown"
    (tmp_path / "dagster.yaml").write_text("storage: {postgres: {postgres_url: postgresql://nowhere}}\n")
    assert instance.running() == "unknown"
