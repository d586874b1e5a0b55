"""Paths given a shock go where history went with it, are as wide as so few stretches allow, and refuse what was never seen."""

from __future__ import annotations

import numpy as np
import pytest

from steel_assets.core.what_if import ShockError, what_if

DAYS, PATHS = 21, 1000
STEP = 0.012


def joint(beta: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Paths of a price that goes ``beta`` times as far as its driver, the driver's moves, and stretches that do not overlap."""
    rng = np.random.default_rng(seed)
    driver = STEP * rng.standard_normal((PATHS, DAYS))
    own = beta * driver + 0.5 * STEP * rng.standard_normal((PATHS, DAYS))
    moves = driver.sum(axis=1)
    return 600 * np.exp(np.cumsum(own, axis=1)), moves, (moves[:90], own.sum(axis=1)[:90])


def test_a_price_that_follows_its_driver_goes_where_the_shock_takes_it() -> None:
    found = what_if(*joint(0.5)[:2], shock=0.08, apart=joint(0.5)[2])
    assert np.log(found.quantiles(DAYS, (0.5,))[0] / 600) == pytest.approx(0.04, abs=0.006)
    assert np.log(found.quantiles(10, (0.5,))[0] / 600) == pytest.approx(0.04 * 10 / 21, abs=0.006)
    assert found.slope == pytest.approx(0.5, abs=0.06)
    assert found.p < 0.001
    assert found.weights.sum() == pytest.approx(1)


def test_what_is_left_open_is_as_wide_as_what_the_driver_does_not_say() -> None:
    """Given the driver, half a step a day is left, and a little more because the middle is known from few stretches."""
    left = 2 * 1.645 * 0.5 * STEP * np.sqrt(DAYS)
    shares = []
    for seed in range(8):
        paths, moves, apart = joint(0.5, seed)
        found = what_if(paths, moves, 0.06, apart)
        low, high = found.quantiles(DAYS, (0.05, 0.95))
        shares.append(np.log(high / low) / left / np.sqrt((found.effective + 1) / (found.effective - 2)))
        assert np.log(high / low) < np.log(np.quantile(paths[:, -1], 0.95) / np.quantile(paths[:, -1], 0.05))
    assert np.mean(shares) == pytest.approx(1, abs=0.05)


def test_a_driver_that_does_not_matter_changes_nothing_and_says_so() -> None:
    paths, moves, apart = joint(0.0, seed=3)
    found = what_if(paths, moves, 0.05, apart)
    assert found.p > 0.05
    for level in (0.05, 0.5, 0.95):
        assert found.quantiles(DAYS, (level,))[0] == pytest.approx(np.quantile(paths[:, -1], level), rel=0.015)


def test_the_further_the_shock_the_fewer_stretches_it_rests_on() -> None:
    paths, moves, apart = joint(0.5)
    sizes = [what_if(paths, moves, shock, apart).effective for shock in (0.0, 0.05, 0.09)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[0] < len(apart[0]), "never more than there are"


@pytest.mark.parametrize("shock", [0.3, -0.3])
def test_a_shock_that_history_never_saw_is_refused_with_what_it_saw(shock: float) -> None:
    paths, moves, apart = joint(0.5)
    with pytest.raises(ShockError, match=r"in 21 trading days it went -\d+\.\d% to \+\d+\.\d% in 98 of 100 stretches"):
        what_if(paths, moves, shock, apart)


def test_a_short_history_is_refused_and_so_is_a_driver_that_never_moved() -> None:
    paths, moves, (x, y) = joint(0.5)
    with pytest.raises(ShockError, match=r"only .* independent stretches of 21 trading days came near"):
        what_if(paths, moves, 0.09, (x[:12], y[:12]))
    with pytest.raises(ShockError, match="it never moved"):
        what_if(paths, np.zeros(PATHS), 0.0, (x, y))
