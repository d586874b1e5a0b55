"""The same day in one process and in many: no step leaves anything to another but what it stored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.catalog import load_catalog
from steel_assets.core.tables import ALERTS, SYSTEM_METRICS, WAREHOUSE_TABLES
from steel_assets.sandbox import Sandbox
from steel_assets_tests.bench.markets import EVE, TODAY, Bench
from steel_assets_tests.steel import ROOT

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7_200)]

MEASURED = {SYSTEM_METRICS.name, ALERTS.name}
"""Tables about the machine and the run themselves."""


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    warehouse = DuckDBWarehouse(folder / "home" / "warehouse.duckdb")
    return {
        table.name: warehouse.read(table).sort_values(list(table.key), ignore_index=True)
        for table in WAREHOUSE_TABLES
        if table.name not in MEASURED
    }


def test_a_day_gives_the_same_tables_whichever_executor_runs_it(tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    one.mkdir()
    shutil.copy(ROOT / "dagster.yaml", one)
    with Sandbox(load_catalog()) as sandbox:
        Bench(one, sandbox).run(2, "in_process", EVE)
        shutil.copytree(one, many)
        Bench(one, sandbox).run(2, "in_process", TODAY)
        Bench(many, sandbox).run(2, "multiprocess", TODAY)
    here, there = tables(one), tables(many)
    assert len(here["forecasts"]) > 0
    for name, rows in here.items():
        pd.testing.assert_frame_equal(rows, there[name], obj=name)
