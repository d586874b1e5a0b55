"""Quantiles from past errors: in order, around the forecast, and covering what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from steel_assets.core import intervals
from steel_assets.core.types import QUANTILE_COLUMNS

anything = arrays(float, st.integers(0, 60), elements=st.floats(-50, 50) | st.just(float("nan")))


@given(anything, st.sampled_from([1, 5, 21, 63]))
@settings(max_examples=150, deadline=None)
def test_quantiles_never_cross_and_the_forecast_is_their_middle(errors: np.ndarray, horizon: int) -> None:
    levels = intervals.error_quantiles(errors, horizon)
    assert np.isfinite(levels).all()
    assert (np.diff(levels) >= 0).all()
    assert np.allclose(levels, -levels[::-1])


def test_without_errors_the_quantiles_are_normal() -> None:
    normal = [-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645]
    assert intervals.error_quantiles(np.array([]), 1) == pytest.approx(normal, abs=1e-3)
    assert intervals.error_quantiles(np.full(9, np.nan), 1) == pytest.approx(normal, abs=1e-3)


def test_many_errors_speak_for_themselves() -> None:
    sizes = np.random.default_rng(0).exponential(1.0, 20_000)
    signs = np.random.default_rng(1).choice([-1, 1], len(sizes))
    levels = np.mean([intervals.error_quantiles((sizes * signs)[k : k + 1000], 1) for k in range(0, 19_000, 100)], axis=0)
    assert levels[4:] == pytest.approx([np.log(2), np.log(5), np.log(10)], abs=0.12)


def test_recent_errors_count_most_and_longer_ago_the_longer_the_horizon() -> None:
    calm_then_wild = np.repeat([0.5, 3.0], [400, 100])
    widths = [intervals.error_quantiles(calm_then_wild, horizon)[4] for horizon in (1, 5, 21)]
    assert widths[0] > 2.0 > max(widths[1:])
    assert intervals.error_quantiles(calm_then_wild[::-1], 1)[-1] < widths[0]


def test_few_errors_are_stretched_outwards_and_fewer_where_they_overlap() -> None:
    errors = np.random.default_rng(0).standard_normal(60)
    assert intervals.error_quantiles(errors, 1)[-1] > 0.99 * np.quantile(np.abs(errors), 0.9)
    alike = np.full(200, 0.1)
    assert intervals.error_quantiles(alike, 63)[-1] > 1.0 > 0.5 > intervals.error_quantiles(alike, 1)[-1]


def test_prices_stay_positive_and_finite_on_absurd_volatility() -> None:
    spread = intervals.spread(np.array([600.0]), np.array([1e6]), intervals.NORMAL_QUANTILES)
    assert (spread > 0).all()
    assert np.isfinite(spread).all()


def test_a_distribution_has_the_columns_every_model_promises() -> None:
    frame = intervals.distribution(np.array([600.0, 500.0]), np.array([0.01, 0.02]), intervals.NORMAL_QUANTILES)
    assert list(frame.columns) == ["p", *QUANTILE_COLUMNS]
    assert frame["p"].tolist() == [600.0, 500.0]
    assert frame["q50"].tolist() == [600.0, 500.0]


@pytest.mark.parametrize("regime", ["calm", "volatility doubles"])
def test_intervals_scaled_by_volatility_cover_ninety_percent(regime: str) -> None:
    import pandas as pd

    from steel_assets.core.returns import Returns, expected_volatility

    covered = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        moves = 0.01 * rng.standard_t(5, 1600)
        if regime != "calm":
            moves[1300:] *= 2
        known = pd.Series(np.concatenate([[np.nan], moves[:-1]]))
        volatility = expected_volatility(Returns(known, np.ones(len(known))), 1)
        errors = moves / volatility
        for start in range(1300, 1600, 5):
            levels = intervals.error_quantiles(errors[start - 1000 : start], 1)
            inside = (errors[start : start + 5] >= levels[0]) & (errors[start : start + 5] <= levels[-1])
            covered.append(inside.mean())
    assert 0.86 <= np.mean(covered) <= 0.94
