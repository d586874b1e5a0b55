"""Compacted raw files: the same rows in the same order, whatever dies, is damaged or withdrawn meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest

from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.lake.compacted import COPIES, copy_of
from steel_assets.adapters.lake.copying import copy_lake
from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import Lake, LakeError, collected_at
from steel_assets.adapters.lake.raw_compaction import LEAST, compact
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore
from steel_assets.core.imports import Rewriting
from steel_assets_tests.google.storage_server import StorageServer

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
GROUPS = (("yahoo-finance", "steel_futures"), ("yahoo-finance", "commodity_indices"), ("fred-api", "inflation_data"))
TWO = GROUPS[1:]
LEAST_DAYS = LEAST + 2
"""As few as are compacted, with the two that are not closed: where a process dies at every change, each is tried on all files."""


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return stores(request, tmp_path)("lake")


def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], ObjectStore]:
    """Makes stores by name, of the kind that the test is run for."""
    if request.param == "folder":
        return lambda name: LocalFolder(tmp_path / name)
    server: StorageServer = request.getfixturevalue("storage")
    return lambda name: GcsStore(f"gs://steel-lake/{name}", connect=partial(storage_client, server.url))


def collected(day: pd.Timestamp, series: tuple[str, ...], value: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "series": series,
            "period": (day - pd.Timedelta(days=1)).normalize().tz_localize(None),
            "value": value,
            "published_at": day - pd.Timedelta(hours=10),
            "collected_at": day,
            "source": "yahoo_finance",
            "simulated": True,
        }
    )


def lived(store: ObjectStore, days: int = 12, groups: tuple[tuple[str, str], ...] = GROUPS) -> Lake:
    """A lake with a file a day and group, the newest one of NOW."""
    for key, bytes_ in files_of(days, groups).items():
        store.put(key, bytes_)
    return Lake(store)


@lru_cache
def files_of(days: int, groups: tuple[tuple[str, str], ...]) -> dict[str, bytes]:
    """What a lake writes, made once a process."""
    with TemporaryDirectory(prefix="steel-lived-") as folder:
        lake = Lake(store := LocalFolder(Path(folder)))
        for number, day in enumerate(pd.date_range(end=pd.Timestamp(NOW), periods=days)):
            for source, group in groups:
                lake.append_observations(collected(day, (f"{group}_a", f"{group}_b"), float(number)), source, group)
        return content(store, "")


def compacted_whole(lake: Lake) -> None:
    """Compacted, and what that replaced deleted."""
    compact(lake, NOW)
    compact(lake, LATER)


def content(store: ObjectStore, prefix: str = "raw-data/") -> dict[str, bytes]:
    return {key: store.get(key) for key in store.list(prefix)}


def test_a_compacted_lake_reads_as_it_did_before_row_for_row_and_in_the_same_order(store: ObjectStore) -> None:
    lake = lived(store)
    before, files = lake.observations(), lake.raw_files()
    single = {key: lake.raw(key) for key in files}
    done = compact(lake, NOW)
    assert done.compacted == 10 * len(GROUPS)
    for read in (lake, Lake(store)):
        pd.testing.assert_frame_equal(read.observations(), before)
    assert compact(lake, LATER).deleted == 10 * len(GROUPS)
    assert len(list(store.list("raw-data/"))) == 3 * len(GROUPS)
    for read in (lake, Lake(store)):
        pd.testing.assert_frame_equal(read.observations(), before)
        pd.testing.assert_frame_equal(
            read.observations(["inflation_data_a"]), before[before["series"] == "inflation_data_a"].reset_index(drop=True)
        )
        assert read.raw_files() == read.files() == files
        assert read.raw_files("raw-data/fred-api/") == [key for key in files if "/fred-api/" in key]
        for key, rows in single.items():
            pd.testing.assert_frame_equal(read.raw(key), rows)


def test_nothing_is_deleted_in_the_hour_in_which_others_may_read_by_an_older_listing(store: ObjectStore) -> None:
    lake = lived(store)
    before = set(store.list("raw-data/"))
    compact(lake, NOW)
    assert compact(lake, NOW + timedelta(minutes=59)).deleted == 0
    assert before < set(store.list("raw-data/"))


def test_compacting_again_changes_nothing_until_a_week_of_days_has_closed(store: ObjectStore) -> None:
    lake = lived(store)
    compacted_whole(lake)
    before = content(store)
    assert compact(lake, LATER).compacted == compact(lake, LATER).deleted == 0
    assert content(store) == before
    days = pd.date_range(pd.Timestamp(NOW) + pd.Timedelta(days=1), periods=LEAST)
    for day in days:
        lake.append_observations(collected(day, ("inflation_data_a",), 3.0), "fred-api", "inflation_data")
    rows = lake.observations()
    assert compact(lake, days[-1].to_pydatetime()).compacted == LEAST
    compact(lake, days[-1].to_pydatetime() + timedelta(hours=2))
    assert [collected_at(key) for key in store.list("raw-data/fred-api/")] == [
        *(f"{day:%Y-%m-%dT%H%M%S}" for day in days[-2:]),
        f"{days[-3]:%Y-%m-%dT%H%M%S}",
    ]
    assert len(list(store.list(f"{COPIES}fred-api/"))) == 1
    pd.testing.assert_frame_equal(Lake(store).observations(), rows)


def test_a_file_that_came_late_takes_its_place_in_the_order(store: ObjectStore) -> None:
    lake = lived(store)
    compacted_whole(lake)
    late = collected(pd.Timestamp("2026-11-12T09:30Z"), ("inflation_data_a",), 7.0)
    lake.append_observations(late, "fred-api", "inflation_data")
    before = lake.observations()
    assert before["value"].tolist().index(7.0) < len(before) - 3
    compact(lake, LATER, least=1)
    compact(lake, LATER + timedelta(hours=2))
    pd.testing.assert_frame_equal(Lake(store).observations(), before)


class Dies(Exception):
    """What stands for the end of the process."""


class Dying:
    """A store whose n-th write or deletion ends the process, before or after it happened."""

    def __init__(self, store: ObjectStore, at: int, *, after: bool) -> None:
        self._store, self._at, self._after, self.changes = store, at, after, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put(self, key: str, content: bytes) -> None:
        self._change(lambda: self._store.put(key, content))

    def delete(self, key: str) -> None:
        self._change(lambda: self._store.delete(key))

    def _change(self, change: Callable[[], None]) -> None:
        self.changes += 1
        if self.changes == self._at and not self._after:
            raise Dies
        change()
        if self.changes == self._at:
            raise Dies


def assert_compacted(store: ObjectStore, groups: int = len(GROUPS)) -> None:
    """Nothing lies about: one compacted file a group and its copy, beside the files of the days that are not closed."""
    keys = list(store.list("raw-data/"))
    whole = [key for key in keys if "/compacted/" in key]
    assert len(whole) == groups
    assert len(keys) <= 3 * groups
    assert list(store.list(COPIES)) == [copy_of(key) for key in whole]


def changes_of_a_whole_compaction(store: ObjectStore) -> int:
    counting = Dying(store, -1, after=False)
    lake = Lake(counting)  # type: ignore[arg-type]
    compacted_whole(lake)
    return counting.changes


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("store", ["folder", "bucket"], indirect=True)
def test_whatever_write_or_deletion_a_process_dies_at_nothing_is_lost_and_the_next_goes_on(
    store: ObjectStore, after: bool, tmp_path: Path
) -> None:
    rehearsal = LocalFolder(tmp_path / "rehearsal")
    lived(rehearsal, LEAST_DAYS, TWO)
    whole = changes_of_a_whole_compaction(rehearsal)
    expected = lived(store, LEAST_DAYS, TWO).observations()
    first = content(store)
    for at in range(1, whole + 1, 1 if isinstance(store, LocalFolder) else 3):
        for key in [*store.list("raw-data/"), *store.list(COPIES)]:
            store.delete(key)
        for key, bytes_ in first.items():
            store.put(key, bytes_)
        dying = Dying(store, at, after=after)
        with pytest.raises(Dies):
            compacted_whole(Lake(dying))  # type: ignore[arg-type]
        pd.testing.assert_frame_equal(Lake(store).observations(), expected)
        compact(Lake(store), LATER)
        pd.testing.assert_frame_equal(Lake(store).observations(), expected)
        compact(Lake(store), LATER + timedelta(hours=2))
        pd.testing.assert_frame_equal(Lake(store).observations(), expected)
        assert_compacted(store, len(TWO))


KILLED = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.adapters.lake.raw_compaction import compact
from steel_assets_tests.adapters.test_raw_compaction import LATER, NOW

class Killed(LocalFolder):
    left = 0
    def put(self, key, content):
        super().put(key, content)
        self._one_less()
    def delete(self, key):
        super().delete(key)
        self._one_less()
    def _one_less(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

root, *turns = sys.argv[1:]
for turn in map(int, turns):
    if os.fork() == 0:
        store = Killed(Path(root) / str(turn))
        store.left = turn
        compact(Lake(store), NOW)
        compact(Lake(store), LATER)
        os._exit(1)
    print(os.wait()[1], flush=True)
"""


