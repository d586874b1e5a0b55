"""Moving an installation: everything arrives, a broken copy goes on, and nothing is overwritten by mistake."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.google.clients import bigquery_client, storage_client
from steel_assets.adapters.lake.copying import CopyRefused, copy_lake
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore, ObjectStoreError
from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
from steel_assets.adapters.warehouse.copying import checksum, copy_warehouse
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse, Warehouse, WarehouseError
from steel_assets_tests.contracts.warehouse import SMALL, rows
from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.faults import Fault
from steel_assets_tests.google.storage_server import StorageServer

MOMENT = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)


def content(store: ObjectStore) -> dict[str, bytes]:
    return {key: store.get(key) for key in store.list("")}


@pytest.fixture
def local(tmp_path: Path) -> LocalFolder:
    """A small lake: raw rows, a processed frame, and a model in production."""
    store = LocalFolder(tmp_path / "lake")
    store.put("lake.json", b'{"simulated": true}')
    for number in range(30):
        store.put(f"raw-data/fred-api/x/2026/{number:02d}.parquet", bytes([number]) * 1_000)
    store.put("processed-data/daily/hrc.parquet", b"frame")
    models = ModelStore(store)
    models.save_candidate("hrc", 1, "v1", {"model.json": b"{}"}, {"family": "naive"})
    models.promote("hrc", 1, "v1", None, MOMENT)
    return store


@pytest.fixture
def remote(storage: StorageServer) -> GcsStore:
    return GcsStore("gs://steel-lake/plant", connect=partial(storage_client, storage.url), retry_seconds=5)


def test_a_lake_goes_to_a_bucket_and_back_byte_for_byte(local: LocalFolder, remote: GcsStore, tmp_path: Path) -> None:
    done = copy_lake(local, remote)
    assert (done.copied, done.already_there, done.kept) == (len(content(local)), 0, 0)
    back = LocalFolder(tmp_path / "back")
    copy_lake(remote, back)
    assert content(back) == content(remote) == content(local)
    _, files = ModelStore(remote).load("production", "hrc", 1)
    assert files == {"model.json": b"{}"}


def test_a_second_copy_writes_only_what_came_in_between(local: LocalFolder, remote: GcsStore) -> None:
    copy_lake(local, remote)
    assert copy_lake(local, remote).copied == 0
    local.put("raw-data/fred-api/x/2026/new.parquet", b"new")
    done = copy_lake(local, remote)
    assert (done.copied, done.bytes_copied) == (1, 3)


def breaking_after(writes: int) -> Callable[[GcsStore, str, bytes], None]:
    """A put that works so often, and then no more."""
    left, put = iter(range(writes)), GcsStore.put

    def broken(store: GcsStore, key: str, data: bytes) -> None:
        if next(left, None) is None:
            raise ObjectStoreError("the network broke")
        put(store, key, data)

    return broken


def test_a_copy_that_broke_off_goes_on_and_never_pointed_to_a_model_it_did_not_hold(
    local: LocalFolder, remote: GcsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for whole in (3, 10, 15):
        with monkeypatch.context() as patched:
            patched.setattr(GcsStore, "put", breaking_after(whole))
            with pytest.raises(ObjectStoreError, match="network broke"):
                copy_lake(local, remote)
        assert len(list(remote.list(""))) >= whole
        assert not any(key.endswith("pointer.json") for key in remote.list(""))
    done = copy_lake(local, remote)
    assert done.already_there > 0
    assert content(remote) == content(local)


def killed(script: str, when: Callable[[], bool]) -> None:
    """Run ``script`` and kill it without warning as soon as ``when`` holds."""
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    deadline = time.monotonic() + 300
    while not when() and time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_a_copy_of_a_lake_that_was_killed_goes_on_there_and_back(
    local: LocalFolder, remote: GcsStore, storage: StorageServer, tmp_path: Path
) -> None:
    for number in range(400):
        local.put(f"raw-data/fred-api/y/2026/{number:03d}.parquet", bytes([number % 256]) * 20_000)
    back = LocalFolder(tmp_path / "back")
    opened = f"""
        from functools import partial
        from pathlib import Path
        from steel_assets.adapters.objects.gcs import GcsStore
        from steel_assets.adapters.google.clients import storage_client
        from steel_assets.adapters.lake.copying import copy_lake
        from steel_assets.adapters.objects.object_store import LocalFolder
        remote = GcsStore("gs://steel-lake/plant", connect=partial(storage_client, {storage.url!r}))
    """
    for copy, objects in (
        (f"copy_lake(LocalFolder(Path({str(local.root)!r})), remote)", lambda: len(storage.held.bucket("steel-lake").objects)),
        (f"copy_lake(remote, LocalFolder(Path({str(back.root)!r})))", lambda: len(list(back.list("")))),
    ):
        source, destination = (local, remote) if "remote)" in copy else (remote, back)
        killed(textwrap.dedent(opened) + copy, lambda count=objects: count() >= 40)  # type: ignore[misc]
        so_far = set(destination.list(""))
        assert 40 <= len(so_far) < len(content(source))
        assert not any(key.endswith("pointer.json") for key in so_far)
        done = copy_lake(source, destination)
        assert (done.already_there, done.copied) == (len(so_far), len(content(source)) - len(so_far))
        assert content(destination) == content(source)


def test_a_promotion_during_the_copy_is_left_for_the_next_one(local: LocalFolder, remote: GcsStore) -> None:
    models = ModelStore(local)

    def promote(done: int, of: int) -> None:
        if done == 5:
            models.save_candidate("hrc", 1, "v2", {"model.json": b"[]"}, {"family": "naive"})
            models.promote("hrc", 1, "v2", models.production("hrc", 1), MOMENT + dt.timedelta(days=1))

    copy_lake(local, remote, on_step=promote)
    assert ModelStore(remote).load("production", "hrc", 1)[1] == {"model.json": b"{}"}
    copy_lake(local, remote, replace=True)
    assert ModelStore(remote).load("production", "hrc", 1)[1] == {"model.json": b"[]"}


def test_what_differs_at_the_destination_is_never_overwritten_unasked(local: LocalFolder, remote: GcsStore) -> None:
    copy_lake(local, remote)
    remote.put("processed-data/daily/hrc.parquet", b"newer")
    local.put("processed-data/daily/other.parquet", b"not yet there")
    before = content(remote)
    with pytest.raises(CopyRefused, match=r"1 objects .*processed-data/daily/hrc\.parquet.*--replace"):
        copy_lake(local, remote)
    assert content(remote) == before
    copy_lake(local, remote, replace=True)
    assert content(remote) == content(local)


def test_raw_observations_that_differ_are_refused_even_then(local: LocalFolder, remote: GcsStore) -> None:
    copy_lake(local, remote)
    remote.put("raw-data/fred-api/x/2026/07.parquet", b"other")
    with pytest.raises(CopyRefused, match="never change"):
        copy_lake(local, remote, replace=True)


def test_what_only_the_destination_has_is_kept(local: LocalFolder, remote: GcsStore) -> None:
    remote.put("raw-data/fred-api/x/2025/old.parquet", b"old")
    assert copy_lake(local, remote).kept == 1
    assert remote.get("raw-data/fred-api/x/2025/old.parquet") == b"old"


def test_a_simulated_lake_is_not_copied_over_a_real_one(local: LocalFolder, remote: GcsStore) -> None:
    remote.put("lake.json", b'{"simulated": false}')
    with pytest.raises(CopyRefused, match="simulated and real data never share a lake"):
        copy_lake(local, remote, replace=True)
    assert list(remote.list("")) == ["lake.json"]


def test_a_lake_that_is_not_there_is_refused_and_never_copied_as_nothing(tmp_path: Path, remote: GcsStore) -> None:
    with pytest.raises(CopyRefused, match="name the folder"):
        copy_lake(LocalFolder(tmp_path / "typo"), remote)


@pytest.fixture
def file(tmp_path: Path) -> DuckDBWarehouse:
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    warehouse.upsert(SMALL, pd.concat([rows(50), rows(50, market="scrap").assign(value=float("nan"))]))
    return warehouse


@pytest.fixture
def dataset(bigquery: BigQueryServer) -> BigQueryWarehouse:
    address = "bigquery://steel-project/steel_rebar_predictor"
    return BigQueryWarehouse(address, connect=partial(bigquery_client, endpoint=bigquery.url), retry_seconds=5)


def test_a_warehouse_goes_to_bigquery_and_back_figure_by_figure(
    file: DuckDBWarehouse, dataset: BigQueryWarehouse, tmp_path: Path
) -> None:
    (there,) = copy_warehouse(file, dataset, tables=[SMALL])
    assert (there.rows, there.written, there.kept) == (100, 100, 0)
    back = DuckDBWarehouse(tmp_path / "back.duckdb")
    (here,) = copy_warehouse(dataset, back, tables=[SMALL])
    assert here.sha256 == there.sha256 == checksum(SMALL, file.read(SMALL))
    pd.testing.assert_frame_equal(back.read(SMALL), file.read(SMALL))


def test_copying_a_warehouse_again_changes_nothing(file: DuckDBWarehouse, dataset: BigQueryWarehouse) -> None:
    copy_warehouse(file, dataset, tables=[SMALL])
    file.upsert(SMALL, rows(1, market="new"))
    assert [copied.written for copied in copy_warehouse(file, dataset, tables=[SMALL])] == [1]
    assert [copied.written for copied in copy_warehouse(file, dataset, tables=[SMALL])] == [0]


def test_a_copy_of_a_warehouse_that_broke_off_is_run_again(
    bigquery: BigQueryServer, file: DuckDBWarehouse, dataset: BigQueryWarehouse
) -> None:
    bigquery.faults.plan(Fault(403, "quotaExceeded", "load jobs per day", job="load"))
    with pytest.raises(WarehouseError, match="load jobs per day"):
        copy_warehouse(file, dataset, tables=[SMALL])
    assert [copied.written for copied in copy_warehouse(file, dataset, tables=[SMALL])] == [100]


def test_a_copy_of_a_warehouse_that_was_killed_goes_on_there_and_back(
    bigquery: BigQueryServer, file: DuckDBWarehouse, dataset: BigQueryWarehouse, tmp_path: Path
) -> None:
    tables = [replace(SMALL, name=f"small_{number}") for number in range(12)]
    for table in tables:
        file.upsert(table, rows(20))
    back = DuckDBWarehouse(tmp_path / "back.duckdb")
    opened = f"""
        from dataclasses import replace
        from functools import partial
        from pathlib import Path
        from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
        from steel_assets.adapters.google.clients import bigquery_client
        from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
        from steel_assets.adapters.warehouse.copying import copy_warehouse
        from steel_assets_tests.contracts.warehouse import SMALL
        tables = [replace(SMALL, name=f"small_{{number}}") for number in range(12)]
        dataset = BigQueryWarehouse({dataset.address!r}, connect=partial(bigquery_client, endpoint={bigquery.url!r}))
    """
    told = textwrap.dedent(opened) + f"copy_warehouse(DuckDBWarehouse(Path({str(file.path)!r})), dataset, tables=tables)"
    killed(told, lambda: len(bigquery.held.tables) >= 4)
    written = [copied.written for copied in copy_warehouse(file, dataset, tables=tables)]
    assert 0 < written.count(20) < 12
    assert set(written) == {0, 20}
    told = textwrap.dedent(opened) + f"copy_warehouse(dataset, DuckDBWarehouse(Path({str(back.path)!r})), tables=tables)"
    killed(told, lambda: back.path.exists() and back.count(tables[1]) > 0)
    copy_warehouse(dataset, back, tables=tables)
    for table in tables:
        pd.testing.assert_frame_equal(back.read(table), file.read(table))
        pd.testing.assert_frame_equal(dataset.read(table), file.read(table))


def test_rows_that_say_something_else_are_not_overwritten_unasked(file: DuckDBWarehouse, dataset: BigQueryWarehouse) -> None:
    dataset.upsert(SMALL, pd.concat([rows(2, value=9.0), rows(1, market="only here")]))
    with pytest.raises(CopyRefused, match=r"table small.*--replace"):
        copy_warehouse(file, dataset, tables=[SMALL])
    assert dataset.count(SMALL) == 3
    (done,) = copy_warehouse(file, dataset, tables=[SMALL], replace=True)
    assert (done.rows, done.kept) == (100, 1)
    assert dataset.count(SMALL) == 101


def test_a_warehouse_that_is_not_there_is_refused(tmp_path: Path, dataset: BigQueryWarehouse) -> None:
    empty: Warehouse = DuckDBWarehouse(tmp_path / "typo.duckdb")
    with pytest.raises(CopyRefused, match="holds none"):
        copy_warehouse(empty, dataset)
