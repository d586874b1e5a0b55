"""The trend of the price, and the days on which it changed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from steel_assets.core.analysis.market_data import MarketData
from steel_assets.core.analysis.robust import bartlett_variance, mean_test
from steel_assets.core.analysis.statements import LEVEL, Statement, Unsaid, Value

WINDOWS = (63, 250)
"""Sessions: a quarter and a year."""
YEAR = 250
FEWEST = 250
"""Least number of sessions in a stretch that is searched for a break."""
DEEPEST = 3
"""How many times a stretch is split again."""


def trends(known: MarketData) -> Iterator[Statement | Unsaid]:
    """The mean daily move of the last quarter and the last year, tested against zero."""
    for window in WINDOWS:
        moves = known.moves[-window:]
        moves = moves[np.isfinite(moves)]
        if len(known.moves) < window or len(moves) < window // 2:
            yield Unsaid("trend", str(window), f"{len(moves)} daily moves are known, {window} sessions are needed")
            continue
        found = mean_test(moves)
        change = float(np.expm1(moves.sum()))
        told: dict[str, Value] = {
            "days": window,
            "change": change,
            "daily": found.value,
            "error": found.error,
            "rising": change > 0,
        }
        yield Statement("trend", str(window), told, found.n, "t, equal-weighted cosine", found.p)


def breaks(known: MarketData) -> Iterator[Statement | Unsaid]:
    """The day on which the trend changed most and, if that is significant, further ones before and after it.

    The largest distance of the cumulated moves from a straight line, with moves in units of their expected spread (Ploberger &
    Krämer 1992, *The CUSUM Test with OLS Residuals*, Econometrica 60, 271–285), tested by Kolmogorov's distribution; stretches
    are split again by binary segmentation (Vostrikova 1981). The p-value of a break within a stretch is at least that of the
    breaks that bound it.
    """
    scaled = known.scaled
    there = np.flatnonzero(np.isfinite(scaled))
    if len(there) < FEWEST:
        yield Unsaid("break", "1", f"{len(there)} daily moves are known, {FEWEST} are needed")
        return
    for number, (start, place, stop, p) in enumerate(sorted(_splits(scaled[there], 0, 0.0, 0)), 1):
        before, after = known.moves[there[start:place]], known.moves[there[place:stop]]
        values: dict[str, Value] = {
            "day": str(known.days[there[place]]),
            "from": str(known.days[there[start]]),
            "to": str(known.days[there[stop - 1]]),
            "before": float(np.expm1(before.mean() * YEAR)),
            "after": float(np.expm1(after.mean() * YEAR)),
        }
        yield Statement("break", str(number), values, stop - start, "CUSUM, Kolmogorov", p)


def _splits(values: np.ndarray, first: int, surer: float, depth: int) -> Iterator[tuple[int, int, int, float]]:
    """Start, first position after the break, end and p of the break in ``values``, and of breaks on both sides of it.

    Args:
        first: position of ``values`` in the whole.
        surer: the p of the break that bounds the stretch.
        depth: number of splits so far; each halves the required p, since two stretches are searched.
    """
    if len(values) < FEWEST:
        return
    from scipy.special import kolmogorov

    count = len(values)
    away = np.abs(np.cumsum(values - values.mean()))[:-1]
    place = int(away.argmax()) + 1
    variance = bartlett_variance(values)
    p = float(kolmogorov(away.max() / np.sqrt(count * variance))) * 2**depth if variance > 0 else 1.0
    p = min(1.0, max(p, surer))
    if depth and p > LEVEL:
        return
    yield first, first + place, first + count, p
    if p <= LEVEL and depth < DEEPEST:
        yield from _splits(values[:place], first, p, depth + 1)
        yield from _splits(values[place:], first + place, p, depth + 1)
