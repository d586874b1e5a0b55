"""The record of a market's forecasts: what was expected and what came, and nothing that was not known yet."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.asof import known_at
from steel_assets.core.averages import average, parse_period
from steel_assets.core.backtest import backtest
from steel_assets.core.history import MarketHistory
from steel_assets.core.purchase_record import Outcomes, outcomes, proven_then
from steel_assets.core.purchases import PurchaseError, Terms, fixings
from steel_assets.operations.outlooks import drawn
from steel_assets.operations.planning import ahead_of, columns_needed, per_tonne, record_of
from steel_assets_tests.core.issued import issued
from steel_assets_tests.core.synthetic import Synthetic, synthetic

COUNT, FIRST = 440, 260


@cache
def made() -> Synthetic:
    return synthetic(count=COUNT, lived=0)


@cache
def whole() -> MarketHistory:
    return made().history()


def walked(history: MarketHistory) -> pd.DataFrame:
    return backtest(history, history.origins[FIRST], history.origins[-1], families=["champion"])


def purchases(history: MarketHistory) -> Outcomes:
    return outcomes(record_of(walked(history), history, 5), 4, Terms(holding=2.0, capital=0.1))


@cache
def every_purchase() -> Outcomes:
    return purchases(whole())


@pytest.mark.parametrize("poisoned", [False, True])
def test_a_future_that_is_removed_or_falsified_changes_no_purchase_that_was_known_nor_what_was_proven(poisoned: bool) -> None:
    place = 410
    moment, rows = whole().moments[place], made().observations
    future = (known_at(rows) > moment).to_numpy()
    noise = np.exp(3 * np.random.default_rng(0).uniform(-1, 1, len(rows)))
    other = rows.assign(value=np.where(future, rows["value"] * noise, rows["value"])) if poisoned else rows[~future]
    history = made().knowing(other).history(None if poisoned else moment)
    found, then = every_purchase().known_by(place), purchases(history).known_by(place)
    assert len(found.last) > 120
    for name in ("origins", "numbers", "last", "known", "expected", "came"):
        assert np.array_equal(getattr(found, name), getattr(then, name)), name
    assert np.array_equal(proven_then(found), proven_then(then))


def test_what_came_is_the_price_of_each_day_and_what_was_expected_agrees_with_the_forecast() -> None:
    rows = walked(whole())
    record = record_of(rows, whole(), 5)
    row = 7
    mine = rows[(rows["model"] == "champion") & (rows["origin"] == pd.Timestamp(record.origins[row]))].set_index("h")
    assert record.came[row, 4] == mine.loc[5, "y"]
    assert record.last[row] == mine.loc[5, "last"]
    assert mine.loc[5, "q25"] < record.expected[row, 4] < mine.loc[5, "q75"]
    assert str(record.days[row, 4]) == f"{mine.loc[5, 'target_date']:%Y-%m-%d}"


def test_the_average_of_a_plan_is_that_of_the_odds() -> None:
    outlook = drawn({"rebar_test": issued(whole())}, {"rebar_test": whole()})["rebar_test"]
    paths, ahead = ahead_of(outlook)
    first = fixings(ahead, 2, Terms(contract="average"))[0]
    assert first.price(paths) == pytest.approx(average(outlook, parse_period(f"{outlook.days[0]:%Y-%m}")).values)


def test_prices_of_other_masses_are_planned_per_tonne_and_others_not_at_all() -> None:
    assert 700 * per_tonne("USD/short_ton") == pytest.approx(771.618, abs=1e-3)
    for unit in ("USD/bbl", "USD", "MXN/USD"):
        with pytest.raises(PurchaseError, match=f"prices are in {unit}, which is no price of a mass"):
            per_tonne(unit)


def test_a_record_reaches_as_far_as_the_market_is_forecast() -> None:
    assert columns_needed(20, "spot", 63) == 21
    assert columns_needed(20, "average", 63) == 44
    assert columns_needed(50, "average", 63) == 63
    with pytest.raises(PurchaseError, match="rebar_test is forecast 5 trading days ahead, not 21"):
        record_of(walked(whole()), whole(), 21)
