"""After how many equal values in a row a series counts as stuck, from its earlier standstills.

Illiquid contracts have their own pattern of repeated prices: the longer a standstill, the likelier it continues. So the
probability of one more equal value is estimated from the longest standstills that are frequent enough to count, at its upper 95 %
limit (Clopper and Pearson, 1934). A standstill counts as improbable if a year of daily checks produces one with probability below
0.005, which is far below 0.001 per check.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log

import numpy as np

from steel_assets.core.types import Frequency

IMPROBABLE = 0.005
"""Expected number of such standstills in a year of checks."""

COUNTED = 50
"""Number of values that the tail of the standstills must contain to estimate its probability."""

PERIODS_A_YEAR: dict[Frequency, float] = {"daily": 252.0, "weekly": 52.0}
"""Without monthly and quarterly series, which have too few values to judge repetitions."""


def lengths(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """The length of each run of equal values; 1 for a value unlike both its neighbours."""
    figures = np.asarray(values, dtype=float)
    if len(figures) == 0:
        return np.array([], dtype=int)
    borders = np.flatnonzero(figures[1:] != figures[:-1]) + 1
    return np.diff(np.concatenate([[0], borders, [len(figures)]]))


def improbable_length(past: np.ndarray, frequency: Frequency) -> float:
    """The shortest standstill that is improbable for a series with the ``lengths`` of ``past``; infinite without a past."""
    if len(past) == 0 or frequency not in PERIODS_A_YEAR:
        return float("inf")
    from scipy.special import betaincinv

    reached = np.array([(past >= length).sum() for length in range(1, int(past.max()) + 1)])
    from_here_on = np.cumsum(reached[::-1])[::-1]
    tail = int(np.flatnonzero(from_here_on >= COUNTED)[-1]) if from_here_on[0] >= COUNTED else 0
    trials, went_on = int(from_here_on[tail]), int(from_here_on[tail] - reached[tail])
    goes_on = float(betaincinv(went_on + 1, max(trials - went_on, 1), 0.95))
    standstills_a_year = PERIODS_A_YEAR[frequency] * len(past) / past.sum()
    reach_the_tail = standstills_a_year * (reached[tail] + 1) / (reached[0] + 1)
    more = ceil(log(IMPROBABLE / reach_the_tail) / log(goes_on)) if reach_the_tail > IMPROBABLE else 1
    return max(3, tail + 1 + more)
