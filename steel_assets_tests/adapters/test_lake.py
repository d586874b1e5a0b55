"""The lake: append-only observations, and simulated and real data that never meet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.lake.lake import Lake, LakeError
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.core.table_schema import TableError
from steel_assets.core.tables import MARKET_DAILY, OBSERVATIONS


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFolder(tmp_path))


def rows(series: str = "hrc", value: float = 1.0, collected: str = "2026-11-20T08:00:00Z", **changes: object) -> pd.DataFrame:
    base = {
        "series": series,
        "period": pd.to_datetime(["2026-11-18", "2026-11-19"]),
        "value": value,
        "published_at": pd.to_datetime(["2026-11-18T22:00Z", "2026-11-19T22:00Z"]),
        "collected_at": pd.Timestamp(collected),
        "source": "yahoo_finance",
        "simulated": True,
    }
    return pd.DataFrame(base | changes)


def test_each_collection_is_one_new_file_in_its_sources_folder(lake: Lake) -> None:
    key = lake.append_observations(rows(), "yahoo-finance", "steel_futures")
    assert key is not None
    assert key.startswith("raw-data/yahoo-finance/steel_futures/2026/2026-11-20T080000Z-")
    pd.testing.assert_frame_equal(lake.observations(), OBSERVATIONS.enforce(rows()))


def test_nothing_new_writes_nothing(lake: Lake) -> None:
    assert lake.append_observations(rows().iloc[:0], "yahoo-finance", "steel_futures") is None
    assert list(lake.store.list("")) == []


def test_the_same_collection_twice_is_the_same_file(lake: Lake) -> None:
    first = lake.append_observations(rows(), "yahoo-finance", "g")
    again = lake.append_observations(rows(), "yahoo-finance", "g")
    assert first == again
    assert len(lake.observations()) == 2


def test_a_later_collection_leaves_the_earlier_file_as_it_was(lake: Lake) -> None:
    key = lake.append_observations(rows(), "yahoo-finance", "g")
    before = lake.store.get(str(key))
    lake.append_observations(rows(value=2.0, collected="2026-11-21T08:00:00Z"), "yahoo-finance", "g")
    assert lake.store.get(str(key)) == before
    assert sorted(lake.observations()["value"]) == [1.0, 1.0, 2.0, 2.0]


def test_only_the_series_asked_for_are_read(lake: Lake) -> None:
    lake.append_observations(pd.concat([rows("a"), rows("b")]), "yahoo-finance", "g")
    assert set(lake.observations(["b", "unknown"])["series"]) == {"b"}


def test_an_empty_lake_reads_as_no_rows_with_the_right_columns(lake: Lake) -> None:
    assert list(lake.observations().columns) == OBSERVATIONS.column_names
    assert lake.simulated is None


@pytest.mark.parametrize("first", [True, False])
def test_simulated_and_real_rows_never_share_a_lake(lake: Lake, first: bool) -> None:
    lake.append_observations(rows(simulated=first), "yahoo-finance", "g")
    assert lake.simulated is first
    before = list(lake.store.list(""))
    with pytest.raises(LakeError, match="STEEL_HOME"):
        lake.append_observations(rows(simulated=not first, collected="2026-11-21T08:00Z"), "yahoo-finance", "g")
    assert list(lake.store.list("")) == before


def test_a_collection_that_mixes_both_is_refused_even_by_an_empty_lake(lake: Lake) -> None:
    with pytest.raises(LakeError, match="both"):
        lake.append_observations(rows(simulated=[True, False]), "yahoo-finance", "g")
    assert list(lake.store.list("")) == []


@pytest.mark.parametrize(
    "broken",
    [
        rows().drop(columns="value"),
        rows().assign(extra=1),
        rows(value="n/a"),
        rows(period=pd.to_datetime(["2026-11-19", "2026-11-19"]), published_at=pd.Timestamp("2026-11-19T22:00Z")),
        rows(value=[1.0, None]),
    ],
    ids=["missing column", "unknown column", "text", "same key twice", "empty value"],
)
def test_rows_that_do_not_fit_the_table_are_refused_whole(lake: Lake, broken: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="observations"):
        lake.append_observations(broken, "yahoo-finance", "g")
    assert list(lake.store.list("")) == []


def test_a_processed_frame_is_held_to_its_table(lake: Lake) -> None:
    with pytest.raises(TableError, match="market_daily"):
        lake.write("processed-data/daily/x.parquet", rows(), MARKET_DAILY)
