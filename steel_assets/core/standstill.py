"""After how many equal figures in a row a series is stuck, from how long it stood still before.

Illiquid contracts stand still in a way of their own: the longer they have, the likelier they go on. So the chance of one more
equal figure is measured among the longest standstills that are frequent enough to be counted, at its upper 95 % limit
(Clopper and Pearson, 1934), and a standstill counts as improbable when a year of looking every day brings one with a chance of
less than 0.005: far below 0.001 at any one look.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log

import numpy as np

from steel_assets.core.types import Frequency

IMPROBABLE = 0.005
"""Expected number of such standstills in a year of looking at the series."""

COUNTED = 50
"""Figures that the tail of the standstills must hold for its chance to be measured."""

PERIODS_A_YEAR: dict[Frequency, float] = {"daily": 252.0, "weekly": 52.0}
"""A monthly or quarterly figure may repeat itself; there are too few of them to tell."""


def lengths(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """How many equal figures there are in a row, standstill by standstill; 1 for a figure unlike both its neighbours."""
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
