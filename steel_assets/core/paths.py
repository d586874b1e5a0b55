"""Sample paths of a price, day by day, whose distribution on every day agrees with the published quantiles.

Quantiles describe the price on one day. They do not describe how days depend on each other, which a month's average or the
crossing of a level needs. That dependence is taken from history by the Schaake shuffle (Clark et al. 2004, *The Schaake Shuffle:
A Method for Reconstructing Space–Time Variability in Forecasted Precipitation and Temperature Fields*, J. Hydrometeorology 5,
243–262): each path corresponds to one stretch of history, and on each day the path has the rank among all paths that its stretch
has among all stretches. Markets sampled together use the same stretches, so their dependence is historical too.

Prices are in the market's unit, days are trading days after the origin (the first is day 1), and the result depends only on the
market and the day of issue.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from steel_assets.core.periods import ahead
from steel_assets.core.problem import Problem
from steel_assets.core.types import QUANTILES, Market

PATHS = 1000
"""Paths of a market: the standard error of a chance of one half is 1.6 points."""
FEWEST_WINDOWS = 100
"""Least number of stretches of history to measure how days depend on each other."""

FIRST_DAY = np.datetime64("2000-01-03")
_NORMAL = NormalDist()
_SCORES = np.array([_NORMAL.inv_cdf(level) for level in QUANTILES])
_MEDIAN = QUANTILES.index(0.5)


class PathsError(Problem, ValueError):
    """Paths cannot be computed; the message says what is missing."""


def refuse_slow(market: Market) -> None:
    """Refuse a weekly or monthly market, which has no paths.

    Raises:
        PathsError: ``market`` is not daily.
    """
    if market.frequency != "daily":
        told = ahead(", ".join(map(str, market.horizons)), market.frequency)
        raise PathsError(
            f"{market.id} has a {market.frequency} price: there are no trading days between two of them to draw paths of, so "
            f"averages, odds, plans and what-if do not apply; its forecast {told} is all that is said"
        )


@dataclass(frozen=True, eq=False)
class Quantiles:
    """The published quantiles of one market and issue, and what is said between and beyond them.

    - **Between two published days** the median of the log price is a straight line in time, and the square of each quantile's
      distance from it is one too: between them uncertainty grows with the square root of time, as a random walk's does. It
      begins with none on the day of the last price.
    - **Between two published levels** the log price is a straight line in the normal score of the level.
    - **Beyond 5 and 95 %** it goes on as a normal distribution that has its 5 or 95 % where the published one has it, each
      side for itself. Steel has jumped further than that more often than it says: see docs/odds.md.

    Attributes:
        horizons: the published days, ascending, in trading days after the origin.
        prices: one row per horizon, one column per level of ``types.QUANTILES``, ascending; above zero.
        last: the last price.
        age: trading days from the day of the last price to the origin.
    """

    horizons: tuple[int, ...]
    prices: np.ndarray
    last: float
    age: int = 0

    @property
    def length(self) -> int:
        """Number of days ahead: the last published horizon."""
        return self.horizons[-1]

    def at(self, levels: np.ndarray) -> np.ndarray:
        """The price at each of ``levels`` (within 0 and 1), ascending: one row per day ahead, one column per level."""
        scores = np.array([_NORMAL.inv_cdf(level) for level in levels])
        logs = np.log(self.prices)
        medians = logs[:, _MEDIAN]
        distances = np.stack([_beyond(row, scores) for row in logs - medians[:, None]])
        times = np.array([0, *self.horizons]) + np.array([0, *[self.age] * len(self.horizons)])
        days = np.arange(1, self.length + 1) + self.age
        middle = np.interp(days, times, [np.log(self.last), *medians])
        squares = np.vstack([np.zeros(len(scores)), distances**2])
        right = np.searchsorted(times, days)
        share = ((days - times[right - 1]) / (times[right] - times[right - 1]))[:, None]
        away = np.sqrt((1 - share) * squares[right - 1] + share * squares[right])
        return np.asarray(np.exp(middle[:, None] + np.sign(scores) * away))


@dataclass(frozen=True, eq=False)
class Past:
    """A market's price including contract rolls, which is the price that is forecast.

    Attributes:
        sessions: trading days, ascending, ``datetime64[D]``.
        prices: the price of each; NaN if a session had none. The first is not NaN.
    """

    sessions: np.ndarray
    prices: np.ndarray

    def until(self, day: np.datetime64) -> Past:
        """The part up to ``day``, which is included."""
        stop = int(np.searchsorted(self.sessions, day, side="right"))
        return Past(self.sessions[:stop], self.prices[:stop])

    def rows(self, days: np.ndarray, length: int) -> np.ndarray:
        """For each of ``days`` the number of the last session up to it; -1 if fewer than ``length`` sessions follow."""
        found = np.searchsorted(self.sessions, days, side="right") - 1
        return np.where(found + length < len(self.sessions), found, -1)

    def trajectories(self, days: np.ndarray, length: int) -> np.ndarray:
        """The log move from each of ``days`` to each of the ``length`` sessions after it: one row per day.

        A session without a price uses the one before. All sessions must exist.
        """
        there = np.maximum.accumulate(np.where(np.isfinite(self.prices), np.arange(len(self.prices)), 0))
        logs = np.log(self.prices[there])
        rows = self.rows(days, length)
        return np.asarray(logs[rows[:, None] + np.arange(1, length + 1)] - logs[rows][:, None])


def levels(count: int = PATHS) -> np.ndarray:
    """The probability levels of ``count`` paths on every day: the midpoints of as many equal parts."""
    return (np.arange(count) + 0.5) / count


def windows(issued: np.datetime64, pasts: Sequence[Past], length: int, count: int = PATHS) -> np.ndarray:
    """Start days of stretches of ``length`` sessions known in all of ``pasts``: one per path, the same for all markets.

    Weekdays since 2000 are tried in an order that only the day of issue determines, so that markets with equally long histories
    get the same ones even if sampled separately. If there are fewer than ``count``, they are used repeatedly.

    Args:
        issued: the day of issue.
        pasts: up to the origin of each market, nothing later.

    Raises:
        PathsError: there are fewer than ``FEWEST_WINDOWS``.
    """
    days = np.arange(FIRST_DAY, issued + np.timedelta64(1, "D"))
    days = days[np.is_busday(days)]
    days = np.random.default_rng(_number(issued)).permutation(days)
    whole = np.all([past.rows(days, length) >= 0 for past in pasts], axis=0)
    found = days[whole]
    if len(found) < FEWEST_WINDOWS:
        raise PathsError(
            f"history has {len(found)} stretches of {length} trading days, at least {FEWEST_WINDOWS} are needed for paths; "
            "import or collect more history"
        )
    return np.resize(found, count)


def shuffled(quantiles: Quantiles, trajectories: np.ndarray, market: str, issued: np.datetime64) -> np.ndarray:
    """Prices by path and day: on each day those of ``quantiles``, in the order of ``trajectories`` on that day.

    Stretches with equal moves keep the order of the day before; on the first day the market and the day of issue determine it.

    Args:
        trajectories: one row per path, ``quantiles.length`` columns.
    """
    count = len(trajectories)
    prices = quantiles.at(levels(count))
    place = np.random.default_rng([_number(issued), zlib.crc32(market.encode())]).permutation(count)
    paths = np.empty(trajectories.shape)
    for day in range(quantiles.length):
        order = np.lexsort((place, trajectories[:, day]))
        place[order] = np.arange(count)
        paths[:, day] = prices[day, place]
    return paths


def _beyond(distances: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Log distance from the median at each normal score: linear between the published levels, normal tails."""
    inside = np.interp(scores, _SCORES, distances)
    low, high = distances[0] * scores / _SCORES[0], distances[-1] * scores / _SCORES[-1]
    return np.where(scores < _SCORES[0], low, np.where(scores > _SCORES[-1], high, inside))


def _number(day: np.datetime64) -> int:
    """A day as a non-negative number, to seed random numbers."""
    return int((day - np.datetime64("1970-01-01")).astype("timedelta64[D]").astype(int))
