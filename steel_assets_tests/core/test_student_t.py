"""Student's t distribution beside scipy's."""

from __future__ import annotations

import pytest
from scipy.special import stdtr

from steel_assets.core.student_t import cumulative


@pytest.mark.parametrize("freedom", [1, 2, 5, 119, 249, 3000])
def test_it_is_that_of_scipy(freedom: int) -> None:
    for statistic in (-1e200, -40.0, -8.0, -1.645, -1e-9, 0.0, 1e-9, 0.7, 3.0, 25.0, 1e200):
        assert cumulative(statistic, freedom) == pytest.approx(float(stdtr(freedom, statistic)), rel=1e-9, abs=1e-300)
