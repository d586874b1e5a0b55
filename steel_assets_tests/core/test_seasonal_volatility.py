"""The days on which a market moves are learned from its past, and only from that."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.history import MarketHistory
from steel_assets.core.returns import daily_returns, expected_volatility
from steel_assets.core.seasonal_volatility import SeasonalVolatility, measure
from steel_assets_tests.core.synthetic import LONDON, Synthetic, declare, publish, synthetic


@cache
def market() -> Synthetic:
    return synthetic(count=1300, lived=0).of(curve=(), roll="none", drivers=())


def moving(factor: float) -> MarketHistory:
    """Prices whose moves on the first session of each month are ``factor`` times the others'."""
    days = market().sessions
    first = np.concatenate([[False], days.month[1:] != days.month[:-1]])
    moves = 0.01 * np.random.default_rng(5).standard_normal(len(days)) * np.where(first, factor, 1.0)
    prices = 500 * np.exp(np.cumsum(moves))
    return market().knowing(publish(declare("rebar_m01", "USD/t", LONDON), days, prices)).history()


def rhythm_of(history: MarketHistory, horizon: int) -> SeasonalVolatility:
    return measure(history, daily_returns(history).moves, horizon)


def eves(history: MarketHistory) -> np.ndarray:
    """Origins of the last three years whose next session begins a month."""
    ahead = history.target_dates(1)
    return np.flatnonzero((ahead.month != history.origins.month) & (np.arange(len(ahead)) > 550))


def test_a_market_that_jumps_when_the_month_begins_is_expected_to() -> None:
    history = moving(5.0)
    ahead = rhythm_of(history, 1).ahead
    assert np.median(np.sqrt(ahead[eves(history)]) / np.median(np.sqrt(ahead))) == pytest.approx(5.0, rel=0.3)


def test_its_jumps_do_not_frighten_the_days_after_them() -> None:
    history = moving(5.0)
    returns = daily_returns(history)
    after = eves(history) + 1
    after = after[after < len(history.origins)]
    plain = expected_volatility(returns, 1)[after]
    knowing = expected_volatility(returns, 1, rhythm_of(history, 1))[after]
    assert np.median(knowing) < 0.85 * np.median(plain)


def test_a_market_without_a_rhythm_is_told_none() -> None:
    ahead = np.sqrt(rhythm_of(moving(1.0), 1).ahead[550:])
    assert np.abs(ahead - 1).mean() < 0.08


def test_a_month_ahead_holds_one_jump_wherever_it_begins() -> None:
    ahead = rhythm_of(moving(5.0), 21).ahead[-400:]
    assert ahead.std() / ahead.mean() < 0.25


def test_a_day_is_the_same_whatever_follows_it() -> None:
    history = moving(5.0)
    whole = rhythm_of(history, 5)
    for place in range(25, len(history.origins), 97):
        cut = replace(
            history,
            origins=history.origins[: place + 1],
            moments=history.moments[: place + 1],
            known=history.known.iloc[: place + 1],
            periods=history.periods.iloc[: place + 1],
        )
        part = rhythm_of(cut, 5)
        assert part.own.tolist() == whole.own[: place + 1].tolist()
        assert part.ahead.tolist() == whole.ahead[: place + 1].tolist()


def test_a_price_that_never_moves_has_no_rhythm() -> None:
    days = market().sessions
    still = market().knowing(publish(declare("rebar_m01", "USD/t", LONDON), days, np.full(len(days), 500.0))).history()
    found = rhythm_of(still, 5)
    assert (found.own == 1.0).all()
    assert np.allclose(found.ahead, 5.0)


def test_a_few_days_are_enough_to_ask() -> None:
    history = moving(1.0)
    short = history.origins[:3]
    cut = replace(history, origins=short, known=history.known.iloc[:3], periods=history.periods.iloc[:3])
    assert rhythm_of(cut, 63).ahead == pytest.approx([63.0, 63.0, 63.0])
    assert pd.notna(rhythm_of(cut, 1).own).all()
