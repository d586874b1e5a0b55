"""The instance between two lives: what is put back is what is taken up, whole or the one before, and damage is named."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.objects.checksummed import checksummed, unseal
from steel_assets.adapters.objects.kept_files import FilesDamaged, FilesReplaced
from steel_assets.adapters.objects.lease import LeaseLost
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStoreError
from steel_assets.bootstrap import Platform, platform
from steel_assets.operations import instance_state
from steel_assets.operations.instance_state import PREFIX, InstanceState
from steel_assets.settings import Settings

NOW = pd.Timestamp("2026-03-18T08:00:00Z")
POINTER = f"{PREFIX}current.json"
PARTS = f"{PREFIX}parts/"


def at(tmp_path: Path, name: str = "home", **more: object) -> Platform:
    """The platform of a machine with a home of its own over the one lake."""
    return platform(Settings(home=tmp_path / name, lake=str(tmp_path / "lake"), **more))


def restored_instance(parts: Platform, folder: Path, *, anew: bool = False) -> InstanceState:
    """What is kept in the lake, on the machine of ``parts``."""
    files = instance_state.kept_files(parts.store, parts.signing_key)
    return instance_state.restored_instance(files, parts.home, folder, anew=anew)


def held() -> None:
    """Nobody else is at work."""


def write(folder: Path, name: str, rows: int) -> None:
    """``rows`` more rows in a database of the instance."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO event VALUES (NULL)", [() for _ in range(rows)])
    database.close()


def count(folder: Path, name: str) -> int:
    with sqlite3.connect(folder / name) as database:
        found = database.execute("SELECT COUNT(*) FROM event").fetchone()[0]
    database.close()
    return int(found)


RUNS, INDEX, SHARD = "history/runs.db", "history/runs/index.db", "history/runs/1234.db"


def first_life(parts: Platform, folder: Path) -> InstanceState:
    """An instance with a run, put into the lake."""
    state = restored_instance(parts, folder)
    assert state.kept is None
    for rows, name in enumerate((RUNS, INDEX, SHARD, "schedules/schedules.db"), start=3):
        write(folder, name, rows)
    state.put_back(NOW, held)
    return state


def parts_of(tmp_path: Path) -> set[str]:
    return set(LocalFolder(tmp_path / "lake").list(PARTS))


def test_what_one_machine_puts_back_another_takes_up(tmp_path: Path) -> None:
    (tmp_path / "home" / "quota").mkdir(parents=True)
    (tmp_path / "home" / "quota" / "alpha_vantage.json").write_text("[1.0]")
    first_life(at(tmp_path), tmp_path / "one")
    found = restored_instance(at(tmp_path, "other"), tmp_path / "two")
    assert {name: count(tmp_path / "two", name) for name in (RUNS, INDEX, SHARD)} == {RUNS: 3, INDEX: 4, SHARD: 5}
    assert (tmp_path / "other" / "quota" / "alpha_vantage.json").read_text() == "[1.0]"
    assert found.kept is not None
    assert found.kept.saved_at == NOW


def test_a_ledger_of_this_machine_is_newer_than_the_one_that_is_kept(tmp_path: Path) -> None:
    (tmp_path / "home" / "quota").mkdir(parents=True)
    ledger = tmp_path / "home" / "quota" / "alpha_vantage.json"
    ledger.write_text("[1.0]")
    first_life(at(tmp_path), tmp_path / "one")
    ledger.write_text("[1.0, 2.0]")
    restored_instance(at(tmp_path), tmp_path / "two")
    assert ledger.read_text() == "[1.0, 2.0]"


def test_what_did_not_change_is_not_sent_again_and_what_nothing_names_goes(tmp_path: Path) -> None:
    parts = at(tmp_path)
    first_life(parts, tmp_path / "one")
    before = parts_of(tmp_path)
    stamps = dict(LocalFolder(tmp_path / "lake").stamped(PARTS))
    for turn in range(3):
        state = restored_instance(parts, tmp_path / f"life-{turn}")
        write(tmp_path / f"life-{turn}", INDEX, 1)
        state.put_back(NOW, held)
        assert len(parts_of(tmp_path) - before) <= 2, "the index in force and the one before it"
        shutil.rmtree(tmp_path / f"life-{turn}")
    kept = {key: stamp for key, stamp in LocalFolder(tmp_path / "lake").stamped(PARTS) if key in stamps}
    assert len(kept) == 3
    assert kept.items() <= stamps.items(), "never written again"


def test_of_two_that_took_up_the_same_the_second_to_put_back_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    first_life(at(tmp_path), tmp_path / "one")
    one, two = (restored_instance(at(tmp_path, name), tmp_path / name) for name in ("a", "b"))
    write(one.folder, RUNS, 10)
    write(two.folder, RUNS, 20)
    one.put_back(NOW, held)
    with pytest.raises(FilesReplaced, match="by another process"):
        two.put_back(NOW, held)
    restored_instance(at(tmp_path), tmp_path / "next")
    assert count(tmp_path / "next", RUNS) == 13


