"""What every object store holds to. An implementation's test class inherits this one and says what ``store`` is."""

from __future__ import annotations

import hashlib
import threading

import pytest

from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore

BAD_KEYS = ["../outside", "/etc/passwd", "a/../../b", "", "a//b", ".hidden", "a\x00b", "a\\b", "a/.", "ä", "a b", "a/"]


class ObjectStoreContract:
    """Inherit as ``Test…`` and define the fixture ``store``: an empty one."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        raise NotImplementedError

    def test_what_was_put_is_got_back(self, store: ObjectStore) -> None:
        store.put("a/b.bin", b"\x00\xff\r\n--\r\n")
        assert store.get("a/b.bin") == b"\x00\xff\r\n--\r\n"

    def test_nothing_is_content_too(self, store: ObjectStore) -> None:
        store.put("empty", b"")
        assert store.get("empty") == b""
        assert store.version("empty") is not None

    def test_twenty_megabytes_arrive_whole(self, store: ObjectStore) -> None:
        content = bytes(range(256)) * 80_000
        store.put("big", content)
        assert store.get("big") == content

    def test_a_second_put_replaces_the_first(self, store: ObjectStore) -> None:
        store.put("a", b"one")
        store.put("a", b"two")
        assert store.get("a") == b"two"

    @pytest.mark.parametrize("key", ["nothing", "folder/nothing", "a/b/c"])
    def test_getting_what_is_not_there_names_the_key(self, store: ObjectStore, key: str) -> None:
        with pytest.raises(ObjectNotFound, match=key):
            store.get(key)
        with pytest.raises(ObjectNotFound, match=key):
            store.checksum(key)
        assert store.version(key) is None

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_a_key_that_could_leave_the_store_is_refused(self, store: ObjectStore, key: str) -> None:
        for attempt in (
            lambda: store.get(key),
            lambda: store.put(key, b""),
            lambda: store.put_if(key, b"", None),
            lambda: store.version(key),
            lambda: store.checksum(key),
            lambda: store.delete(key),
            lambda: store.uri(key),
        ):
            with pytest.raises(ValueError, match="object key"):
                attempt()

    def test_list_gives_the_keys_under_a_prefix_in_order_and_nothing_else(self, store: ObjectStore) -> None:
        for key in ("b/2", "b/1", "b/sub/3", "c/1", "bb/1", "b/10", "b/B"):
            store.put(key, b"")
        assert list(store.list("b/")) == ["b/1", "b/10", "b/2", "b/B", "b/sub/3"]
        assert list(store.list("b/s")) == ["b/sub/3"]
        assert list(store.list("nowhere/")) == []
        assert len(list(store.list(""))) == 7

    def test_a_thousand_and_more_keys_are_all_listed(self, store: ObjectStore) -> None:
        keys = [f"many/{number:05d}" for number in range(1_050)]
        for key in keys:
            store.put(key, b"")
        assert list(store.list("many/")) == keys

    def test_the_stamp_of_a_key_changes_with_every_write_and_with_nothing_else(self, store: ObjectStore) -> None:
        for key in ("b/2", "b/1", "c"):
            store.put(key, b"one")
        before = dict(store.stamped("b/"))
        assert list(before) == ["b/1", "b/2"]
        assert dict(store.stamped("b/")) == before
        store.put("b/1", b"two")
        after = dict(store.stamped("b/"))
        assert after["b/1"] != before["b/1"]
        assert after["b/2"] == before["b/2"]

    def test_deleting_twice_is_no_error(self, store: ObjectStore) -> None:
        store.put("a", b"")
        store.delete("a")
        store.delete("a")
        with pytest.raises(ObjectNotFound):
            store.get("a")

    def test_put_if_writes_only_over_the_version_that_was_read(self, store: ObjectStore) -> None:
        store.put_if("pointer", b"one", None)
        seen = store.version("pointer")
        store.put_if("pointer", b"two", seen)
        with pytest.raises(Conflict):
            store.put_if("pointer", b"three", seen)
        with pytest.raises(Conflict):
            store.put_if("pointer", b"three", None)
        assert store.get("pointer") == b"two"

    def test_put_if_does_not_bring_back_what_was_deleted(self, store: ObjectStore) -> None:
        store.put("pointer", b"one")
        seen = store.version("pointer")
        store.delete("pointer")
        with pytest.raises(Conflict):
            store.put_if("pointer", b"two", seen)
        assert store.version("pointer") is None

    def test_a_version_of_another_store_is_a_conflict(self, store: ObjectStore) -> None:
        store.put("pointer", b"one")
        with pytest.raises(Conflict):
            store.put_if("pointer", b"two", "a version from elsewhere")
        assert store.get("pointer") == b"one"

    def test_of_many_writers_at_once_exactly_one_wins(self, store: ObjectStore) -> None:
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

    def test_a_reader_never_sees_half_a_write(self, store: ObjectStore) -> None:
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
            assert all(store.get("big") in (old, new) for _ in range(100))
        finally:
            stop.set()
            writer.join()

    def test_the_checksum_is_the_md5_of_the_content(self, store: ObjectStore) -> None:
        store.put("a", b"content")
        assert store.checksum("a") == hashlib.md5(b"content", usedforsecurity=False).hexdigest()

    def test_what_is_stored_is_weighed(self, store: ObjectStore) -> None:
        assert store.stored_bytes() == 0
        store.put("a/b", b"12345")
        store.put("c", b"123")
        store.put("c", b"12")
        assert store.stored_bytes() == 7
        assert list(store.sizes()) == [("a/b", 5), ("c", 2)]

    def test_a_listing_begins_with_the_letters_that_were_asked_for_folders_or_not(self, store: ObjectStore) -> None:
        for key in ("d/2026-10-30/x", "d/2026-11-01/x", "d/2026-11-02/y/z", "d/2026-11.json", "d/2027-01-01/x", "e/2026-11-01/x"):
            store.put(key, b"1")
        assert list(store.list("d/2026-11")) == ["d/2026-11-01/x", "d/2026-11-02/y/z", "d/2026-11.json"]
        assert list(store.list("d/2026-11-01")) == ["d/2026-11-01/x"]
        assert list(store.list("d")) == [key for key in store.list("") if key.startswith("d/")]

    def test_an_object_has_an_address_that_names_it(self, store: ObjectStore) -> None:
        assert "raw-data/x=1/a+b.parquet" in store.uri("raw-data/x=1/a+b.parquet").replace("%3D", "=").replace("%2B", "+")
