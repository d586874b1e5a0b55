"""Which known error would explain a move of one series: told beside a leap, and sought in moves that are unusual and no leap."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from steel_assets.core.known_errors import in_words, split, usual_split
from steel_assets.core.usual_moves import UsualMoves

SUSPICIOUS_SCALES, ALIKE_SCALES = 6.0, 2.0
"""A move of so many scales is doubted within the limit too, when a known error would explain all but so many of them."""

CALM = 1.3
"""A market moves no more than usual while its last moves are no larger than this many times its usual ones."""

SMALLEST_SPLIT = 0.16
"""A share that falls by less (as a log-return) has not been split, by any usual ratio."""

SPLIT_DAY_SCALES = 4.0
"""How many usual moves a share may have made on the day of its split, where the step is a leap whatever it is."""

DECIMAL_ERRORS = (100.0, 0.01, 10.0, 0.1, -1.0)


@dataclass(frozen=True)
class LikelyErrors:
    """Known errors of a series whose usual moves are ``usual``."""

    usual: UsualMoves

    def suspicious(self, move: float) -> bool:
        """Whether a move (of figures as they are seen) is so unusual that an error may hide in it, limit or not."""
        return bool(self.usual.scale) and abs(move) > SUSPICIOUS_SCALES * (self.usual.scale or 0.0)

    def calm(self, seen: np.ndarray) -> bool:
        """Whether the moves of ``seen`` are no larger than usual."""
        return self.usual.local(seen) <= CALM * (self.usual.scale or 0.0)

    def split_within_the_limit(self, factor: float, days: float) -> tuple[int, int] | None:
        """The split that a fall by ``factor`` over ``days`` in calm times would be: new shares for old ones.

        The market moves on that day as well, and more over several.
        """
        tolerance = ALIKE_SCALES * (self.usual.scale or 0.0) * sqrt(max(1.0, days))
        return usual_split(self.usual.series, factor, tolerance) if factor < exp(-SMALLEST_SPLIT) else None

    def split_beyond_the_limit(self, factor: float) -> tuple[int, int] | None:
        """The split that a leap by ``factor`` would be."""
        tolerance = min(0.1, max(0.005, SPLIT_DAY_SCALES * (self.usual.scale or 0.0)))
        return usual_split(self.usual.series, factor, tolerance)

    def decimal(self, before: float, after: float) -> float | None:
        """The factor of a decimal point, a percentage or a sign by which ``after`` is ``before``, all but a usual move."""
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
        """The known error by which ``after`` follows upon ``before``; None where it is none."""
        if before == 0:
            return None
        return in_words(self.usual.series, after / before, self._tolerance if self.usual.by_factor else 0.05)

    def explains_a_level(self, before: float, after: float, move: float) -> bool:
        """Whether an error would explain that figures stay at ``after``, a ``move`` away from ``before``."""
        if not self.usual.by_factor:
            return self.decimal(before, after) is not None
        return split(self.usual.series, float(np.exp(-abs(move))), min(0.05, 1.5 * (self.usual.scale or 0.01))) is not None

    @property
    def _tolerance(self) -> float:
        return min(0.05, max(0.005, 1.5 * (self.usual.scale or 0.0)))
