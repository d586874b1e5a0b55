"""Do the intervals hold what they promise? Judged by what chance alone would do to intervals that do."""

from __future__ import annotations

from math import comb

FEWEST = 3
"""Forecasts that do not overlap, below which nothing is said."""


def chance_of(coverage: float, origins: int, horizon: int, level: float) -> float | None:
    """How probable it is that an honest interval of ``level`` is as far off as ``coverage``, or further on that side.

    Forecasts that overlap are not independent: of ``origins`` daily ones ``horizon`` days ahead, one in ``horizon`` counts.

    Args:
        coverage: share of prices inside the interval, 0-1.

    Returns:
        None when there are too few forecasts to say.
    """
    count = origins // horizon
    if count < FEWEST:
        return None
    inside = round(coverage * count)
    hits = range(inside + 1) if inside <= level * count else range(inside, count + 1)
    return sum(comb(count, k) * level**k * (1 - level) ** (count - k) for k in hits)
