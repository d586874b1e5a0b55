"""The demo on Cloud Storage, BigQuery and Redis gives what it gives embedded: forecasts, ledger, tables, models, all equal."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from steel_assets.adapters.google.clients import bigquery_client, storage_client
from steel_assets.adapters.lake.snapshots import FOLDER as PUBLISHED
from steel_assets.adapters.lake.snapshots import SnapshotStore, parsed
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore
from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY, PROMOTIONS, WAREHOUSE_TABLES
from steel_assets_tests.google.__main__ import services

MEASURED = ["avg_latency_ms", "cost_usd"]
"""Columns that hold how long this very run took, and what that costs."""

ABOUT_THE_MACHINE = {"system_metrics"}
"""Tables that hold nothing else; of them the same rows must be there."""

DAYS = 4


@pytest.mark.chaos
@pytest.mark.timeout(3_600)
def test_the_demo_on_google_cloud_gives_what_it_gives_embedded(tmp_path: Path) -> None:
    _demo(tmp_path / "embedded", {})
    here = LocalFolder(tmp_path / "embedded" / "home" / "lake")
    file = DuckDBWarehouse(tmp_path / "embedded" / "home" / "warehouse.duckdb")
    with services() as (chosen, _, _):
        if "STEEL_REDIS_URL" not in chosen:
            pytest.skip("redis-server is not installed, so the cache cannot be remote")
        _demo(tmp_path / "cloud", chosen)
        there = GcsStore(chosen["STEEL_LAKE"], connect=partial(storage_client, chosen["STEEL_STORAGE_ENDPOINT"]))
        dataset = BigQueryWarehouse(
            chosen["STEEL_WAREHOUSE"], connect=partial(bigquery_client, endpoint=chosen["STEEL_BIGQUERY_ENDPOINT"])
        )
        kept = [key for key in here.list("") if not key.startswith(PUBLISHED)]
        assert [key for key in there.list("") if not key.startswith(PUBLISHED)] == kept
        assert [key for key in kept if here.get(key) != there.get(key)] == []
        published = [_published(store) for store in (here, there)]
        assert published[0]["latest"]
        assert published[0] == published[1]
        for table in WAREHOUSE_TABLES:
            same = table.key if table.name in ABOUT_THE_MACHINE else table.column_names
            told = [name for name in same if name not in MEASURED]
            pd.testing.assert_frame_equal(dataset.read(table)[told], file.read(table)[told], check_exact=True)
        for table in (FORECASTS, PROMOTIONS, METRICS_DAILY, PREDICTIONS_VS_REALITY):
            assert dataset.count(table) > 0
    left = [path for path in (tmp_path / "cloud" / "home").rglob("*") if path.is_file() and path.name != "alerts.log"]
    locks = [path for path in left if path.parent.name == "turns"]  # one process of this machine at a time asks a provider
    assert [path for path in left if path not in locks] == []
    assert all(path.stat().st_size == 0 for path in locks)


def _published(store: ObjectStore) -> dict[str, Any]:
    """What is in force, without the parts that tell how long this very run took and what that costs."""
    snapshots = SnapshotStore(store, None)
    pointer = snapshots.pointer()
    assert pointer is not None
    parts = parsed(snapshots.content(pointer))
    return {name: part.content for name, part in parts.items() if name not in ("metrics", "costs")}


def _demo(folder: Path, chosen: dict[str, str]) -> None:
    """Run ``steel demo`` with a home and a Dagster instance of its own."""
    (folder / "dagster").mkdir(parents=True)
    (folder / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    places = {"STEEL_HOME": str(folder / "home"), "DAGSTER_HOME": str(folder / "dagster")}
    command = [str(Path(sys.executable).parent / "steel"), "demo", "--days", str(DAYS)]
    done = subprocess.run(command, env=os.environ | places | chosen, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
