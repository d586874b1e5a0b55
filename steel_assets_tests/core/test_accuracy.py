"""Errors of point forecasts, against figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from steel_assets.core.accuracy import accuracy


def test_the_figures_are_those_worked_out_by_hand():
    found = accuracy([100, 200, 300], [110, 190, 300])
    assert found.origins == 3
    assert found.mape == pytest.approx((0.1 + 0.05 + 0) / 3)
    assert found.mae == pytest.approx(20 / 3)
    assert found.rmse == pytest.approx(math.sqrt(200 / 3))
    assert found.r2 == pytest.approx(1 - 200 / 20000)


def test_nothing_to_score_is_no_score():
    found = accuracy([], [])
    assert found.origins == 0
    assert all(math.isnan(value) for value in (found.mape, found.r2, found.rmse, found.mae))


def test_prices_that_never_move_have_no_r2():
    assert math.isnan(accuracy([5, 5], [5, 6]).r2)
    assert math.isnan(accuracy([5], [5]).r2)


def test_a_price_of_zero_has_no_finite_percentage():
    assert not math.isfinite(accuracy([0, 100], [1, 100]).mape)


@pytest.mark.parametrize(("actual", "predicted"), [([1, 2], [1]), ([np.nan], [1]), ([1], [np.inf]), (5, 5), ([[1]], [[1]])])
def test_columns_that_do_not_belong_together_are_refused(actual: object, predicted: object):
    with pytest.raises(ValueError, match="must be"):
        accuracy(actual, predicted)
