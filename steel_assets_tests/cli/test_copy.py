"""``steel lake copy`` and ``steel warehouse copy`` as a person runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from steel_assets.adapters.lake.copying import CopyRefused
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStoreError
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.cli.main import app
from steel_assets.cli.problem import Problem
from steel_assets.core.tables import PROMOTIONS
from steel_assets.settings import settings
from steel_assets_tests.contracts.warehouse import MOMENT
from steel_assets_tests.google.__main__ import services

LAKE, WAREHOUSE = "gs://steel-lake/moved", "bigquery://steel-project/steel_rebar_predictor"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with services() as (chosen, _, _):
        for name in ("STEEL_STORAGE_ENDPOINT", "STEEL_BIGQUERY_ENDPOINT"):
            monkeypatch.setenv(name, chosen[name])
        settings.cache_clear()
        yield


def steel(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.mark.usefixtures("cloud")
def test_a_lake_goes_there_and_back(tmp_path: Path) -> None:
    here, back = LocalFolder(tmp_path / "lake"), LocalFolder(tmp_path / "back")
    for number in range(20):
        here.put(f"processed-data/daily/{number}.parquet", bytes([number]))
    first = json.loads(steel("lake", "copy", str(here.root), LAKE, "--json").stdout)
    assert first == {"copied": 20, "already_there": 0, "vanished": 0, "kept": 0, "bytes_copied": 20}
    assert "20 were already there" in " ".join(steel("lake", "copy", str(here.root), LAKE).output.split())
    assert steel("lake", "copy", LAKE, str(back.root)).exit_code == 0
    assert {key: back.get(key) for key in back.list("")} == {key: here.get(key) for key in here.list("")}


@pytest.mark.usefixtures("cloud")
def test_a_warehouse_goes_there_and_back(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    values = {"string": "x", "int": 1, "float": 0.1, "timestamp": MOMENT}
    DuckDBWarehouse(file).upsert(PROMOTIONS, _one(values))
    told = {load["table"]: load for load in json.loads(steel("warehouse", "copy", str(file), WAREHOUSE, "--json").stdout)}
    assert (told["promotions"]["rows"], told["promotions"]["written"], told["forecasts"]["rows"]) == (1, 1, 0)
    back = tmp_path / "back.duckdb"
    again = json.loads(steel("warehouse", "copy", WAREHOUSE, str(back), "--json").stdout)
    assert {entry["table"]: entry["sha256"] for entry in again} == {name: entry["sha256"] for name, entry in told.items()}


@pytest.mark.usefixtures("cloud")
def test_what_cannot_be_copied_is_refused_in_words(tmp_path: Path) -> None:
    for words, error, says in (
        (("lake", "copy", str(tmp_path / "typo"), LAKE), CopyRefused, "name the folder or bucket"),
        (("lake", "copy", LAKE, LAKE + "/"), Problem, "are both"),
        (("lake", "copy", str(tmp_path), "s3://x"), ObjectStoreError, "no bucket address"),
        (("warehouse", "copy", str(tmp_path / "typo.duckdb"), WAREHOUSE), CopyRefused, "holds none"),
    ):
        result = steel(*words)
        assert isinstance(result.exception, error)
        assert says in str(result.exception)


def _one(values: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{column.name: values[column.dtype] for column in PROMOTIONS.columns}])
