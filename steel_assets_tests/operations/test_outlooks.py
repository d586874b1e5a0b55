"""Paths come from what was published and from what was known at its issue: what came later changes nothing of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.asof import known_at
from steel_assets.core.averages import average, parse_period
from steel_assets.core.history import HistoryError
from steel_assets.core.paths import PathsError
from steel_assets.operations.outlooks import drawn, outlooks
from steel_assets_tests.aging_world import PRICES, Aging, aging
from steel_assets_tests.core.issued import issued
from steel_assets_tests.core.synthetic import synthetic

PLACE = 300


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    return aging(tmp_path_factory.mktemp("world"))


def test_no_price_that_came_after_the_issue_is_in_them() -> None:
    made = synthetic(count=400, lived=0)
    moment = made.history().moments[PLACE]
    rows = made.observations
    future = (known_at(rows) > moment).to_numpy()
    noise = np.exp(3 * np.random.default_rng(0).uniform(-1, 1, len(rows)))
    poisoned = rows.assign(value=np.where(future, rows["value"] * noise, rows["value"]))
    forecast = issued(made.history(moment))
    assert future.any()
    found = []
    for observations in (rows, rows[~future], poisoned):
        history = made.knowing(observations).history(moment)
        found.append(drawn({"rebar_test": forecast}, {"rebar_test": history})["rebar_test"])
    assert (found[0].paths == found[1].paths).all()
    assert (found[0].paths == found[2].paths).all()
    assert found[0].known.equals(found[2].known)
    later = drawn({"rebar_test": forecast}, {"rebar_test": made.history()})["rebar_test"]
    assert (found[0].paths == later.paths).all(), "sessions after the origin are left out of a longer history too"


def test_markets_asked_about_together_go_through_the_same_weeks_of_history() -> None:
    """Two that always moved alike are drawn alike, but for days on which both stood still; a third that did not is not."""
    made, other = synthetic(count=400, lived=0), synthetic(count=400, seed=8, lived=0)
    found = {"one": made.history(), "same": made.history(), "other": other.history()}
    paths = {
        market: entry.paths for market, entry in drawn({name: issued(entry) for name, entry in found.items()}, found).items()
    }
    for day in (0, 20, 62):
        alike = np.corrcoef([np.log(paths[market][:, day]) for market in found])[0]
        assert alike[1] > (0.9 if day == 0 else 0.99)
        assert abs(alike[2]) < 0.6


def corrected(world: Aging, moment: pd.Timestamp) -> pd.DataFrame:
    """Other figures for the last fifty prices, published a day after ``moment``."""
    rows = world.made.observations
    old = rows[(rows["series"] == world.made.market.target.series) & rows["period"].isin(world.made.sessions[-50:])]
    noise = np.random.default_rng(1).uniform(0.9, 1.1, len(old))
    return old.assign(value=old["value"] * noise, published_at=moment + pd.Timedelta(days=1))


def test_they_stay_the_same_when_new_and_corrected_prices_have_come(world: Aging) -> None:
    moment = world.issue_of(0)
    forecast = issued(world.made.history(moment))
    before = outlooks(world.parts.catalog, world.parts.lake, forecast)["rebar_fob_turkey"]
    assert before.paths.shape == (1000, 63)
    assert before.known.index[-1] == world.last
    assert before.days[0] == world.coming[PRICES]
    assert before.days[62] == forecast["target_date"].iloc[-1]
    world.bring(world.coming[-1])
    world.parts.lake.append_observations(corrected(world, moment), "file-import", "files")
    again = outlooks(world.parts.catalog, world.parts.lake, forecast)["rebar_fob_turkey"]
    assert (again.paths == before.paths).all()
    assert again.known.equals(before.known)


def test_a_month_that_is_over_is_the_average_of_its_prices(world: Aging) -> None:
    history = world.made.history(world.issue_of(0))
    outlook = outlooks(world.parts.catalog, world.parts.lake, issued(history))["rebar_fob_turkey"]
    month = (world.last.to_period("M") - 1).strftime("%Y-%m")
    prices = history.prices.set_index("period")["price"].sort_index().loc[month]
    found = average(outlook, parse_period(month))
    assert (found.known, found.drawn, found.beyond) == (len(prices), 0, 0)
    assert found.values == pytest.approx(prices.mean())


@pytest.mark.parametrize(("changed", "says"), [({"q50": 1.0}, "quantiles cross"), ({"last_price": -1.0}, "last_price")])
def test_what_is_no_forecast_is_refused(world: Aging, changed: dict[str, float], says: str) -> None:
    forecast = issued(world.made.history(world.issue_of(0))).assign(**changed)
    with pytest.raises(PathsError, match=f"published forecast of rebar_fob_turkey cannot be used: {says}"):
        outlooks(world.parts.catalog, world.parts.lake, forecast)


def test_forecasts_of_several_days_and_lost_histories_are_refused(world: Aging) -> None:
    forecast = issued(world.made.history(world.issue_of(0)))
    both = pd.concat([forecast, forecast.assign(issued_date=pd.Timestamp("2019-01-02"), market="scrap_turkey")])
    with pytest.raises(PathsError, match="one day of issue"):
        outlooks(world.parts.catalog, world.parts.lake, both)
    with pytest.raises(HistoryError, match="no observations"):
        outlooks(world.parts.catalog, world.parts.lake, forecast.assign(market="scrap_turkey"))
