"""Forecasts that a release stored before it told ages stay readable everywhere, and say nothing of an age they do not know."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.core.published import NotAForecast, checked, forecast_rows
from steel_assets.core.table_schema import TableError
from steel_assets.core.tables import FORECASTS
from steel_assets_tests.core.test_metrics import forecasts

NEW = ("age_sessions", "aged_drivers")
OLDER = replace(FORECASTS, columns=tuple(column for column in FORECASTS.columns if column.name not in NEW))


def test_rows_without_an_age_are_read_with_an_empty_one_and_published() -> None:
    older = forecasts(range(1))
    read = FORECASTS.enforce(older)
    assert read["age_sessions"].isna().all()
    rows = json.loads(json.dumps(forecast_rows(read), allow_nan=False))
    assert rows[0]["age_sessions"] is None
    assert rows[0]["aged_drivers"] is None


def test_an_issue_that_an_older_release_kept_is_still_one() -> None:
    kept = [{name: value for name, value in row.items() if name not in NEW} for row in forecast_rows(forecasts(range(1)))]
    assert checked(kept) == kept


def test_ages_and_aged_drivers_are_published_as_they_are() -> None:
    rows = forecast_rows(FORECASTS.enforce(forecasts(range(1)).assign(age_sessions=3, aged_drivers="scrap=2024-01-02")))
    assert (rows[0]["age_sessions"], rows[0]["aged_drivers"]) == (3, "scrap=2024-01-02")
    for field, wrong in (("age_sessions", -1), ("age_sessions", "3"), ("age_sessions", True), ("aged_drivers", 5)):
        with pytest.raises(NotAForecast, match=field):
            checked([{**rows[0], field: wrong}])


def test_a_column_that_was_always_there_may_not_be_missing() -> None:
    with pytest.raises(TableError, match="data_as_of"):
        FORECASTS.enforce(forecasts(range(1)).drop(columns="data_as_of"))


def test_a_warehouse_of_an_older_release_keeps_its_rows_and_takes_new_ones(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    warehouse.upsert(OLDER, forecasts(range(1)))
    assert warehouse.read(FORECASTS)["age_sessions"].tolist() == [pd.NA]
    warehouse.upsert(FORECASTS, forecasts(range(1, 2)).assign(age_sessions=2))
    read = warehouse.read(FORECASTS)
    assert read["age_sessions"].dtype == "Int64"
    assert read["age_sessions"].tolist() == [pd.NA, 2]
    assert FORECASTS.enforce(read).equals(read)
