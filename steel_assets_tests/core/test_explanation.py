"""What is published beside a forecast: how much of it each driver is answerable for, in money."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.explanation import COLUMNS, contributions, explain
from steel_assets.core.features import build_features, driver_of
from steel_assets.core.forecast import issue
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import model_families
from steel_assets.core.training import Candidate, baseline, train, train_horizon
from steel_assets_tests.core.synthetic import synthetic


@pytest.fixture(scope="module")
def history() -> MarketHistory:
    return synthetic(count=520, lived=0).history()


@pytest.fixture(scope="module")
def trained(history: MarketHistory) -> Candidate:
    return train(history, build_features(history), window=60)


def test_the_contributions_of_an_issue_add_up_to_its_way_from_the_last_price(history: MarketHistory, trained: Candidate) -> None:
    features = build_features(history)
    issued = issue(history, features, trained.bundles.values()).set_index("horizon")
    rows = explain(history, features, trained.bundles.values())
    assert list(rows.columns) == COLUMNS
    moved = rows.groupby("horizon")["contribution"].sum().reindex(issued.index, fill_value=0.0)
    assert moved.to_numpy() == pytest.approx((issued["predicted_price"] - issued["last_price"]).to_numpy(), abs=1e-9)
    assert not rows.duplicated(["horizon", "driver"]).any()
    assert rows["contribution"].abs().sum() > 0
    assert explain(history, features, trained.bundles.values()).equals(rows)


def test_a_forecast_that_is_the_last_price_needs_no_explanation(history: MarketHistory) -> None:
    features = build_features(history)
    rows = explain(history, features, [baseline(history, features, 5)])
    assert len(rows) == 0
    assert list(rows.columns) == COLUMNS


@pytest.mark.slow  # trains a market of its own
def test_a_market_without_a_curve_is_not_told_of_one() -> None:
    plain = synthetic(count=520, lived=0).of(curve=(), roll="none").history()
    features = build_features(plain)
    learned = train_horizon(plain, features, 1, 60, None).bundle
    model = model_families()["ridge"]()
    assert "forward_curve" not in set(explain(plain, features, [learned, replace(learned, horizon=5, model=model)])["driver"])


def test_a_rise_and_the_fall_back_are_shared_out_alike() -> None:
    moves = pd.DataFrame({"scrap": [0.3, -0.3], "own_price": [-0.1, 0.1]})
    last = np.array([500.0, 500.0 * np.exp(0.2)])
    money = contributions(moves, last, last * np.exp(moves.sum(axis=1).to_numpy()))
    assert money.iloc[0].to_numpy() == pytest.approx(-money.iloc[1].to_numpy())
    assert money.sum(axis=1).tolist() == pytest.approx([500 * (np.exp(0.2) - 1), -500 * (np.exp(0.2) - 1)])


def test_drivers_that_cancel_out_are_still_told() -> None:
    money = contributions(pd.DataFrame({"scrap": [0.01], "calendar": [-0.01]}), np.array([600.0]), np.array([600.0]))
    assert money.iloc[0].tolist() == pytest.approx([6.0, -6.0])


def test_every_feature_belongs_to_a_series_of_the_market_or_to_a_word_a_buyer_understands() -> None:
    market = synthetic(count=120, lived=0)
    drivers = {driver_of(name) for name in build_features(market.history()).columns}
    assert drivers == {"scrap", "ore", "dead", "ppi", "own_price", "calendar", "volatility", "forward_curve"}
