"""Forecasts of long ago are scored once, and again only where a price of then has changed: the table is that of scoring all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse, Since
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.metrics import predictions_vs_reality
from steel_assets.core.scoring import each_day, published_scores
from steel_assets.core.tables import FORECASTS, MARKET_DAILY, PREDICTIONS_VS_REALITY
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.operations import scoring
from steel_assets.operations.recent import newest_forecasts, scored_lately
from steel_assets.settings import Settings

MARKET = "rebar_fob_turkey"
SESSIONS = pd.bdate_range("2022-01-03", periods=1100)
"""More than four years."""

NOW = pd.Timestamp(SESSIONS[-1]).tz_localize("UTC") + pd.Timedelta(hours=20)


def prices() -> pd.DataFrame:
    walk = 600 + np.cumsum(np.random.default_rng(3).normal(0, 4, len(SESSIONS)))
    return pd.DataFrame(
        {
            "market": MARKET,
            "date": SESSIONS,
            "price": walk,
            "known_at": SESSIONS.tz_localize("UTC") + pd.Timedelta(hours=18),
            "unit": "USD/t",
            "simulated": True,
        }
    )


def forecasts(daily: pd.DataFrame) -> pd.DataFrame:
    """The last price, each day at two horizons."""
    found = []
    for horizon in (1, 21):
        at = np.arange(len(SESSIONS) - horizon)
        issued, last = SESSIONS[at], daily["price"].to_numpy()[at]
        moment = issued.tz_localize("UTC") + pd.Timedelta(hours=19)
        rows = {"issued_date": issued, "as_of": moment, "created_at": moment, "origin": issued, "data_as_of": issued}
        rows |= {"target_date": SESSIONS[at + horizon], "last_price": last, "predicted_price": last * 1.001}
        rows |= {name: last * (0.9 + 0.03 * number) for number, name in enumerate(QUANTILE_COLUMNS)}
        fixed = {"market": MARKET, "horizon": horizon, "unit": "USD/t", "model_confidence": 0.5, "model_version": "v"}
        found.append(pd.DataFrame(rows).assign(**fixed, model_family="naive", simulated=True, age_sessions=0, aged_drivers=None))
    return FORECASTS.enforce(pd.concat(found, ignore_index=True))


class World:
    """A warehouse with four years of forecasts, and what is read of it."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts: Platform = platform(Settings(home=home))
        self.daily = prices()
        self.parts.warehouse.upsert(FORECASTS, forecasts(self.daily))
        self.read: list[dict[str, Any]] = []
        whole = DuckDBWarehouse.read

        def noted(warehouse: DuckDBWarehouse, table: Any, where: Any = None) -> pd.DataFrame:
            self.read.append({"table": table.name, **(where or {})})
            return whole(warehouse, table, where)

        monkeypatch.setattr(DuckDBWarehouse, "read", noted)

    def score(self, moment: pd.Timestamp = NOW) -> int:
        """Score with the prices as they are now; how many rows were worked out."""
        known = self.daily[self.daily["known_at"] <= moment]
        self.parts.lake.write(f"processed-data/daily/{MARKET}.parquet", known, MARKET_DAILY)
        return len(
            scoring.score(
                self.parts.catalog, self.parts.lake, self.parts.warehouse, self.parts.published, MARKET, moment, replayed=False
            ).rows
        )

    def assert_whole(self, moment: pd.Timestamp = NOW) -> None:
        """The table is that of scoring every forecast with the prices of now."""
        found = self.parts.warehouse.read(PREDICTIONS_VS_REALITY)
        every = predictions_vs_reality(self.parts.warehouse.read(FORECASTS), self.daily, moment)
        key = [*PREDICTIONS_VS_REALITY.key]
        pd.testing.assert_frame_equal(
            found.drop(columns="created_at").sort_values(key, ignore_index=True),
            every.drop(columns="created_at").sort_values(key, ignore_index=True),
        )


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path / "home", monkeypatch)


def test_what_is_settled_is_neither_read_nor_scored_again_and_the_table_is_whole(world: World) -> None:
    before = NOW - pd.Timedelta(days=7)
    first = world.score(before)
    world.read.clear()
    second = world.score()
    assert second < first / 2
    assert [isinstance(entry.get("issued_date"), Since) for entry in world.read if entry["table"] == "forecasts"] == [True]
    world.assert_whole()


def revised(world: World) -> None:
    world.daily.loc[5, "price"] *= 1.2


def restated(world: World) -> None:
    world.daily["price"] /= 10


def restated_until_lately(world: World) -> None:
    world.daily.loc[world.daily["date"] < SESSIONS[-300], "price"] /= 10


def table_lost(world: World) -> None:
    import duckdb

    with duckdb.connect(world.parts.settings.warehouse_path) as file:
        file.execute("DROP TABLE steel_rebar_predictor.predictions_vs_reality")


def note_damaged(world: World) -> None:
    world.parts.store.put(f"state/scored/{MARKET}.json", b"garbage")
    revised(world)


@pytest.mark.parametrize("change", [revised, restated, restated_until_lately, table_lost, note_damaged])
def test_everything_is_scored_again_when_anything_of_long_ago_has_changed(world: World, change: Any) -> None:
    world.score()
    change(world)
    assert world.score() > 2000
    world.assert_whole()


def test_a_figure_of_the_newest_rows_is_that_of_all_rows(world: World) -> None:
    world.score()
    every = world.parts.warehouse.read(PREDICTIONS_VS_REALITY, {"market": MARKET})
    lately = scored_lately(world.parts.warehouse, MARKET, NOW)
    assert len(lately) < len(every) / 2
    for horizon in (1, 21):
        found, whole = (published_scores(each_day(rows[rows["horizon"] == horizon])) for rows in (lately, every))
        assert found.increase == pytest.approx(whole.increase, rel=1e-9)
        assert (found.own, found.naive, found.coverage_90) == (whole.own, whole.naive, whole.coverage_90)
    newest = newest_forecasts(world.parts.warehouse, MARKET, (1, 21), NOW)
    assert newest["as_of"].max() == world.parts.warehouse.read(FORECASTS)["as_of"].max()


def test_of_a_market_that_has_stood_still_everything_is_read(world: World) -> None:
    later = NOW + pd.Timedelta(days=900)
    world.score()
    assert len(newest_forecasts(world.parts.warehouse, MARKET, (1, 21), later)) == len(world.parts.warehouse.read(FORECASTS))
    assert len(scored_lately(world.parts.warehouse, MARKET, later)) == world.parts.warehouse.count(PREDICTIONS_VS_REALITY)