def test_killed_with_minus_nine_after_any_change_nothing_is_lost(tmp_path: Path) -> None:
    turns = [1, 2, 3, 5, 7, 12, 20, 35]
    for turn in turns:
        lived(LocalFolder(tmp_path / str(turn)))
    expected = Lake(LocalFolder(tmp_path / str(turns[0]))).observations()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), *map(str, turns)], capture_output=True, text=True, timeout=120, check=True
    )
    assert [os.WTERMSIG(int(line)) for line in done.stdout.split()] == [signal.SIGKILL] * len(turns)
    for turn in turns:
        store = LocalFolder(tmp_path / str(turn))
        pd.testing.assert_frame_equal(Lake(store).observations(), expected)
        compact(Lake(store), LATER)
        compact(Lake(store), LATER + timedelta(hours=2))
        pd.testing.assert_frame_equal(Lake(store).observations(), expected)
        assert_compacted(store)


@pytest.mark.parametrize("damage", [b"", b"garbage", None], ids=["empty", "garbage", "cut off"])
def test_a_damaged_compacted_file_is_put_back_from_its_copy_and_told(store: ObjectStore, damage: bytes | None) -> None:
    lake = lived(store)
    expected = lake.observations()
    compacted_whole(lake)
    key = next(iter(store.list("raw-data/fred-api/inflation_data/compacted/")))
    whole = store.get(key)
    store.put(key, whole[:-100] if damage is None else damage)
    for read in (lake, Lake(store)):
        pd.testing.assert_frame_equal(read.observations(), expected)
    assert store.get(key) == whole
    assert [damage.key for damage in lake.damaged.all()] == [key]
    assert lake.damaged.open() == []


