"""A disk that is full or read-only: a clear failure that names the remedy, nothing lost, and repaired by the next attempt."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.cache.cache import LocalCache
from steel_assets.adapters.machine.disk import MAKE_ROOM, MAKE_WRITABLE
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStoreError
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse, WarehouseError
from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.conditions import Condition
from steel_assets_tests.contracts.warehouse import SMALL, rows

NOW = datetime(2026, 3, 18, 8, tzinfo=UTC)
NOISE = np.random.default_rng(1).bytes(300_000)
"""Does not compress."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk of its own needs the right to mount one")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Inside, there is no room on ``disk``."""
    with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))
    try:
        yield
    finally:
        (disk / "filler").unlink()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Inside, ``disk`` takes nothing."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


FAULTS = pytest.mark.parametrize(("fault", "remedy"), [(full, MAKE_ROOM), (read_only, MAKE_WRITABLE)], ids=["full", "read-only"])


@FAULTS
def test_the_lake_keeps_what_it_had_and_takes_the_new_afterwards(disk: Path, fault: Callable, remedy: str) -> None:
    store = LocalFolder(disk / "lake")
    store.put("raw-data/x", b"old")
    version = store.version("raw-data/x")
    with fault(disk):
        for attempt in (store.put, lambda key, content: store.put_if(key, content, version)):
            with pytest.raises(ObjectStoreError) as told:
                attempt("raw-data/x", NOISE)
            assert "raw-data/x" in str(told.value)
            assert remedy in str(told.value)
        assert store.get("raw-data/x") == b"old"
    store.put_if("raw-data/x", NOISE, version)
    assert store.get("raw-data/x") == NOISE
    assert [path.name for path in (disk / "lake" / "raw-data").iterdir() if path.suffix == ".tmp"] == []


@FAULTS
def test_the_warehouse_keeps_what_it_had_can_be_read_and_takes_the_new_afterwards(
    disk: Path, fault: Callable, remedy: str
) -> None:
    warehouse = DuckDBWarehouse(disk / "warehouse.duckdb")
    warehouse.upsert(SMALL, rows())
    many = rows(20_000, market="more")
    with fault(disk):
        with pytest.raises(WarehouseError) as told:
            warehouse.upsert(SMALL, many)
        assert "warehouse.duckdb" in str(told.value)
        assert remedy in str(told.value)
        assert warehouse.count(SMALL) == len(rows())
    assert warehouse.upsert(SMALL, many) == len(many)
    assert warehouse.count(SMALL) == len(rows()) + len(many)


@FAULTS
def test_a_promotion_changes_nothing_or_everything(disk: Path, fault: Callable, remedy: str) -> None:
    models = ModelStore(LocalFolder(disk))
    for version in ("v1", "v2"):
        models.save_candidate("rebar", 1, version, {"model.json": NOISE}, {"family": "ridge"})
    first = models.promote("rebar", 1, "v1", None, NOW)
    with fault(disk), pytest.raises(ObjectStoreError, match=remedy[:20]):
        models.promote("rebar", 1, "v2", first, NOW)
    assert models.production("rebar", 1) == first
    assert models.load("production", "rebar", 1)[1] == {"model.json": NOISE}
    assert models.promote("rebar", 1, "v2", first, NOW).version == "v2"


@FAULTS
def test_an_alert_that_could_not_be_noted_is_noted_by_the_next_look(disk: Path, fault: Callable, remedy: str) -> None:
    outbox = Outbox(LocalFolder(disk), load_catalog().rulebook, frozenset({"log"}))
    failed = Condition(rule="failed_run", subject="daily_data_update", firing=True, moment=NOW, text="it broke")
    outbox.report([], NOW)
    with fault(disk), pytest.raises(ObjectStoreError, match=remedy[:20]):
        outbox.report([failed], NOW)
    outbox.report([failed], NOW)
    outbox.report([failed], NOW)
    assert [waiting.event.subject for waiting in outbox.alert_state().queue] == ["daily_data_update"]


@FAULTS
def test_the_cache_is_a_convenience_and_its_failure_stops_nothing(disk: Path, fault: Callable, remedy: str) -> None:
    cache = LocalCache(disk / "cache")
    cache.put("predictions", "rebar", b"old")
    with fault(disk):
        assert cache.put("predictions", "rebar", NOISE) is False
        assert cache.stats().last_error
    assert cache.put("predictions", "rebar", b"new")
    assert cache.get("predictions", "rebar") == b"new"
