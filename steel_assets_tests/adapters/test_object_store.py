"""The local folder as an object store."""

from __future__ import annotations

from pathlib import Path

import pytest

from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore
from steel_assets_tests.contracts.object_store import ObjectStoreContract


class TestLocalFolder(ObjectStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> ObjectStore:
        return LocalFolder(tmp_path / "lake")


def test_left_over_temporary_files_are_not_listed(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    store.put("a/b", b"")
    (tmp_path / "a" / ".killed.tmp").write_bytes(b"half")
    assert list(store.list("")) == ["a/b"]


def test_who_is_reading_a_file_reads_it_to_its_end_though_it_is_written_anew_meanwhile(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    store.put("a", b"old " * 1000)
    with (tmp_path / "a").open("rb", buffering=0) as reader:
        begun = reader.read(100)
        store.put("a", b"new " * 1000)
        assert begun + reader.read() == b"old " * 1000
    assert store.get("a") == b"new " * 1000
