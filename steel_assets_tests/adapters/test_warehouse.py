"""The warehouse: idempotent, additive, never torn, and clear about who holds the file."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse, Warehouse, WarehouseBusy, WarehouseError
from steel_assets.core.tables import METRICS_DAILY, PROMOTIONS
from steel_assets_tests.contracts.warehouse import MOMENT, SMALL, WarehouseContract, rows

MISSION_METRICS = [
    ("date", "DATE"),
    ("model_version", "VARCHAR"),
    ("mape", "DOUBLE"),
    ("r2_score", "DOUBLE"),
    ("rmse", "DOUBLE"),
    ("prediction_count", "BIGINT"),
    ("avg_latency_ms", "DOUBLE"),
    ("cost_usd", "DOUBLE"),
    ("created_at", "TIMESTAMP WITH TIME ZONE"),
]


class TestDuckDBWarehouse(WarehouseContract):
    @pytest.fixture
    def warehouse(self, tmp_path: Path) -> Warehouse:
        return DuckDBWarehouse(tmp_path / "warehouse.duckdb")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "warehouse.duckdb"


@pytest.fixture
def warehouse(path: Path) -> Warehouse:
    return DuckDBWarehouse(path, retry_seconds=120)


def test_a_table_never_written_has_no_rows_and_makes_no_file(warehouse: Warehouse, path: Path):
    pd.testing.assert_frame_equal(warehouse.read(SMALL), SMALL.empty())
    assert warehouse.count(SMALL) == 0
    assert not path.exists()
    warehouse.upsert(PROMOTIONS, PROMOTIONS.empty())
    assert warehouse.count(SMALL) == 0
    assert warehouse.read(SMALL).empty


def test_repeating_an_upsert_changes_no_row_and_no_byte(warehouse: Warehouse, path: Path):
    warehouse.upsert(SMALL, rows())
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    again = rows(created_at=MOMENT + pd.Timedelta(days=1)).sample(frac=1, random_state=1)
    assert warehouse.upsert(SMALL, again) == 0
    assert (warehouse.read(SMALL)["created_at"] == MOMENT).all()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_the_mission_s_columns_come_first_in_its_order_and_types(warehouse: Warehouse, path: Path):
    warehouse.upsert(METRICS_DAILY, METRICS_DAILY.empty())
    with duckdb.connect(path, read_only=True) as connection:
        described = connection.execute("DESCRIBE steel_rebar_predictor.metrics_daily").fetchall()
    assert [(row[0], row[1]) for row in described][: len(MISSION_METRICS)] == MISSION_METRICS


def test_a_refused_table_is_not_even_half_migrated(warehouse: Warehouse, path: Path):
    old = replace(
        SMALL, columns=tuple(replace(c, dtype="string") if c.name == "count" else c for c in SMALL.columns if c.name != "value")
    )
    warehouse.upsert(old, rows(2).drop(columns="value").assign(count="many"))
    with pytest.raises(WarehouseError, match="column count"):
        warehouse.upsert(SMALL, rows(2))
    with duckdb.connect(path, read_only=True) as connection:
        described = connection.execute("DESCRIBE steel_rebar_predictor.small").fetchall()
    assert "value" not in [row[0] for row in described]


def test_columns_that_a_newer_platform_added_are_left_alone(warehouse: Warehouse, path: Path):
    warehouse.upsert(SMALL, rows(1))
    with duckdb.connect(path) as connection:
        connection.execute("ALTER TABLE steel_rebar_predictor.small ADD COLUMN future VARCHAR DEFAULT 'kept'")
    warehouse.upsert(SMALL, rows(2))
    with duckdb.connect(path, read_only=True) as connection:
        assert ("kept",) in connection.execute("SELECT future FROM steel_rebar_predictor.small").fetchall()


def test_a_file_called_like_the_dataset_is_no_riddle(tmp_path: Path):
    warehouse = DuckDBWarehouse(tmp_path / "steel_rebar_predictor.duckdb")
    warehouse.upsert(SMALL, rows(2))
    assert warehouse.count(SMALL) == len(warehouse.read(SMALL)) == 2


def test_the_address_of_a_table_names_file_dataset_and_table(warehouse: Warehouse, path: Path):
    assert warehouse.uri(SMALL) == f"{path.as_uri()}#steel_rebar_predictor.small"


def test_a_file_that_is_no_warehouse_is_an_error_that_names_it_and_stays_as_it_is(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"my notes " * 1000)
    with pytest.raises(WarehouseError, match=r"notes\.txt"):
        DuckDBWarehouse(path).upsert(SMALL, rows())
    assert path.read_bytes() == b"my notes " * 1000


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WarehouseError, match="file/warehouse"):
        DuckDBWarehouse(tmp_path / "file" / "warehouse.duckdb").upsert(SMALL, rows())


def test_a_file_held_for_too_long_is_named_with_the_remedy(path: Path):
    DuckDBWarehouse(path).upsert(SMALL, rows())
    with held(path, seconds=600):
        with pytest.raises(WarehouseBusy, match=r"warehouse\.duckdb.*close the program"):
            DuckDBWarehouse(path, retry_seconds=0.3).upsert(SMALL, rows(5))
        with pytest.raises(WarehouseBusy):
            DuckDBWarehouse(path, retry_seconds=0.3).read(SMALL)
    assert DuckDBWarehouse(path).count(SMALL) == 3


def test_a_file_held_for_a_moment_is_waited_for(path: Path):
    DuckDBWarehouse(path).upsert(SMALL, rows())
    with held(path, seconds=0.5):
        assert DuckDBWarehouse(path, retry_seconds=120).upsert(SMALL, rows(5)) == 2


def test_no_row_of_many_writers_in_threads_and_processes_is_lost(path: Path):
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
        from steel_assets_tests.contracts.warehouse import SMALL, rows
        for i in range(8):
            DuckDBWarehouse(Path({str(path)!r})).upsert(SMALL, rows(2, market=f"{{sys.argv[1]}}-{{i}}"))
            assert len(DuckDBWarehouse(Path({str(path)!r})).read(SMALL)) % 2 == 0
    """)
    processes = [subprocess.Popen([sys.executable, "-c", script, name]) for name in ("a", "b")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: DuckDBWarehouse(path).upsert(SMALL, rows(2, market=f"thread-{i}")), range(16)))
    assert [process.wait(timeout=240) for process in processes] == [0, 0]
    assert DuckDBWarehouse(path).count(SMALL) == 2 * (16 + 8 + 8)


def test_a_writer_killed_in_the_middle_leaves_whole_upserts_only(path: Path):
    script = textwrap.dedent(f"""
        from pathlib import Path
        from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
        from steel_assets_tests.contracts.warehouse import SMALL, rows
        for i in range(10_000):
            DuckDBWarehouse(Path({str(path)!r})).upsert(SMALL, rows(500, market=f"market-{{i}}"))
            print("done", flush=True)
    """)
    acknowledged = 0
    for delay in (0.01, 0.05, 0.12):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        acknowledged = max(acknowledged, 1 + process.stdout.read().count("done"))
        process.wait()
        found = DuckDBWarehouse(path).read(SMALL).groupby("market").size()
        assert (found == 500).all()
        assert len(found) >= acknowledged
    assert DuckDBWarehouse(path).upsert(SMALL, rows(500, market="after")) == 500


@contextmanager
def held(path: Path, seconds: float) -> Iterator[None]:
    """Another process that has the file open for writing."""
    code = f"import duckdb, time; c = duckdb.connect({str(path)!r}); print('held', flush=True); time.sleep({seconds})"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield
    process.kill()
    process.communicate()