def test_who_lost_the_lease_deletes_nothing_that_the_next_one_has_sent_and_not_named_yet(tmp_path: Path) -> None:
    first_life(at(tmp_path), tmp_path / "one")
    state = restored_instance(at(tmp_path), tmp_path / "slept")
    write(state.folder, RUNS, 10)
    sent, looks = f"{PARTS}{'0' * 64}.z", []

    def taken_over_after_the_first_look() -> None:
        looks.append(1)
        if len(looks) > 1:
            raise LeaseLost("taken over")
        LocalFolder(tmp_path / "lake").put(sent, b"of the one who took over")

    with pytest.raises(LeaseLost):
        state.put_back(NOW, taken_over_after_the_first_look)
    assert sent in parts_of(tmp_path)


def test_who_lost_the_lease_puts_nothing_back(tmp_path: Path) -> None:
    first_life(at(tmp_path), tmp_path / "one")
    state = restored_instance(at(tmp_path), tmp_path / "slept")
    write(state.folder, RUNS, 10)
    before, pointer = parts_of(tmp_path), LocalFolder(tmp_path / "lake").get(POINTER)

    def lost() -> None:
        raise LeaseLost("taken over")

    with pytest.raises(LeaseLost):
        state.put_back(NOW, lost)
    assert (parts_of(tmp_path), LocalFolder(tmp_path / "lake").get(POINTER)) == (before, pointer)


def test_a_store_that_refuses_in_the_middle_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = at(tmp_path)
    first_life(parts, tmp_path / "one")
    state = restored_instance(parts, tmp_path / "two")
    write(state.folder, RUNS, 10)
    whole = LocalFolder.put
    for refused in (PARTS, POINTER):

        def put(store: LocalFolder, key: str, content: bytes, refused: str = refused) -> None:
            if key.startswith(refused):
                raise ObjectStoreError("the disk is full", "full")
            whole(store, key, content)

        with monkeypatch.context() as patch:
            patch.setattr(LocalFolder, "put", put)
            with pytest.raises(ObjectStoreError, match="full"):
                state.put_back(NOW, held)
        restored_instance(parts, tmp_path / f"after-{refused.count('p')}")
        assert count(tmp_path / f"after-{refused.count('p')}", RUNS) == 3
    state.put_back(NOW, held)
    restored_instance(parts, tmp_path / "next")
    assert count(tmp_path / "next", RUNS) == 13


def changed(content: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    document = unseal(content)
    change(document)
    return checksummed(document)


def renamed(document: dict[str, object], name: str) -> None:
    files = document["files"]
    assert isinstance(files, dict)
    files[name] = files.pop(next(iter(files)))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda content: content[:-20],
    "empty": lambda _: b"",
    "zeros": lambda content: bytes(len(content)),
    "another shape": lambda _: checksummed({"files": []}),
    "another release": lambda content: changed(content, lambda one: one.update(format=2)),
    "a name that leads out": lambda content: changed(content, lambda one: renamed(one, "dagster/history/../../evil.db")),
    "a name that belongs nowhere": lambda content: changed(content, lambda one: renamed(one, "elsewhere/evil.db")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_document_is_named_nothing_is_changed_and_a_new_instance_begins_only_when_told(
    tmp_path: Path, damage: str
) -> None:
    parts = at(tmp_path)
    first_life(parts, tmp_path / "one")
    bad = DAMAGES[damage](parts.store.get(POINTER))
    parts.store.put(POINTER, bad)
    before = parts_of(tmp_path)
    with pytest.raises(FilesDamaged, match=r"current\.json|belongs nowhere"):
        restored_instance(parts, tmp_path / "two")
    assert parts.store.get(POINTER) == bad
    assert parts_of(tmp_path) == before
    assert not list(tmp_path.rglob("evil.db"))
    state = restored_instance(parts, tmp_path / "new", anew=True)
    write(state.folder, RUNS, 1)
    state.put_back(NOW, held)
    restored_instance(parts, tmp_path / "next")
    assert count(tmp_path / "next", RUNS) == 1
    aside = [key for key in parts.store.list("damaged/") if not key.endswith(".json")]
    assert [parts.store.get(key) for key in aside] == [bad]


@pytest.mark.parametrize("damage", ["gone", "cut off", "garbage", "another's", "a bomb"])
def test_a_damaged_content_is_named_and_nothing_is_changed(tmp_path: Path, damage: str) -> None:
    parts = at(tmp_path)
    first_life(parts, tmp_path / "one")
    key = f"{PARTS}{json.loads(parts.store.get(POINTER))['files'][f'dagster/{RUNS}']['sha256']}.z"
    content = parts.store.get(key)
    other = next(part for part in parts.store.list(PARTS) if part != key)
    if damage == "gone":
        parts.store.delete(key)
    else:
        bad = {
            "cut off": content[:-10],
            "garbage": b"no zlib",
            "another's": parts.store.get(other),
            "a bomb": zlib.compress(bytes(50_000_000)),
        }
        parts.store.put(key, bad[damage])
    with pytest.raises(FilesDamaged, match=r"parts/"):
        restored_instance(parts, tmp_path / "two")
    assert not (tmp_path / "two" / RUNS).exists()


def test_where_there_is_a_signing_key_what_is_not_signed_with_it_is_refused(tmp_path: Path) -> None:
    first_life(at(tmp_path), tmp_path / "one")
    with pytest.raises(FilesDamaged, match="not signed"):
        restored_instance(at(tmp_path, signing_key=SecretStr("k" * 32)), tmp_path / "two")
