"""Errors with a known cause, and which of them would explain a move of one series.

A price in another unit, a percentage written as a share, a split of a share. They are named with a leap, and searched for in
moves that are unusual but within the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from steel_assets.core.types import MASSES_IN_TONNES, Series
from steel_assets.core.usual_moves import UsualMoves

SPLITS = ((2, 1), (3, 1), (3, 2), (4, 1), (4, 3), (5, 1), (5, 4), (6, 5), (7, 1), (8, 1), (10, 1), (20, 1))
"""Usual splits: ``new`` shares for ``old`` ones."""

NAMES = {"short_ton": "short ton", "long_ton": "long ton"}
PER_CENT = 100.0


def in_words(series: Series, factor: float, tolerance: float = 0.005) -> str | None:
    """The known error that would change ``series`` by ``factor``, in words; None if there is none.

    Args:
        tolerance: relative.
    """
    return _unit(series, factor, tolerance) or split(series, factor, tolerance) or _decimal(series, factor, tolerance)


def is_share(series: Series) -> bool:
    """Whether the series is the price of a share: per piece, not per mass, and no exchange rate."""
    return series.kind == "price" and "/" not in series.unit


def split(series: Series, factor: float, tolerance: float) -> str | None:
    """The split of a share, or the reverse split, that would change its price by ``factor``, in words."""
    ratio = usual_split(series, factor, tolerance)
    return None if ratio is None else f"a {ratio[0]}:{ratio[1]} split"


def usual_split(series: Series, factor: float, tolerance: float) -> tuple[int, int] | None:
    """The same as numbers: new shares, per old ones."""
    if not is_share(series) or factor <= 0:
        return None
    into_one = [(old, new) for new, old in SPLITS if new >= 2 * old]
    away = {(new, old): abs(log(factor) + log(new / old)) for new, old in (*SPLITS, *into_one)}
    nearest = min(away, key=lambda ratio: away[ratio])
    return nearest if away[nearest] <= tolerance else None


def _unit(series: Series, factor: float, tolerance: float) -> str | None:
    money, _, mass = series.unit.partition("/")
    if mass not in MASSES_IN_TONNES or factor <= 0:
        return None
    for other, tonnes in MASSES_IN_TONNES.items():
        if other != mass and abs(log(factor) - log(tonnes / MASSES_IN_TONNES[mass])) <= tolerance:
            return f"{money}/{NAMES.get(mass, mass)} written as {money}/{NAMES.get(other, other)}"
    return None


def _decimal(series: Series, factor: float, tolerance: float) -> str | None:
    if factor < 0 and abs(factor + 1) <= tolerance:
        return "the sign turned"
    if factor <= 0:
        return None
    if series.kind == "rate" and abs(log(factor) + log(PER_CENT)) <= tolerance:
        return "a percentage written as a share"
    if series.kind == "rate" and abs(log(factor) - log(PER_CENT)) <= tolerance:
        return "a share written as a percentage"
    for power in (10, 100, 1000):
        if abs(log(factor) - log(power)) <= tolerance or abs(log(factor) + log(power)) <= tolerance:
            return f"the decimal point moved by {len(str(power)) - 1}"
    return None


SUSPICIOUS_SCALES, ALIKE_SCALES = 6.0, 2.0
"""A move of so many scales is doubted within the limit too, when a known error would explain all but so many of them."""

CALM = 1.3
"""The market is calm if its last moves are at most this many times its usual ones."""

SMALLEST_SPLIT = 0.16
"""A smaller fall of a share (as a log-return) is not a split by any usual ratio."""

SPLIT_DAY_SCALES = 4.0
"""How many usual moves a share may have made on the day of its split, if the step is a leap in any case."""

DECIMAL_ERRORS = (100.0, 0.01, 10.0, 0.1, -1.0)


@dataclass(frozen=True)
class LikelyErrors:
    """Known errors of a series whose usual moves are ``usual``."""

    usual: UsualMoves

    def suspicious(self, move: float) -> bool:
        """Whether a move is so unusual that it may contain an error, even if it is within the limit."""
        return bool(self.usual.scale) and abs(move) > SUSPICIOUS_SCALES * (self.usual.scale or 0.0)

    def calm(self, seen: np.ndarray) -> bool:
        """Whether the moves of ``seen`` are at most as large as usual."""
        return self.usual.local(seen) <= CALM * (self.usual.scale or 0.0)

    def split_within_the_limit(self, factor: float, days: float) -> tuple[int, int] | None:
        """The split that a fall by ``factor`` over ``days`` in calm times would be: new shares per old ones.

        The market itself moves on that day as well, and more over several.
        """
        tolerance = ALIKE_SCALES * (self.usual.scale or 0.0) * sqrt(max(1.0, days))
        return usual_split(self.usual.series, factor, tolerance) if factor < exp(-SMALLEST_SPLIT) else None

    def split_beyond_the_limit(self, factor: float) -> tuple[int, int] | None:
        """The split that a leap by ``factor`` would be."""
        tolerance = min(0.1, max(0.005, SPLIT_DAY_SCALES * (self.usual.scale or 0.0)))
        return usual_split(self.usual.series, factor, tolerance)

    def decimal(self, before: float, after: float) -> float | None:
        """The factor of a decimal point, a percentage or a sign between ``before`` and ``after``, up to a usual move."""
        usual = ALIKE_SCALES * (self.usual.scale or 0.0)
        return next(
            (
                decimal_error
                for decimal_error in DECIMAL_ERRORS
                if abs(after - decimal_error * before) <= min(1.0, abs(decimal_error)) * usual
            ),
            None,
        )

    def in_words(self, before: float, after: float) -> str | None:
        """The known error that leads from ``before`` to ``after``; None if there is none."""
        if before == 0:
            return None
        return in_words(self.usual.series, after / before, self._tolerance if self.usual.by_factor else 0.05)

    def explains_a_level(self, before: float, after: float, move: float) -> bool:
        """Whether an error would explain that values stay at ``after``, a ``move`` away from ``before``."""
        if not self.usual.by_factor:
            return self.decimal(before, after) is not None
        return split(self.usual.series, float(np.exp(-abs(move))), min(0.05, 1.5 * (self.usual.scale or 0.01))) is not None

    @property
    def _tolerance(self) -> float:
        return min(0.05, max(0.005, 1.5 * (self.usual.scale or 0.0)))
