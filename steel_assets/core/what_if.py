"""A market's sample paths given a move of a driver, weighting those whose stretch of history had a similar move.

Every path belongs to a stretch of history (``paths``), in which the driver made a move. Paths are weighted by how near that move
is to the shock, and shifted along the regression of the price on the driver by the difference (regression-adjusted weighting:
Beaumont, Zhang & Balding 2002, *Approximate Bayesian Computation in Population Genetics*, Genetics 162, 2025–2035). The result
shows correlation in the past, not causation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steel_assets.core.problem import Problem

FEWEST = 8
"""Least number of independent stretches of history."""
WITHIN = (0.01, 0.99)
"""Quantiles of the driver's moves between which a shock must be."""


class ShockError(Problem, ValueError):
    """History has no comparable moves; the message says which shocks are possible."""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """Paths given a shock.

    Attributes:
        paths: prices, one row per path, one column per day up to that of the shock.
        weights: of the paths, adding up to 1.
        effective: number of independent stretches of history used.
        slope: per cent of the price on the last day for one per cent of the driver.
        correlation: of both over ``stretches`` stretches without overlap, with ``p`` for no correlation.
    """

    paths: np.ndarray
    weights: np.ndarray
    effective: float
    slope: float
    correlation: float
    stretches: int
    p: float

    def quantiles(self, day: int, levels: tuple[float, ...]) -> list[float]:
        """Quantiles of the price on a day, 1 the first, from the weighted paths."""
        values = self.paths[:, day - 1]
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(self.weights[order]) - self.weights[order] / 2
        return [float(value) for value in np.interp(levels, reached, values[order])]


def what_if(paths: np.ndarray, moves: np.ndarray, shock: float, apart: tuple[np.ndarray, np.ndarray]) -> WhatIf:
    """``paths`` given that the driver's log move up to their last day is ``shock``.

    Weights are normal in the distance from the shock, with the width of Silverman's rule for the number of independent stretches.
    The paths' distances from their centre are widened by √((n + 1) / (n - 2)), as those of a regression from n observations,
    because the centre and its dependence on the driver are estimates too.

    Args:
        paths: prices, one row per path, one column per day up to the day of the shock.
        moves: the driver's log move over the same days in each path's stretch.
        apart: over stretches without overlap, the driver's log moves and the market's.

    Raises:
        ShockError: the shock is outside the driver's past moves, or too few stretches came near it.
    """
    low, high = np.quantile(moves, WITHIN)
    days, independent = paths.shape[1], len(apart[0])
    if not low <= shock <= high:
        raise ShockError(
            f"in {days} trading days it went {np.expm1(low):+.1%} to {np.expm1(high):+.1%} in 98 of 100 stretches of history, "
            f"which say nothing of {np.expm1(shock):+.1%}"
        )
    spread = float(moves.std())
    if spread <= 0:
        raise ShockError("it never moved in the history of this market, so no shock can be computed")
    weights = np.exp(-(((moves - shock) / (1.06 * spread * independent**-0.2)) ** 2) / 2)
    weights /= weights.sum()
    effective = float(1 / (weights**2).sum()) / len(weights) * independent
    if effective < FEWEST:
        raise ShockError(
            f"only {effective:.1f} independent stretches of {days} trading days came near {np.expm1(shock):+.1%}, {FEWEST} are "
            "needed; ask for a smaller shock or fewer days"
        )
    logs = np.log(paths)
    centred = moves - weights @ moves
    slopes = (weights * centred) @ logs / float(weights @ centred**2)
    shifted = logs + np.outer(shock - moves, slopes)
    middle = weights @ shifted
    wide = middle + np.sqrt((effective + 1) / (effective - 2)) * (shifted - middle)
    correlation, p = _correlation(*apart)
    return WhatIf(np.exp(wide), weights, effective, float(slopes[-1]), correlation, independent, p)


def _correlation(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Pearson's correlation and the two-sided p-value of no correlation."""
    from scipy.special import stdtr

    if len(x) < 4 or x.std() <= 0 or y.std() <= 0:
        return 0.0, 1.0
    found = float(np.corrcoef(x, y)[0, 1])
    freedom = len(x) - 2
    t = found * np.sqrt(freedom / max(1 - found**2, 1e-12))
    return found, float(2 * stdtr(freedom, -abs(t)))
