"""The event log of one machine: fewer openings of files, nothing said twice, and Dagster's own storage reads it."""

import json
import lzma
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from typer.testing import CliRunner

from steel_assets.assets.dagster_storage import EventLog, Migrations, SqliteStorage
from steel_assets.assets.event_text import COLUMNS, SPARED, expanded
from steel_assets.assets.packed_run import write_plain
from steel_assets.cli.main import app
from steel_assets.operations.dagster_files import OUR_STORAGE, instance_files

KEY = dg.AssetKey("prices")
RUN = "00000000-0000-0000-0000-000000000001"
WRITTEN = "78bbe23948b32394668949314ab500517c1852"
"""An entry as the first release that compressed stored it."""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    described(tmp_path, {"custom": {**OUR_STORAGE, "config": {"base_dir": str(tmp_path / "kept")}}})
    with dg.DagsterInstance.from_config(str(tmp_path)) as found:
        yield found


def described(folder: Path, storage: dict[str, Any]) -> None:
    (folder / "dagster.yaml").write_text(yaml.safe_dump({"telemetry": {"enabled": False}, "storage": storage}))


def test_who_opens_an_instance_while_another_one_makes_it_waits_until_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a health check does beside a daemon's first start, or the UI; both would write a revision, of which there may be one."""
    original = sqlite_run_storage.stamp_alembic_rev
    others: list[threading.Thread] = []
    waiting: list[bool] = []

    def stamped_late(*words: Any, **named: Any) -> None:
        if not others:
            others.append(threading.Thread(target=SqliteStorage, args=(str(tmp_path),)))
            others[0].start()
            others[0].join(timeout=1)
            waiting.append(others[0].is_alive())
        original(*words, **named)

    monkeypatch.setattr(sqlite_run_storage, "stamp_alembic_rev", stamped_late)
    SqliteStorage(str(tmp_path))
    others[0].join()
    assert waiting == [True]
    with closing(sqlite3.connect(tmp_path / "history" / "runs.db")) as database:
        assert len(database.execute("SELECT * FROM alembic_version").fetchall()) == 1


def run(instance: dg.DagsterInstance, body: Any = lambda: None) -> bool:
    @dg.asset(key=KEY, check_specs=[dg.AssetCheckSpec("whole", asset=KEY)])
    def prices() -> dg.MaterializeResult:
        body()
        return dg.MaterializeResult(metadata={"rows": 3}, check_results=[dg.AssetCheckResult(passed=True, check_name="whole")])

    job = dg.Definitions(assets=[prices], jobs=[dg.define_asset_job("all", "*")]).resolve_job_def("all")
    return job.execute_in_process(instance=instance, run_id=RUN, raise_on_error=False).success


