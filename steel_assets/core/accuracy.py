"""How far point forecasts were off, on one set of dates. Every figure a promotion or a metric table states comes from here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Accuracy:
    """Errors over ``origins`` forecasts; NaN where they cannot be measured.

    Attributes:
        origins: forecasts scored.
        mape: mean |error| / |actual|, a share (0.05 is 5 %).
        r2: 1 - sum of squared errors / sum of squared deviations of the actual prices from their mean.
        rmse, mae: in the target's unit.
    """

    origins: int
    mape: float
    r2: float
    rmse: float
    mae: float


def accuracy(actual: ArrayLike, predicted: ArrayLike) -> Accuracy:
    """Compare forecasts with what happened, row by row.

    Raises:
        ValueError: the two differ in length, or hold values that are not finite: score only what both have.
    """
    y, p = np.asarray(actual, dtype=float), np.asarray(predicted, dtype=float)
    if y.shape != p.shape or y.ndim != 1:
        raise ValueError(f"actual and predicted prices must be two columns of one length, got shapes {y.shape} and {p.shape}")
    if not (np.isfinite(y).all() and np.isfinite(p).all()):
        raise ValueError("actual and predicted prices must be finite: leave out the dates on which either is missing")
    if len(y) == 0:
        return Accuracy(0, np.nan, np.nan, np.nan, np.nan)
    error = p - y
    spread = float(((y - y.mean()) ** 2).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        mape = float(np.mean(np.abs(error) / np.abs(y)))
    return Accuracy(
        origins=len(y),
        mape=mape,
        r2=1.0 - float((error**2).sum()) / spread if spread > 0 else np.nan,
        rmse=float(np.sqrt(np.mean(error**2))),
        mae=float(np.mean(np.abs(error))),
    )
