"""``steel upgrade``: an installation of an older release, said first, backed up, brought to this one once, and back again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.sql import get_alembic_config, run_alembic_downgrade
from sqlalchemy import create_engine
from typer.testing import CliRunner

from steel_assets.adapters.alerts.stored_state import FORMER_KEY, STATE_KEY, read_alert_state
from steel_assets.adapters.lake.snapshots import POINTER
from steel_assets.adapters.objects.checksummed import checksummed, unseal
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.assets.migration import BY_DAY
from steel_assets.cli.main import app
from steel_assets.core.alerts.incidents import Silence
from steel_assets.settings import settings
from steel_assets_tests.serving.sample import publish
from steel_assets_tests.steel import ROOT

MARKET = "rebar_fob_turkey"
SILENCE = Silence(
    id="s1",
    rule="*",
    subject="*",
    start=datetime(2026, 3, 18, tzinfo=UTC),
    until=datetime(2100, 1, 1, tzinfo=UTC),
    reason="maintenance",
)
PARTS = ["Dagster's databases", "tables", "alert state", "assets", "what is served"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of the former release, in a folder that is not to be changed.

    Its markets are partitions of one asset, Dagster's databases are a revision older, a table lacks a column, what is served has
    another format, and the alert state its former name, with a silence in it. Its tables hold two days: each day of a market is
    shown as a partition, an event each, and what is shown of two is shown of sixty.
    """
    folder = tmp_path_factory.mktemp("former")
    shutil.copy(ROOT / "dagster.yaml", folder)
    parts = publish(folder / "home", days=125)
    parts.outbox.silence(SILENCE, SILENCE.start, "tests")
    former = unseal(parts.store.get(STATE_KEY))
    parts.store.put(FORMER_KEY, checksummed({"marks": former.pop("cursors"), **former}))
    parts.store.delete(STATE_KEY)
    parts.store.put(POINTER, checksummed({"format": 0, "version": "of another release"}))
    with inside(folder), dg.DagsterInstance.from_config(str(folder)) as instance:

        @dg.asset(name="market_daily", partitions_def=dg.StaticPartitionsDefinition([MARKET]))
        def market_daily() -> None: ...

        dg.materialize([market_daily], partition_key=MARKET, instance=instance)
    for module, name in ((sqlite_run_storage, "runs.db"), (sqlite_event_log, "runs/index.db")):
        engine = create_engine(f"sqlite:///{folder / '.dagster' / 'history' / name}")
        with engine.connect() as connection:
            run_alembic_downgrade(get_alembic_config(module.__file__), connection, "-1")
            connection.commit()
        engine.dispose()
    with duckdb.connect(str(folder / "home" / "warehouse.duckdb")) as connection:
        for table, day in BY_DAY.values():
            name = f"steel_rebar_predictor.{table.name}"
            newest = f"SELECT DISTINCT {day} FROM {name} ORDER BY 1 DESC LIMIT 2"  # noqa: S608  names are ours
            connection.execute(f"DELETE FROM {name} WHERE {day} NOT IN ({newest})")  # noqa: S608  names are ours
        connection.execute("ALTER TABLE steel_rebar_predictor.forecasts DROP COLUMN model_version")
    return folder


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


@pytest.fixture
def here(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which commands are given."""
    folder = Path(shutil.copytree(template, tmp_path / "here"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("STEEL_HOME", str(folder / "home"))
    settings.cache_clear()
    return folder


def said(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["upgrade", *arguments, "--json"])
    assert done.exit_code == code, f"{done.output} {done.exception}"
    return dict(json.loads(done.output))


def stored(folder: Path) -> dict[str, bytes]:
    """Every file but locks and what reading a database leaves beside it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    kept = (path for path in files if not path.name.endswith(("-wal", "-shm", ".lock", ".tar.gz")))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in kept}


@pytest.mark.slow
def test_what_would_change_is_said_part_by_part_and_nothing_is_changed(here: Path) -> None:
    before = stored(here)
    told = said("--check", code=1)["would_be_changed"]
    assert list(told) == [PARTS[0], PARTS[1], PARTS[2], PARTS[4]]
    assert [entry.partition(":")[0] for entry in told[PARTS[0]]] == ["the database of runs", "the database of events"]
    assert told[PARTS[1]] == ["table forecasts: column model_version is added, empty"]
    assert told[PARTS[2]] == ["alerts/book.json is renamed to alerts/state.json"]
    assert stored(here) == before


@pytest.mark.slow
def test_it_is_upgraded_once_and_its_runs_stay(here: Path) -> None:
    done = said()
    assert list(done["changed"]) == PARTS
    assert done["changed"]["assets"][0].startswith("1 assets are shown")
    assert Path(done["backup"]).exists()
    assert said("--check")["would_be_changed"] == {}
    lake = LocalFolder(here / "home" / "lake")
    assert lake.version(FORMER_KEY) is None
    assert read_alert_state(lake).silences == (SILENCE,)
    again = said()
    assert (again["changed"], again["backup"]) == ({}, None)
    assert len(list(here.glob("*.tar.gz"))) == 1, "where nothing is changed no backup is made"
    with dg.DagsterInstance.from_config(str(here)) as instance:
        assert len(instance.get_runs()) == 1
        assert instance.get_latest_materialization_event(dg.AssetKey([MARKET, "market_daily"])) is not None


@pytest.mark.slow
def test_the_way_back_is_what_it_says(here: Path) -> None:
    before = stored(here)
    path = said("--backup", "before.tar.gz")["backup"]
    restored = CliRunner().invoke(app, ["backup", "restore", path, "--replace"])
    assert restored.exit_code == 0, restored.output
    after = stored(here)
    lake = {name for name in before if name.startswith("home/lake/")}
    assert {name: after[name] for name in lake} == {name: before[name] for name in lake}
    assert list(said("--check", code=1)["would_be_changed"]) == [PARTS[0], PARTS[1], PARTS[2], PARTS[4]]


@pytest.mark.slow
def test_one_that_was_stopped_in_the_middle_is_finished_by_the_next(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("steel_assets.assets.upgrade.publish", full)
        stopped = CliRunner().invoke(app, ["upgrade", "--no-backup"])
        assert isinstance(stopped.exception, OSError)
    assert list(said("--no-backup")["changed"]) == [PARTS[4]]
    assert said("--check")["would_be_changed"] == {}


def test_a_column_of_another_type_is_refused_before_anything_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    (tmp_path / "home").mkdir()
    with duckdb.connect(str(tmp_path / "home" / "warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA steel_rebar_predictor")
        connection.execute("CREATE TABLE steel_rebar_predictor.forecasts (market INTEGER)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    refused = CliRunner().invoke(app, ["upgrade"])
    assert "column market is INTEGER" in str(refused.exception)
    assert not list(tmp_path.glob("*.tar.gz"))


def test_a_folder_without_an_instance_says_so_and_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    refused = CliRunner().invoke(app, ["upgrade"])
    assert "no dagster.yaml in this folder" in f"{refused.output} {refused.exception}"
    assert not (tmp_path / "home").exists()
