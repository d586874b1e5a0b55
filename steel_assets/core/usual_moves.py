"""How far a series usually moves from one value to the next, as the measure of a leap.

Values above zero that move by factors are compared by their logarithms, all others by their differences. A *limit* is the largest
move accepted: eight robust standard deviations (1.4826 × the median size of moves that are not zero, of the whole history or of
the last twenty moves, whichever is larger), at least what no calm series exceeds, at most a factor of eight.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from steel_assets.core.calendars import PERIOD_DAYS
from steel_assets.core.types import Series

SCALES = 8.0
LOCAL_MOVES = 20

FEWEST_MOVES = 20
"""Least number of moves to measure a usual one."""

LEAST_LEAP = log(1.33)
"""A smaller move of a price or index is never a leap: contract rolls, crises and squeezes of calm markets reach it."""

LEAST_POINTS = 1.0
"""The same for a rate, in points."""

LEAST_LEVELS = 0.35
"""The same for a spread and for an index that may be negative, relative to the median size of its values."""

OFTEN_NEGATIVE, CROSSING_LEVELS = 0.05, 1.75
"""The same where at least this share of the figures is negative: of a balance that changes its sign the level says little."""

SHORT_HISTORY_LEAP = log(3.0)
SHORT_HISTORY_LEVELS = 3.0
"""Limit for a series with too short a history; for rates as many points are added."""

MOST_BELIEVED = log(8.0)
"""However volatile a series is, an error by a factor of ten exceeds the limit."""

PATIENT_PERIODS = 10.0
"""A gap of more periods than this widens the limit by its square root."""


@dataclass(frozen=True)
class UsualMoves:
    """What is usual for one series.

    Attributes:
        by_factor: figures are compared by their logarithms; False: by their differences.
        scale: one robust standard deviation of its moves; None when too few are known.
        least: the smallest limit.
    """

    series: Series
    by_factor: bool
    scale: float | None
    least: float

    @classmethod
    def of(cls, series: Series, figures: np.ndarray) -> UsualMoves:
        """The usual moves of the history ``figures``, in the order of their periods (finite)."""
        by_factor = series.kind == "price" or (series.kind == "index" and bool((figures > 0).all()))
        seen = np.log(figures[figures > 0]) if by_factor else figures
        sizes = _moves(seen)
        level = float(np.median(np.abs(figures))) if len(figures) else 0.0
        young = len(sizes) < FEWEST_MOVES
        if by_factor:
            least = SHORT_HISTORY_LEAP if young else LEAST_LEAP
        elif series.kind == "rate":
            least = SHORT_HISTORY_LEVELS * (level + 1.0) if young else LEAST_POINTS
        else:
            crossing = bool(np.mean(figures < 0) > OFTEN_NEGATIVE)
            least = (SHORT_HISTORY_LEVELS if young else CROSSING_LEVELS if crossing else LEAST_LEVELS) * level
        return cls(series, by_factor, None if young else 1.4826 * float(np.median(sizes)), least)

    def seen(self, figures: np.ndarray) -> np.ndarray:
        """``figures`` as they are compared; NaN where they cannot be."""
        if not self.by_factor:
            return figures.astype(float)
        return np.log(np.where(figures > 0, figures, np.nan))

    def limit(self, before: np.ndarray, days: float = 0.0) -> float:
        """The largest accepted move after the values ``before`` (as ``seen``, the nearest last), ``days`` after the last."""
        widest = 0.0 if self.scale is None else max(self.scale, self.local(before))
        return float(self._patient(max(SCALES * widest, self.least), np.array([days]))[0])

    def local(self, before: np.ndarray) -> float:
        """One robust standard deviation of the last moves of ``before``; 0.0 when they are too few."""
        moves = _moves(before[-LOCAL_MOVES - 1 :])
        return 1.4826 * float(np.median(moves)) if len(moves) > LOCAL_MOVES // 2 else 0.0

    def limits(self, days: np.ndarray) -> np.ndarray:
        """The largest accepted moves over gaps of ``days``, whatever came before."""
        return self._patient(max(SCALES * (self.scale or 0.0), self.least), days)

    def _patient(self, limit: float, days: np.ndarray) -> np.ndarray:
        grace = np.sqrt(np.maximum(1.0, days / PERIOD_DAYS[self.series.frequency] / PATIENT_PERIODS))
        return np.minimum(limit * grace, MOST_BELIEVED if self.by_factor else np.inf)


def _moves(seen: np.ndarray) -> np.ndarray:
    """Sizes of the moves that are not zero."""
    moves = np.abs(np.diff(seen))
    return moves[moves > 0]
