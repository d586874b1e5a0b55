"""Ten damages × the files beside the lake: ledgers of calls, counts, caches, notes and the catalogue of one's own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from steel_assets.adapters.cache.cache import LocalCache
from steel_assets.adapters.callers.local_counts import LocalCounts
from steel_assets.adapters.http.quota import BudgetSpent, DamagedLedger, FileLedger, RateLimits
from steel_assets.adapters.machine.clock import ClockRecord
from steel_assets.catalog import CatalogError, load_catalog
from steel_assets.catalog.load import SHIPPED
from steel_assets.serving.refresh import UNREADABLE
from steel_assets.serving.sessions import Sessions
from steel_assets.serving.snapshot import Snapshot
from steel_assets_tests.damages import DAMAGES

NOW = 1_790_000_000.0
THREE = RateLimits(3)


def damage_at(path: Path, damage: str) -> None:
    """Damage a file, and take away what a database keeps beside it."""
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    for part in ("-wal", "-shm"):
        path.with_name(path.name + part).unlink(missing_ok=True)


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "other encoding"])
def test_a_damaged_ledger_of_calls_is_a_day_without_calls_and_then_forgotten(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "provider.json"
    FileLedger(path).book(THREE, NOW)
    damage_at(path, damage)
    damaged = path.read_bytes()
    with pytest.raises(DamagedLedger, match=r"provider\.json"):
        FileLedger(path).book(THREE, NOW)
    assert str(path) in caplog.text
    assert path.with_name("provider.json.damaged").read_bytes() == damaged
    for later in (1.0, 86_000.0):
        with pytest.raises(BudgetSpent, match="are used"):
            FileLedger(path).book(THREE, NOW + later)
    assert len(FileLedger(path).book(THREE, NOW + 86_401)) == 1
    assert caplog.text.count("set aside") == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_of_counts_never_lets_more_through_than_the_limit(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "counts.sqlite"
    LocalCounts(path).take("mill", 3, 10, NOW)
    damage_at(path, damage)
    assert LocalCounts(path).take("mill", 100, 10, NOW).granted <= 10


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE spent SET count = -1000000",
        "UPDATE spent SET count = 'many'",
        "UPDATE spent SET resets_at = 'never'",
        "ALTER TABLE spent RENAME COLUMN count TO other",
        "DROP TABLE spent",
        "DROP TABLE spent; CREATE VIEW spent AS SELECT 1 AS name",
        "DROP TABLE spent; CREATE TABLE spent (name TEXT, count INTEGER, resets_at REAL)",
    ],
)
def test_counts_of_another_shape_are_begun_anew(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "counts.sqlite"
    LocalCounts(path).take("mill", 3, 10, NOW)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(statement)
    assert LocalCounts(path).take("mill", 100, 10, NOW).granted <= 10
    LocalCounts(path).take("other", 4, 10, NOW)
    assert LocalCounts(path).take("other", 4, 5, NOW).granted == 1, "counted for every process again"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_the_cache_costs_its_answers(tmp_path: Path, damage: str) -> None:
    LocalCache(tmp_path).put("external_data", "key", b"answer")
    damage_at(tmp_path / "external_data.sqlite", damage)
    assert LocalCache(tmp_path).get("external_data", "key") in (None, b"answer")
    assert LocalCache(tmp_path).put("external_data", "key", b"newer")
    assert LocalCache(tmp_path).get("external_data", "key") == b"newer"


def test_a_cache_of_another_shape_is_begun_anew(tmp_path: Path) -> None:
    LocalCache(tmp_path).put("external_data", "key", b"answer")
    with closing(sqlite3.connect(tmp_path / "external_data.sqlite")) as database:
        database.executescript("DROP TABLE entry; CREATE TABLE entry (name TEXT)")
    assert LocalCache(tmp_path).get("external_data", "key") is None
    assert LocalCache(tmp_path).put("external_data", "key", b"newer")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_note_of_the_clock_and_damaged_sessions_are_as_if_there_were_none(tmp_path: Path, damage: str) -> None:
    record = ClockRecord(tmp_path / "clock.json")
    record.note()
    damage_at(record.path, damage)
    assert abs(record.jump_seconds()) < 60
    token = Sessions(tmp_path / "sessions.json").begin("ana", NOW)
    damage_at(tmp_path / "sessions.json", damage)
    assert Sessions(tmp_path / "sessions.json").holder(token, NOW) in (None, "ana")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_of_an_earlier_start_is_not_served(damage: str) -> None:
    content = DAMAGES[damage](Snapshot().to_json())
    try:
        Snapshot.from_json(content, NOW)
    except UNREADABLE:
        return
    assert damage == "other encoding", "its content can be read as it is"


SHIPPED_FILES = {
    "markets/own.yaml": "markets/scrap_turkey.yaml",
    "series/own.yaml": "series/steel_equities.yaml",
    "sources/own.yaml": "sources/fred_api.yaml",
    "alerts/own.yaml": "alerts/costs.yaml",
    "rules.yaml": "rules.yaml",
}


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "truncated"])
@pytest.mark.parametrize("name", SHIPPED_FILES)
def test_a_damaged_file_of_the_catalogue_is_named(tmp_path: Path, name: str, damage: str) -> None:
    content = (SHIPPED / SHIPPED_FILES[name]).read_bytes()
    mended = {"wrong type": b"id: [1]\nseries: no list\nalerts: {}\nchecks: 3\n", "duplicate": content + b"\n---\n" + content}
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(mended.get(damage) or DAMAGES[damage](content))
    with pytest.raises(CatalogError, match=Path(name).name):
        load_catalog(tmp_path)


def test_a_catalogue_of_aliases_or_a_folder_called_like_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "series").mkdir()
    (tmp_path / "series" / "bomb.yaml").write_text("a: &a [x, x]\nb: &b [*a, *a]\nseries: [*b, *b]\n")
    with pytest.raises(CatalogError, match=r"bomb\.yaml.*alias"):
        load_catalog(tmp_path)
    (tmp_path / "series" / "bomb.yaml").unlink()
    (tmp_path / "series" / "folder.yaml").mkdir()
    with pytest.raises(CatalogError, match=r"folder\.yaml"):
        load_catalog(tmp_path)