def test_with_a_damaged_copy_too_the_group_is_told_of_as_missing(store: ObjectStore) -> None:
    lake = lived(store)
    compacted_whole(lake)
    key = next(iter(store.list("raw-data/fred-api/inflation_data/compacted/")))
    store.put(key, b"garbage")
    store.put(copy_of(key), b"garbage")
    assert set(Lake(store).observations()["source"]) == {"yahoo_finance"}
    assert [damage.key for damage in lake.damaged.open("raw-data/fred-api/inflation_data/")] == [key]


def test_a_damaged_copy_is_written_again_before_anything_is_deleted(store: ObjectStore) -> None:
    lake = lived(store)
    compact(lake, NOW)
    for key in list(store.list(COPIES)):
        store.put(key, b"garbage")
    compact(lake, LATER)
    assert {copy: store.get(copy) for copy in store.list(COPIES)} == {
        copy_of(key): store.get(key) for key in store.list("raw-data/") if "/compacted/" in key
    }


def test_a_raw_file_that_says_something_else_is_never_deleted(store: ObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    lake = lived(store)
    compact(lake, NOW)
    changed, other = lake.raw_files("raw-data/fred-api/")[:2]
    store.put(changed, store.get(other))
    compact(lake, LATER)
    assert changed in set(store.list("raw-data/"))
    assert changed in caplog.text


def test_a_raw_file_damaged_after_it_was_compacted_is_told_and_nothing_is_missing(store: ObjectStore) -> None:
    lake = lived(store)
    expected = lake.observations()
    compact(lake, NOW)
    key = lake.raw_files("raw-data/fred-api/")[0]
    store.put(key, b"garbage")
    compact(lake, LATER)
    pd.testing.assert_frame_equal(Lake(store).observations(), expected)
    assert [damage.key for damage in lake.damaged.all()] == [key]
    assert lake.damaged.open() == []


def test_a_file_whose_damage_was_mended_in_its_place_stays_there(store: ObjectStore) -> None:
    lake = lived(store)
    key = lake.raw_files("raw-data/fred-api/")[0]
    whole = store.get(key)
    store.put(key, b"garbage")
    lake.observations()
    assert [damage.key for damage in lake.damaged.open()] == [key]
    store.put(key, whole)
    compacted_whole(lake)
    assert store.get(key) == whole
    assert lake.damaged.open() == []


def test_a_reader_with_an_older_listing_lists_again(store: ObjectStore) -> None:
    expected = lived(store).observations()

    class Late:
        """A store in which everything is compacted between the first listing and the first read."""

        looked_up = False

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
            listed = list(store.stamped(prefix))
            if not self.looked_up:
                self.looked_up = True
                compacted_whole(Lake(store))
            return iter(listed)

    pd.testing.assert_frame_equal(Lake(Late()).observations(), expected)  # type: ignore[arg-type]


def test_an_import_can_be_withdrawn_and_restored_after_it_was_compacted(store: ObjectStore) -> None:
    lake = lived(store)
    days = pd.date_range(end=pd.Timestamp(NOW) - pd.Timedelta(days=2), periods=LEAST)
    keys = [
        lake.append_observations(collected(day, ("own",), 1.0).assign(source="file_import"), "file-import", "files")
        for day in days
    ]
    expected = lake.observations()
    ledger = ImportLedger(lake)
    imports = list(ledger.imports())
    compacted_whole(lake)
    assert list(ImportLedger(Lake(store)).imports()) == imports
    subject = imports[3]
    told = {"subject": subject, "overridden": (subject,), "series": ("own",), "by": "a test", "reason": "never true"}
    ledger.rewrite(Rewriting(kind="withdrawal", at=LATER, instead={str(keys[3]): None}, **told))
    found = Lake(store).observations()
    withdrawn = (expected["series"] == "own") & (expected["collected_at"] == days[3])
    pd.testing.assert_frame_equal(found, expected[~withdrawn].reset_index(drop=True))
    assert keys[3] not in Lake(store).files()
    compact(lake, LATER + timedelta(days=3), least=1)
    compact(lake, LATER + timedelta(days=4))
    pd.testing.assert_frame_equal(Lake(store).observations(), found)
    restored = {str(keys[3]): ledger.instead(Lake(store).raw(str(keys[3])))}
    ledger.rewrite(Rewriting(kind="restoration", at=LATER + timedelta(days=5), instead=restored, **told))
    key = ["series", "period"]
    pd.testing.assert_frame_equal(
        Lake(store).observations().sort_values(key, ignore_index=True), expected.sort_values(key, ignore_index=True)
    )


def test_what_is_read_in_this_process_is_not_fetched_again_until_it_changes(store: ObjectStore) -> None:
    lived(store)
    fetched: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def get(self, key: str) -> bytes:
            fetched.append(key)
            return store.get(key)

    lake = Lake(Counting())  # type: ignore[arg-type]
    first = lake.observations()
    fetched.clear()
    pd.testing.assert_frame_equal(lake.observations(), first)
    assert fetched == []
    changed, other = lake.raw_files()[:2]
    store.put(changed, store.get(other))
    assert len(lake.observations()) < len(first)
    assert fetched == [changed]


@pytest.mark.parametrize("days", [12, 40])
def test_a_lake_with_more_days_is_read_with_no_more_requests(days: int, tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    compacted_whole(lived(store, days))
    fetched: list[str] = []

    class Counting(LocalFolder):
        def get(self, key: str) -> bytes:
            fetched.append(key)
            return super().get(key)

    assert len(Lake(Counting(tmp_path)).observations()) == days * len(GROUPS) * 2
    assert len(fetched) == 3 * len(GROUPS)


def test_a_copied_lake_reads_the_same_whether_it_was_copied_before_or_after(store: ObjectStore, tmp_path: Path) -> None:
    lake, other = lived(store), LocalFolder(tmp_path / "other")
    expected = lake.observations()
    copy_lake(store, other)
    compact(lake, NOW)
    copy_lake(store, other)
    pd.testing.assert_frame_equal(Lake(other).observations(), expected)
    compact(lake, LATER)
    copy_lake(store, other)
    pd.testing.assert_frame_equal(Lake(other).observations(), expected)
    compact(Lake(other), LATER + timedelta(hours=2))
    pd.testing.assert_frame_equal(Lake(other).observations(), expected)


def test_a_compacted_file_that_was_not_stored_whole_stops_everything(tmp_path: Path) -> None:
    class Lossy(LocalFolder):
        def put(self, key: str, content: bytes) -> None:
            super().put(key, content[: len(content) // 2] if "compacted/" in key or key.startswith(COPIES) else content)

    store = Lossy(tmp_path)
    expected = lived(store).observations()
    with pytest.raises(LakeError, match="nothing was deleted"):
        compact(Lake(store), NOW)
    pd.testing.assert_frame_equal(Lake(LocalFolder(tmp_path)).observations(), expected)