def test_dagsters_migrations_are_read_once_in_a_process_for_all_databases_and_runs(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = ScriptDirectory._load_revisions
    monkeypatch.setattr(Migrations, "known", {})
    monkeypatch.setattr(ScriptDirectory, "_load_revisions", lambda found: read.append(found.dir) or original(found))
    SqliteStorage(str(tmp_path / "another")).dispose()
    assert run(instance)
    assert len(read) == 1


def logs_beside(folder: Path) -> list[str]:
    return [path.name for path in (folder / "kept" / "history" / "runs").glob("*-wal") if path.stat().st_size]


def types(entries: Any) -> list[str]:
    return [entry.dagster_event.event_type_value for entry in entries]


def stored(folder: Path) -> dict[str, list[Any]]:
    """Every text of an event as it lies in the files, by the column that holds it."""
    found: dict[str, list[Any]] = {}
    for path in sorted((folder / "kept" / "history" / "runs").glob("*.db")):
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
            for table, column in COLUMNS:
                rows = file.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY id")  # noqa: S608  names are ours
                found.setdefault(column, []).extend(text for (text,) in rows)
    return found


def test_every_text_of_an_event_is_stored_compressed(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    assert run(instance)
    kept = stored(tmp_path)
    assert kept.pop("evaluation_event") == [], "it is an event of its own in the same file"
    for texts in kept.values():
        assert texts
        assert all(isinstance(text, bytes) for text in texts)
        assert sum(map(len, texts)) < 0.3 * sum(len(expanded(text)) for text in texts)


def test_what_this_release_has_compressed_is_read_by_every_later_one() -> None:
    written = bytes.fromhex(WRITTEN)
    assert json.loads(expanded(written)) == {"__class__": "EventLogEntry", "message": "Started execution of step"}
    with pytest.raises(zlib.error):
        expanded(written[:-6])


def test_dagsters_own_storage_reads_what_ours_has_written_as_plain_text(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(instance.event_log_storage, EventLog)
    assert run(instance)
    compressed = {column: [expanded(text) for text in texts] for column, texts in stored(tmp_path).items()}
    compressed["evaluation_event"] = [text for text in compressed["event"] if '"AssetCheckEvaluation"' in text][:1]
    done = CliRunner().invoke(app, ["upgrade", "--plain-events", "--json"])
    assert json.loads(done.output) == {"plain_events": sum(map(len, compressed.values()))}
    assert stored(tmp_path) == compressed
    assert write_plain(tmp_path / "kept" / "history") == 0
    described(tmp_path, {"sqlite": {"base_dir": str(tmp_path / "kept")}})
    with dg.DagsterInstance.from_config(str(tmp_path)) as plain:
        assert type(plain.event_log_storage) is SqliteEventLogStorage
        assert types(plain.all_logs(RUN)) == types(instance.all_logs(RUN))
        told = plain.get_latest_materialization_event(KEY)
        assert told is not None
        assert told.asset_materialization is not None
        assert told.asset_materialization.metadata["rows"].value == 3
        assert [entry.message for entry in plain.all_logs(RUN, of_type=dg.DagsterEventType.STEP_START)] == [
            'Started execution of step "prices".'
        ]


def test_what_dagsters_own_storage_has_written_ours_reads(tmp_path: Path) -> None:
    described(tmp_path, {"sqlite": {"base_dir": str(tmp_path / "kept")}})
    with dg.DagsterInstance.from_config(str(tmp_path)) as plain:
        assert run(plain)
        written = types(plain.all_logs(RUN))
    assert all(isinstance(text, str) for texts in stored(tmp_path).values() for text in texts)
    storage = SqliteStorage(str(tmp_path / "kept"))
    assert types(storage.event_log_storage.get_logs_for_run(RUN)) == written


def indices(folder: Path, shard: str = RUN) -> dict[str, str]:
    with closing(sqlite3.connect(folder / "kept" / "history" / "runs" / f"{shard}.db")) as file:
        made = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
        found = {name: sql for name, sql in made if shard != RUN or " ON event_logs " in sql}
        return {name: " ".join(sql.split()) for name, sql in found.items()}


def test_the_file_of_a_run_gets_its_indices_before_dagster_migrates_it(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    assert run(instance)
    assert indices(tmp_path) == {}
    instance.event_log_storage.upgrade()
    assert "idx_events_by_run_id" in indices(tmp_path)
    assert types(instance.all_logs(RUN))[-1] == "PIPELINE_SUCCESS"


def packed(instance: dg.DagsterInstance) -> Path:
    """The file of the run, packed."""
    storage = instance.event_log_storage
    assert isinstance(storage, EventLog)
    assert storage.unpacked() == [RUN]
    before = Path(storage.path_for_shard(RUN)).stat().st_size
    assert storage.pack([RUN], lambda: True) == 1
    assert storage.unpacked() == []
    assert storage.pack([RUN], lambda: True) == 0
    path = Path(storage.path_for_shard(RUN))
    assert path.stat().st_size < 0.5 * before
    return path


def test_a_packed_run_is_read_as_before_and_by_who_has_it_open(instance: dg.DagsterInstance) -> None:
    assert run(instance)
    written = instance.all_logs(RUN)
    other = EventLog(instance.event_log_storage._base_dir)  # type: ignore[attr-defined]
    assert types(other.get_logs_for_run(RUN)) == types(written)
    packed(instance)
    assert list(instance.all_logs(RUN)) == list(written)
    assert list(other.get_logs_for_run(RUN)) == list(written)
    assert [step.step_key for step in instance.get_run_step_stats(RUN)] == ["prices"]
    told = instance.get_latest_materialization_event(KEY)
    assert told is not None
    assert told.run_id == RUN


def test_what_is_written_into_a_packed_run_comes_after_what_was_there(instance: dg.DagsterInstance) -> None:
    assert run(instance)
    written = list(instance.all_logs(RUN))
    packed(instance)
    at = instance.get_run_by_id(RUN)
    assert at is not None
    instance.report_engine_event("the process of the run has exited", at)
    assert list(instance.all_logs(RUN))[:-1] == written
    assert list(instance.all_logs(RUN))[-1].message == "the process of the run has exited"
    packed(instance)
    assert len(instance.all_logs(RUN)) == len(written) + 1


def test_packing_that_is_cut_off_leaves_the_file_as_it_was(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(instance)
    written = list(instance.all_logs(RUN))

    def full(content: bytes) -> bytes:
        raise OSError("no space left on the disk")

    with monkeypatch.context() as patch:
        patch.setattr(lzma, "compress", full)
        with pytest.raises(OSError, match="no space"):
            packed(instance)
    assert list(instance.all_logs(RUN)) == written
    packed(instance)
    assert list(instance.all_logs(RUN)) == written


def test_a_damaged_file_is_named_and_costs_no_other_run(
    tmp_path: Path, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(instance)
    damaged = "00000000-0000-0000-0000-000000000003"
    (tmp_path / "kept" / "history" / "runs" / f"{damaged}.db").write_bytes(b"no database" * 500)
    storage = instance.event_log_storage
    assert isinstance(storage, EventLog)
    assert storage.pack([damaged, RUN], lambda: True) == 1
    assert f"{damaged}.db cannot be packed" in caplog.text


def test_the_way_back_unpacks_what_was_packed(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    assert run(instance)
    written, dagsters = types(instance.all_logs(RUN)), indices(tmp_path, "index")
    packed(instance)
    instance.event_log_storage.upgrade()
    assert "idx_events_by_run_id" in indices(tmp_path)
    packed(instance)
    assert set(indices(tmp_path, "index")).isdisjoint(SPARED)
    assert write_plain(tmp_path / "kept" / "history") > len(written)
    assert indices(tmp_path, "index") == dagsters, "Dagster's own storage finds all its indices"
    described(tmp_path, {"sqlite": {"base_dir": str(tmp_path / "kept")}})
    with dg.DagsterInstance.from_config(str(tmp_path)) as plain:
        assert types(plain.all_logs(RUN)) == written


def test_a_packed_run_is_deleted_and_what_the_index_says_of_its_checks_with_it(instance: dg.DagsterInstance) -> None:
    assert run(instance)
    storage = instance.event_log_storage
    assert isinstance(storage, EventLog)
    later = "00000000-0000-0000-0000-000000000002"
    for event in instance.all_logs(RUN):
        storage.store_event(event._replace(run_id=later))
    packed_runs = storage.pack([RUN, later], lambda: True)
    assert packed_runs == 2

    def checked() -> list[str]:
        records = storage.get_asset_check_execution_history(dg.AssetCheckKey(KEY, "whole"), limit=10)
        return sorted(record.run_id for record in records)

    assert checked() == [RUN, later]
    instance.delete_run(RUN)
    storage.pack([], lambda: True)
    assert checked() == [later]
    storage.delete_events(later)
    storage.pack([], lambda: True)
    assert checked() == [later], "what a check said last stays"
    (last,) = storage.get_asset_check_execution_history(dg.AssetCheckKey(KEY, "whole"), limit=1)
    assert last.evaluation is not None
    assert last.evaluation.passed


@pytest.mark.parametrize("fails", [False, True])
def test_between_runs_no_file_is_held_open(tmp_path: Path, instance: dg.DagsterInstance, *, fails: bool) -> None:
    while_written: list[str] = []

    def body() -> None:
        while_written.extend(logs_beside(tmp_path))
        if fails:
            raise ValueError("no prices")

    assert run(instance, body) is not fails
    assert sorted(while_written) == [f"{RUN}.db-wal", "index.db-wal"]
    assert logs_beside(tmp_path) == []


def test_others_read_each_event_as_soon_as_it_is_written(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    seen: list[str] = []

    def body() -> None:
        address = f"{(tmp_path / 'kept' / 'history' / 'runs' / f'{RUN}.db').as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as other:
            seen.extend(row[0] for row in other.execute("SELECT dagster_event_type FROM event_logs ORDER BY id"))

    assert run(instance, body)
    assert seen[-1] == "STEP_START"
    assert len(seen) == len(set(seen))


def test_an_event_says_nothing_twice(instance: dg.DagsterInstance) -> None:
    assert run(instance)
    for entry in instance.all_logs(RUN):
        assert entry.user_message == ""
        assert entry.message
        assert not entry.dagster_event.logging_tags
    for entry in instance.all_logs(RUN, of_type=dg.DagsterEventType.STEP_OUTPUT):
        assert entry.dagster_event.step_output_data.metadata == {}


def two_steps() -> dg.JobDefinition:
    """The second step fails as long as there is no file ``mended`` in the folder."""

    @dg.asset
    def first() -> None:
        return None

    @dg.asset(deps=[first])
    def second() -> None:
        if not Path("mended").exists():
            raise ValueError("not mended yet")

    defined = dg.Definitions(assets=[first, second], jobs=[dg.define_asset_job("all", "*")], executor=dg.in_process_executor)
    return defined.resolve_job_def("all")


def test_a_run_that_failed_is_tried_again_from_where_it_failed(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = dg.reconstructable(two_steps)
    failed = dg.execute_job(job, instance)
    Path("mended").touch()
    again = dg.execute_job(job, instance, reexecution_options=dg.ReexecutionOptions.from_failure(failed.run_id, instance))
    assert not failed.success
    assert again.success
    assert [event.step_key for event in again.all_events if event.is_step_success] == ["second"]


def test_the_files_of_our_storage_are_found_without_opening_it(tmp_path: Path) -> None:
    described(tmp_path, {"custom": {**OUR_STORAGE, "config": {"base_dir": str(tmp_path / "kept")}}})
    assert instance_files(tmp_path).history == tmp_path / "kept" / "history"
    described(tmp_path, {"custom": {"module": "another", "class": "Storage", "config": {"base_dir": "kept"}}})
    assert instance_files(tmp_path).history is None
