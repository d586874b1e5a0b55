"""Costs: the formula by hand, and no figure made up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.costs import cost_per_prediction_usd, day_cost_usd, month_projection_usd

PRICES = {"compute_usd_per_vcpu_hour": 0.0864, "storage_usd_per_gib_month": 0.02}


def test_the_cost_of_a_day_is_compute_by_the_hour_and_storage_by_the_month():
    assert day_cost_usd(1800, 0, **PRICES) == pytest.approx(0.0432)
    assert day_cost_usd(1800, 0, vcpus=2, **PRICES) == pytest.approx(0.0864)
    assert day_cost_usd(0, 2**30, **PRICES) * 365.25 == pytest.approx(0.02 * 12)
    assert day_cost_usd(0, 0, queried_bytes=2**38, query_usd_per_tib=6.25, **PRICES) == pytest.approx(1.5625)
    assert day_cost_usd(0, 0, **PRICES) == 0


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_measure_that_cannot_be_is_refused_by_name(seconds: float):
    with pytest.raises(ValueError, match="compute_seconds"):
        day_cost_usd(seconds, 0, **PRICES)
    with pytest.raises(ValueError, match="stored_bytes"):
        day_cost_usd(0, seconds, **PRICES)


def test_no_prediction_has_no_cost_each():
    assert cost_per_prediction_usd(0.1, 20) == pytest.approx(0.005)
    assert cost_per_prediction_usd(0.1, 0) is None


def test_a_month_is_projected_from_the_days_that_are_known():
    assert month_projection_usd(pd.Series([0.1, np.nan, 0.3])) == pytest.approx(0.2 * 365.25 / 12)
    assert month_projection_usd(pd.Series([np.nan])) is None
