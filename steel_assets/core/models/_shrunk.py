"""What share of a learner's prediction is believed: the one with which it would have erred least on rows held out.

The rows held out are the newest quarter of its past, which it was not fitted to. Believing nothing is a possible answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steel_assets.core import intervals
from steel_assets.core.samples import Samples
from steel_assets.core.types import MarketFrequency

FEWEST = 250
FEWEST_ROWS: dict[MarketFrequency, int] = {"daily": FEWEST, "weekly": 104, "monthly": 48}
"""With fewer rows than this nothing is learned and the base price is forecast."""
LARGEST = 4.0
"""Features and returns beyond this many standard deviations count as this many: no single day decides."""
BOLDEST = 1.0
BOLDEST_MOVES: dict[MarketFrequency, float] = {"daily": BOLDEST, "weekly": 2.5, "monthly": 2.5}
"""No forecast is further from the base price than this many standard deviations of the return. The days since the last price of a
month or week have made much of the next one already."""
SHARES = np.array([0.0, 0.25, 0.5, 0.75])
"""Candidates for the share of the prediction that is believed."""


@dataclass(frozen=True)
class Trial:
    """The newest rows of a past: the first ``fitted`` are fitted to, the last ``held_out`` judge.

    Rows in between are left out: their labels overlap those of the rows held out.

    Attributes:
        recent: all of the rows.
        returns: theirs in units of volatility, none beyond ``LARGEST``.
    """

    recent: Samples
    returns: np.ndarray
    fitted: int
    held_out: int

    @property
    def enough(self) -> bool:
        """Whether there are rows enough to learn from."""
        return len(self.recent) >= FEWEST_ROWS[self.recent.frequency] and self.fitted >= self.held_out

    def shrinkage(self, predictions: np.ndarray) -> Shrinkage:
        """The share that would have erred least.

        Args:
            predictions: of the rows held out, in units of volatility; a further axis for candidates of another kind.
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
    """What came of a trial.

    Attributes:
        share: of the prediction that is believed.
        error_ratio: the mean absolute error with it ÷ that of believing nothing, at most 1.
        candidate: which one of the other axis of the predictions went with it; empty without one.
    """

    share: float
    error_ratio: float
    candidate: tuple[int, ...]


def trial(past: Samples, rows: int) -> Trial:
    """The newest ``rows`` of ``past``, divided: the last quarter is held out."""
    recent = past.rows(slice(max(0, len(past) - rows), None))
    held_out = len(recent) // 4
    fitted = len(recent) - held_out - recent.horizon
    return Trial(recent, np.clip(recent.scaled_returns, -LARGEST, LARGEST), fitted, held_out)
