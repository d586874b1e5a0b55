"""Shrinks a learner's predictions by the factor that would have had the smallest error on held-out rows.

Held out is the newest quarter of its past, which it was not fitted on. The factor can be zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steel_assets.core import intervals
from steel_assets.core.samples import Samples
from steel_assets.core.types import MarketFrequency

FEWEST = 250
FEWEST_ROWS: dict[MarketFrequency, int] = {"daily": FEWEST, "weekly": 104, "monthly": 48}
"""With fewer rows nothing is learned and the base price is forecast."""
LARGEST = 4.0
"""Features and returns are clipped to this many standard deviations, so that no single day dominates."""
BOLDEST = 1.0
BOLDEST_MOVES: dict[MarketFrequency, float] = {"daily": BOLDEST, "weekly": 2.5, "monthly": 2.5}
"""Largest distance of a forecast from the base price, in standard deviations of the return.

It is larger for weekly and monthly markets, because the days since the last price already contain much of the next move.
"""
SHARES = np.array([0.0, 0.25, 0.5, 0.75])
"""Candidates for the shrinkage factor."""


@dataclass(frozen=True)
class Trial:
    """The newest rows of a past: the first ``fitted`` for fitting, the last ``held_out`` for judging.

    Rows in between are left out: their labels overlap those of the held-out rows.

    Attributes:
        recent: all of the rows.
        returns: theirs in units of volatility, clipped to ``LARGEST``.
    """

    recent: Samples
    returns: np.ndarray
    fitted: int
    held_out: int

    @property
    def enough(self) -> bool:
        """Whether there are enough rows to learn from."""
        return len(self.recent) >= FEWEST_ROWS[self.recent.frequency] and self.fitted >= self.held_out

    def shrinkage(self, predictions: np.ndarray) -> Shrinkage:
        """The shrinkage factor with the smallest error.

        Args:
            predictions: of the held-out rows, in units of volatility; a further axis holds other kinds of candidates.
        """
        boldest = BOLDEST_MOVES[self.recent.frequency]
        shrunk = np.clip(predictions[..., None] * SHARES, -boldest, boldest)
        returns = self.returns[-self.held_out :].reshape(-1, *(1 for _ in predictions.shape))
        errors = np.abs(returns - shrunk).mean(axis=0)
        *candidate, share = np.unravel_index(np.argmin(errors), errors.shape)
        ratio = min(1.0, errors.min() / max(errors.flat[0], intervals.SMALLEST))
        return Shrinkage(float(SHARES[share]), ratio, tuple(int(index) for index in candidate))


@dataclass(frozen=True)
class Shrinkage:
    """The result of a trial.

    Attributes:
        share: the shrinkage factor.
        error_ratio: the mean absolute error with it ÷ that with factor zero, at most 1.
        candidate: index on the further axis of the predictions; empty without one.
    """

    share: float
    error_ratio: float
    candidate: tuple[int, ...]


def trial(past: Samples, rows: int) -> Trial:
    """The newest ``rows`` of ``past``, with the last quarter held out."""
    recent = past.rows(slice(max(0, len(past) - rows), None))
    held_out = len(recent) // 4
    fitted = len(recent) - held_out - recent.horizon
    return Trial(recent, np.clip(recent.scaled_returns, -LARGEST, LARGEST), fitted, held_out)
