"""Coverage is judged by what chance does to honest intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from steel_assets.core.intervals import chance_of


@pytest.mark.parametrize(("coverage", "origins"), [(0.9, 250), (0.8, 250), (0.97, 250), (0.5, 20), (1.0, 60), (0.0, 3)])
def test_the_chance_is_the_binomial_tail_on_its_own_side(coverage: float, origins: int) -> None:
    inside = round(coverage * origins)
    tail = binom.cdf(inside, origins, 0.9) if inside <= 0.9 * origins else binom.sf(inside - 1, origins, 0.9)
    assert chance_of(coverage, origins, 1, 0.9) == pytest.approx(tail)


def test_forecasts_that_overlap_count_once_in_their_horizon() -> None:
    assert chance_of(0.8, 250, 21, 0.9) == pytest.approx(chance_of(9 / 11, 11, 1, 0.9))
    assert chance_of(0.0, 125, 63, 0.9) is None, "one forecast says nothing"


@pytest.mark.slow  # four thousand records
def test_honest_intervals_are_seldom_accused_and_those_of_eighty_per_cent_mostly() -> None:
    rng = np.random.default_rng(3)

    def accused(level: float) -> float:
        found = [chance_of(share, 250, 1, 0.9) for share in rng.binomial(250, level, 2000) / 250]
        return float(np.mean([chance is not None and chance < 0.001 for chance in found]))

    assert accused(0.9) < 0.004
    assert accused(0.8) > 0.8
