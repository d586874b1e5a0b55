"""What a publication lists and what a measurement of costs reads does not grow with the years, and says what all of it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.system_metrics import _costs
from steel_assets.core.tables import METRICS_DAILY
from steel_assets.operations.publication.forecasts import FOLDER, TRIES, keys_by_market
from steel_assets.operations.publication.warehouse import Tables
from steel_assets.operations.recent import costs_lately
from steel_assets.settings import Settings

NOW = pd.Timestamp("2026-03-02T20:00Z")
RECENT = pd.date_range(end="2026-03-03", periods=40)
"""To the day that has begun already east of us."""

OLD = pd.date_range("2016-01-01", "2025-12-31", freq="7D")
TWO = ("rebar_fob_turkey", "scrap_turkey")


class Listed(LocalFolder):
    """A folder that remembers how many keys it listed."""

    count = 0

    def list(self, prefix: str) -> Iterator[str]:
        for key in super().list(prefix):
            self.count += 1
            yield key


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """Two markets that were published weekly for ten years, and daily of late."""
    found = platform(Settings(home=tmp_path / ".steel"))
    found.__dict__["store"] = Listed(tmp_path / ".steel" / "lake")
    for market in TWO:
        for day in [*OLD, *RECENT]:
            issue(found, market, day)
    return found


def issue(parts: Platform, market: str, day: pd.Timestamp) -> None:
    parts.store.put(f"{FOLDER}{day:%Y-%m-%d}/{market}-{day:%Y%m%d}T080000Z.parquet", b"")


def listed(parts: Platform, *published: str, moment: float = NOW.timestamp()) -> tuple[dict[str, list[str]], int]:
    """The newest keys of each market where ``published`` were published before, and how many keys were listed for them."""
    store = parts.store
    assert isinstance(store, Listed)
    store.count = 0
    tables = Tables(parts.warehouse, moment, {market: {"rows": [], "problems": []} for market in published})
    found = keys_by_market(parts, tables, FOLDER)
    return {market: keys[:TRIES] for market, keys in found.items()}, store.count


def test_of_markets_that_publish_the_last_months_are_listed_and_give_the_newest_of_all(parts: Platform) -> None:
    every, all_of_them = listed(parts, *TWO, moment=float("inf"))
    assert all_of_them == 2 * (len(OLD) + len(RECENT))
    newest, few = listed(parts, *TWO)
    assert newest == every
    assert newest[TWO[0]][0].startswith(f"{FOLDER}2026-03-03/")
    assert few <= 2 * 100


def test_of_a_market_with_few_issues_lately_and_before_the_first_publication_everything_is_listed(parts: Platform) -> None:
    _, first = listed(parts)
    assert first == 2 * (len(OLD) + len(RECENT))
    for day in OLD[-30:-10]:
        issue(parts, "iron_ore_62", day)
    newest, _ = listed(parts, *TWO, "iron_ore_62")
    assert len(newest["iron_ore_62"]) == TRIES
    assert newest["iron_ore_62"][0].startswith(f"{FOLDER}{OLD[-11]:%Y-%m-%d}/")


def test_a_market_that_is_no_longer_declared_makes_nobody_list_everything(parts: Platform) -> None:
    assert listed(parts, *TWO, "sold_long_ago")[1] <= 2 * 100


def measured(days: pd.DatetimeIndex) -> pd.DataFrame:
    """A row of METRICS_DAILY for each day, costing more each day."""
    given = {"string": "naive", "float": 1.0, "int": 4, "bool": True, "timestamp": NOW, "date": days[0]}
    rows = pd.DataFrame([{column.name: given[column.dtype] for column in METRICS_DAILY.columns}] * len(days))
    return rows.assign(date=days, market="scrap_turkey", horizon=1, cost_usd=[0.01 * number for number in range(len(days))])


@pytest.mark.parametrize(
    ("days", "read"),
    [
        (pd.date_range(end="2026-03-02", periods=400), 63),
        (pd.date_range("2025-01-01", "2025-09-30").append(pd.date_range(end="2026-03-02", periods=12)), None),
        (pd.date_range(end="2026-03-02", periods=3), None),
    ],
    ids=["every day", "after a long standstill", "young"],
)
def test_costs_follow_from_the_newest_rows_as_from_all(tmp_path: Path, days: pd.DatetimeIndex, read: int | None) -> None:
    warehouse, date = DuckDBWarehouse(tmp_path / "w.duckdb"), pd.Timestamp("2026-03-02")
    warehouse.upsert(METRICS_DAILY, measured(days))
    lately = costs_lately(warehouse, date)
    assert len(lately) == (read or len(days))
    assert _costs(lately, date) == pytest.approx(_costs(warehouse.read(METRICS_DAILY), date))
