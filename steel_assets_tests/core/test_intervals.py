"""Quantiles from past errors: in order, around the forecast, and covering what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from steel_assets.core import intervals
from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES

anything = arrays(float, st.integers(0, 60), elements=st.floats(-50, 50) | st.just(float("nan")))


@given(anything)
@settings(max_examples=150, deadline=None)
def test_quantiles_never_cross_and_the_forecast_lies_inside(errors: np.ndarray) -> None:
    levels = intervals.error_quantiles(errors)
    assert np.isfinite(levels).all()
    assert (np.diff(levels) >= 0).all()
    assert levels[0] <= 0 <= levels[-1]


def test_without_errors_the_quantiles_are_normal() -> None:
    assert intervals.error_quantiles(np.array([])) == pytest.approx([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645], abs=1e-3)


def test_many_errors_speak_for_themselves() -> None:
    errors = np.random.default_rng(0).exponential(1.0, 20_000)
    levels = intervals.error_quantiles(errors)
    assert levels[1:] == pytest.approx(-np.log(1 - np.array(QUANTILES[1:])), abs=0.06)
    assert levels[0] == 0.0  # no error was negative, but the forecast stays inside


def test_few_errors_are_stretched_outwards() -> None:
    errors = np.random.default_rng(0).standard_normal(60)
    assert intervals.error_quantiles(errors)[-1] > 0.99 * np.quantile(errors, 0.95)


def test_prices_stay_positive_and_finite_on_absurd_volatility() -> None:
    spread = intervals.spread(np.array([600.0]), np.array([1e6]), intervals.error_quantiles(np.array([])))
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

    from steel_assets.core.returns import expected_volatility

    covered = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        moves = 0.01 * rng.standard_t(5, 1600)
        if regime != "calm":
            moves[1300:] *= 2
        volatility = expected_volatility(pd.Series(np.concatenate([[np.nan], moves[:-1]])), 1)
        errors = moves / volatility
        for start in range(1300, 1600, 5):
            levels = intervals.error_quantiles(errors[start - 1000 : start])
            inside = (errors[start : start + 5] >= levels[0]) & (errors[start : start + 5] <= levels[-1])
            covered.append(inside.mean())
    assert 0.86 <= np.mean(covered) <= 0.94
