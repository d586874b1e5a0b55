"""Whether one of two forecasts or purchases is significantly better than the other on the same days.

Results ``horizon`` days ahead overlap with their neighbours and share most of the outcome. So many days contain less information
than their number suggests, which the test allows for. Standard library only, because the service, which has no numpy, tests
purchases too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from operator import mul, sub

from steel_assets.core.student_t import cumulative
from steel_assets.core.types import MarketFrequency

FEWEST = 120
OVERLAPS = 6
"""With fewer days than ``FEWEST``, or than this many horizons, no difference is significant."""
FEWEST_PERIODS: dict[MarketFrequency, int] = {"daily": FEWEST, "weekly": 104, "monthly": 48}
"""The same in the periods of a market: two years of weeks, four of months."""


def fewest(horizon: int, frequency: MarketFrequency = "daily") -> int:
    """Least number of days (weeks, months) for a significant difference."""
    return max(FEWEST_PERIODS[frequency], OVERLAPS * horizon)


def diebold_mariano(differences: Iterable[float], horizon: int) -> float:
    """One-sided p-value of "the mean of ``differences`` is not below zero".

    Diebold & Mariano 1995, with the small-sample correction of Harvey, Leybourne & Newbold 1997 and a Bartlett kernel over the
    overlap.

    Args:
        differences: loss of the candidate minus loss of the benchmark, in order of time.
        horizon: the loss of one day overlaps those of the next ``horizon`` - 1.

    Returns:
        1.0 without any variation, or with fewer than two full overlaps.
    """
    values = [float(difference) for difference in differences]
    n = len(values)
    if n < 2 * horizon or n < 3 or not all(map(math.isfinite, values)):
        return 1.0
    mean = math.fsum(values) / n
    centred = [0.0] * horizon + [value - mean for value in values] + [0.0] * horizon
    sums = list(accumulate(centred))
    blocks = list(map(sub, sums[horizon:], sums[:-horizon]))
    variance = math.fsum(map(mul, blocks, blocks)) / horizon / n  # of `horizon` neighbours: Bartlett's variance
    if variance <= 0 or not math.isfinite(variance):
        return 1.0
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = mean / math.sqrt(variance / n) * math.sqrt(max(correction, 0.0))
    return cumulative(statistic, n - 1)
