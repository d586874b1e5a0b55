"""The record of a market's forecasts: what was expected and what came, and nothing that was not known yet."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.asof import known_at
from steel_assets.core.averages import average, parse_period
from steel_assets.core.backtest import backtest
from steel_assets.core.history import MarketHistory
from steel_assets.core.planning import plan
from steel_assets.core.published_paths import PublishedPaths
from steel_assets.core.published_purchases import PublishedRecord
from steel_assets.core.published_purchases import plan as published_plan
from steel_assets.core.purchase_edge import NOTHING, Edge, Rival
from steel_assets.core.purchase_record import Outcomes, edge, outcomes, proven_then
from steel_assets.core.purchase_terms import Contract, PurchaseError, Terms, columns_needed, per_tonne
from steel_assets.core.purchases import fixings
from steel_assets.operations.outlooks import drawn
from steel_assets.operations.planning import ahead_of, published_record, record_of
from steel_assets.operations.publication.outlooks import packed_paths
from steel_assets_tests.core.issued import issued
from steel_assets_tests.core.synthetic import Synthetic, synthetic
from steel_assets_tests.serving.sample import walk_forward

COUNT, FIRST = 440, 260
PROVEN = Edge(250, 126, 21, dict.fromkeys(("now", "late", "thirds"), Rival(5.0, 0.01)))


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
        with pytest.raises(PurchaseError, match=f"prices are in {unit}, which is not a price by mass"):
            per_tonne(unit)


def test_a_record_reaches_as_far_as_the_market_is_forecast() -> None:
    assert columns_needed(20, "spot", 63) == 21
    assert columns_needed(20, "average", 63) == 44
    assert columns_needed(50, "average", 63) == 63
    with pytest.raises(PurchaseError, match="rebar_test is forecast 5 trading days ahead, not 21"):
        record_of(walked(whole()), whole(), 21)


HORIZONS = (1, 5, 21, 63)


def far_ahead(knows: float) -> tuple[MarketHistory, pd.DataFrame]:
    """A history that is forecast 63 days ahead, and a walk-forward over it whose champion knew the share ``knows``."""
    made = synthetic(count=COUNT, lived=0)
    history = made.history()
    history = replace(history, market=history.market.model_copy(update={"horizons": HORIZONS}))
    prices = pd.Series(history.last.to_numpy(), index=history.origins)
    return history, walk_forward("rebar_test", prices, knows)


@pytest.mark.parametrize("knows", [0.0, 0.3])
@pytest.mark.parametrize("contract", ["spot", "average"])
def test_what_is_published_of_past_purchases_tells_the_same_edge(knows: float, contract: Contract) -> None:
    history, rows = far_ahead(knows)
    hole = history.origins[COUNT // 2]
    history = replace(history, prices=history.prices[history.prices["period"] != hole])
    found = PublishedRecord.parsed(json.loads(json.dumps(published_record(rows, history))))
    for need, terms in ((0, Terms(contract=contract)), (4, Terms(3.0, 0.12, contract)), (39, Terms(0.0, 0.2, contract))):
        columns = columns_needed(need, contract, HORIZONS[-1])
        expected = edge(outcomes(record_of(rows, history, columns), need, terms))
        told = found.edge(need, terms, HORIZONS[-1])
        assert (told.origins, told.needed, told.length, told.proven) == (
            expected.origins, expected.needed, expected.length, expected.proven,
        )  # fmt: skip
        assert expected.origins > 200
        for name, rival in expected.rivals.items():
            assert told.rivals[name].saving == pytest.approx(rival.saving, abs=1e-9)
            assert told.rivals[name].p_value == pytest.approx(rival.p_value, abs=1e-9)
    with pytest.raises(PurchaseError, match="is forecast 63 trading days ahead, not 64"):
        found.edge(63, Terms(), 64)


@pytest.mark.parametrize("contract", ["spot", "average"])
def test_what_is_published_of_paths_makes_the_same_plan(contract: Contract) -> None:
    history = whole()
    outlook = drawn({"rebar_test": issued(history)}, {"rebar_test": history})["rebar_test"]
    paths, ahead = ahead_of(outlook)
    published = PublishedPaths.parsed(json.loads(json.dumps(packed_paths(outlook))), outlook.last)
    for need in (0, 3):
        for appetite, found in (("low", NOTHING), ("medium", PROVEN), ("high", PROVEN)):
            terms = Terms(2.0, 0.1, contract)
            expected = plan(paths, ahead, need, terms, found, appetite)
            told = published_plan(published, need, terms, found, appetite, factor=1.0)
            assert (told.advice, told.choice, told.shares) == (expected.advice, expected.choice, pytest.approx(expected.shares))
            assert [(str(at.day), at.held) for at in told.fixings] == [(str(at.day), at.held) for at in expected.fixings]
            for name, cost in expected.costs.items():
                assert asdict(told.costs[name]) == pytest.approx(asdict(cost), abs=0.01), name


def test_a_history_as_it_was_is_the_one_that_was_built_then() -> None:
    moment = whole().moments[400]
    then, found = made().history(moment), whole().until(moment, whole().origins[400])
    assert found.origins.equals(then.origins)
    assert found.moments.equals(then.moments)
    pd.testing.assert_frame_equal(found.known, then.known, check_freq=False)
    assert published_record(walked_rows(), found) == published_record(walked_rows(), then)


def walked_rows() -> pd.DataFrame:
    prices = pd.Series(whole().last.to_numpy(), index=whole().origins)
    return walk_forward("rebar_test", prices, 0.2)
