"""Tests of a mean and of a slope that hold where observations depend on each other and their spread changes.

The variance is the equal-weighted cosine estimate (Lazarus, Lewis, Stock & Watson 2018, *HAR Inference: Recommendations for
Practice*, J. Business & Economic Statistics 36, 541–559): the mean square of the first ν cosine transforms of the scores,
ν = 0.4 n^(2/3), and Student's t with ν degrees of freedom. Unlike the usual Newey–West it keeps its size with few observations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST = 30
"""Least number of observations for a test."""


@dataclass(frozen=True)
class Estimate:
    """An estimate, its standard error, the number of observations, and one-sided and two-sided p-values for zero.

    Attributes:
        above: probability of an estimate this high or higher if the true value is zero.
    """

    value: float
    error: float
    n: int
    p: float
    above: float


def mean_test(values: np.ndarray) -> Estimate:
    """The mean of ``values`` (finite) against zero."""
    mean = float(values.mean())
    return _estimate(mean, _long_run_variance(values - mean) / len(values), len(values))


def slope_test(y: np.ndarray, x: np.ndarray, *controls: np.ndarray) -> Estimate:
    """The slope of ``y`` on ``x`` in a regression with a constant and ``controls``, against zero. All finite, equally long.

    A constant ``x`` has no slope: p is 1.
    """
    others = np.column_stack([np.ones(len(y)), *controls])
    basis, _ = np.linalg.qr(others)
    x, y = (values - basis @ (basis.T @ values) for values in (x, y))
    spread = float(x @ x)
    if spread <= 1e-18:
        return Estimate(0.0, 0.0, len(y), 1.0, 1.0)
    slope = float(x @ y) / spread
    scores = x * (y - slope * x)
    return _estimate(slope, len(y) * _long_run_variance(scores) / spread**2, len(y))


def bartlett_variance(values: np.ndarray) -> float:
    """Long-run variance of ``values`` after Newey & West (1987), with 4 (n/100)^(2/9) lags; never below a tenth of the plain."""
    centred = values - values.mean()
    count = len(centred)
    plain = found = float(centred @ centred) / count
    lags = int(4 * (count / 100) ** (2 / 9))
    for lag in range(1, lags + 1):
        found += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag]) / count
    return max(found, plain / 10)


def _long_run_variance(scores: np.ndarray) -> float:
    from scipy.fft import dct

    waves = dct(scores, type=2)[1 : _freedom(len(scores)) + 1] / np.sqrt(2 * len(scores))
    return float(np.mean(waves**2))


def _freedom(count: int) -> int:
    return max(4, int(0.4 * count ** (2 / 3)))


def _estimate(value: float, variance: float, count: int) -> Estimate:
    from scipy.special import stdtr

    if variance <= 0:
        return Estimate(value, 0.0, count, 1.0, 1.0)
    error = float(np.sqrt(variance))
    above = float(stdtr(_freedom(count), -value / error))
    return Estimate(value, error, count, min(1.0, 2 * min(above, 1 - above)), above)
