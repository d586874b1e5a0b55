"""From point forecasts to distributions: how wrong were past forecasts, measured in units of the volatility expected then.

Split conformal prediction (Vovk et al. 2005) on signed log errors divided by volatility: the quantiles of errors that were
really made out of sample become the quantiles around the next forecast. Nothing is assumed symmetric or normal, except where
there are almost no errors to learn from.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES

PRIOR_ERRORS = 20
"""A normal distribution with the expected volatility counts as this many errors, so that few errors do not decide alone."""

NORMAL_QUANTILES = np.array([NormalDist().inv_cdf(level) for level in QUANTILES])
SMALLEST = 1e-9
"""Spreads below this are no spread at all."""
LARGEST_LOG_MOVE = 3.0
"""No quantile lies further than this from its forecast (a factor of 20): volatility measured on broken data stays finite."""


def scaled_errors(y: np.ndarray, points: np.ndarray, volatility: np.ndarray) -> np.ndarray:
    """log(y / p) in units of the volatility expected over the horizon; NaN where the price is not known."""
    return np.log(y / points) / volatility


def error_quantiles(errors: np.ndarray) -> np.ndarray:
    """The scaled error at each of ``types.QUANTILES``, from past out-of-sample scaled errors (NaN are left out).

    The quantiles are those of the errors and the next one together (the conformal correction: levels stretch outwards by
    (n + 1) / n), blended with the prior in proportion to their numbers. Never crossing; the forecast itself (0) always
    lies inside the 90 % interval.
    """
    found = errors[np.isfinite(errors)]
    n = len(found)
    if n == 0:
        return NORMAL_QUANTILES.copy()
    levels = np.array(QUANTILES)
    stretched = np.clip(0.5 + (levels - 0.5) * (n + 1) / n, 0.0, 1.0)
    measured = np.quantile(found, stretched)
    blended = (n * measured + PRIOR_ERRORS * NORMAL_QUANTILES) / (n + PRIOR_ERRORS)
    blended[0], blended[-1] = min(blended[0], 0.0), max(blended[-1], 0.0)
    return np.maximum.accumulate(blended)


def stored_levels(values: object) -> np.ndarray:
    """Scaled error quantiles read back from a file.

    Raises:
        ValueError: they are not as many ascending, finite numbers as there are quantiles.
    """
    levels = np.asarray(values, dtype=float)
    if levels.shape != (len(QUANTILES),) or not np.isfinite(levels).all() or (np.diff(levels) < 0).any():
        raise ValueError(f"levels must be {len(QUANTILES)} ascending numbers")
    return levels


def spread(points: np.ndarray, volatility: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The quantiles around each point forecast: one row per forecast, one column per level of ``types.QUANTILES``.

    Args:
        levels: scaled errors from ``error_quantiles``; one set for all rows, or one row each.
    """
    moves = np.clip(np.atleast_2d(levels) * volatility[:, None], -LARGEST_LOG_MOVE, LARGEST_LOG_MOVE)
    return points[:, None] * np.exp(moves)


def distribution(points: np.ndarray, volatility: np.ndarray, levels: np.ndarray) -> pd.DataFrame:
    """Point forecasts ``p`` and their quantiles ``q05`` … ``q95``, as every model predicts them."""
    frame = pd.DataFrame(spread(points, volatility, levels), columns=list(QUANTILE_COLUMNS))
    frame.insert(0, "p", points)
    return frame
