"""The object store's conformance suite; every implementation passes it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from steel_assets.adapters.object_store import Conflict, LocalFolder, ObjectNotFound, ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return LocalFolder(tmp_path / "lake")


def test_what_was_put_is_got_back(store: ObjectStore) -> None:
    store.put("a/b.bin", b"\x00\xff")
    assert store.get("a/b.bin") == b"\x00\xff"


def test_a_second_put_replaces_the_first(store: ObjectStore) -> None:
    store.put("a", b"one")
    store.put("a", b"two")
    assert store.get("a") == b"two"


@pytest.mark.parametrize("key", ["nothing", "folder/nothing", "a/b/c"])
def test_getting_what_is_not_there_names_the_key(store: ObjectStore, key: str) -> None:
    with pytest.raises(ObjectNotFound, match=key):
        store.get(key)


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../b", "", "a//b", ".hidden", "a\x00b", "a\\b", "a/.", "ä"])
def test_a_key_that_could_leave_the_store_is_refused(store: ObjectStore, key: str) -> None:
    for attempt in (lambda: store.get(key), lambda: store.put(key, b""), lambda: store.delete(key), lambda: store.uri(key)):
        with pytest.raises(ValueError, match="object key"):
            attempt()


def test_list_gives_the_keys_under_a_prefix_in_order_and_nothing_else(store: ObjectStore) -> None:
    for key in ("b/2", "b/1", "b/sub/3", "c/1", "bb/1"):
        store.put(key, b"")
    assert list(store.list("b/")) == ["b/1", "b/2", "b/sub/3"]
    assert list(store.list("b/s")) == ["b/sub/3"]
    assert list(store.list("nowhere/")) == []


def test_deleting_twice_is_no_error(store: ObjectStore) -> None:
    store.put("a", b"")
    store.delete("a")
    store.delete("a")
    with pytest.raises(ObjectNotFound):
        store.get("a")


def test_put_if_writes_only_over_the_version_that_was_read(store: ObjectStore) -> None:
    store.put_if("pointer", b"one", None)
    seen = store.version("pointer")
    store.put_if("pointer", b"two", seen)
    with pytest.raises(Conflict):
        store.put_if("pointer", b"three", seen)
    with pytest.raises(Conflict):
        store.put_if("pointer", b"three", None)
    assert store.get("pointer") == b"two"


def test_of_many_writers_at_once_exactly_one_wins(store: ObjectStore) -> None:
    store.put("pointer", b"start")
    version = store.version("pointer")
    won: list[int] = []
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait()
        try:
            store.put_if("pointer", f"writer {number}".encode(), version)
        except Conflict:
            return
        won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.get("pointer") == f"writer {won[0]}".encode()


def test_a_reader_never_sees_half_a_write(store: ObjectStore) -> None:
    old, new = b"a" * 400_000, b"b" * 400_000
    store.put("big", old)
    stop = threading.Event()

    def rewrite() -> None:
        while not stop.is_set():
            store.put("big", new)
            store.put("big", old)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        assert all(store.get("big") in (old, new) for _ in range(200))
    finally:
        stop.set()
        writer.join()


def test_left_over_temporary_files_are_not_listed(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    store.put("a/b", b"")
    (tmp_path / "a" / ".killed.tmp").write_bytes(b"half")
    assert list(store.list("")) == ["a/b"]
