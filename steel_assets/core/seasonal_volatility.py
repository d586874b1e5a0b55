"""Seasonal volatility: on which days of the month, and after which breaks, a market's price moves most.

A front contract settled on a monthly average moves less each day of its month and most on the day after its roll; others jump at
their expiry; nearly all move more over a weekend. That is known in advance, so an interval that ignores it is too wide on one day
and too narrow on another. Estimates are shrunk, so that a market without seasonality gets nearly equal factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.calendars import sessions
from steel_assets.core.history import MarketHistory

EDGE = 10
"""Sessions at the start and at the end of a month that are distinguished; those in the middle count as one kind."""
PLACES = 2 * EDGE + 1
YEAR = 250
LARGEST = 8.0
"""Moves are clipped to this multiple of the usual one, so that one crash does not look like a season."""
FEWEST_MONTHS = 12
"""Least number of sessions of a kind to estimate its factor."""


@dataclass(frozen=True, eq=False)
class SeasonalVolatility:
    """Factors by which sessions move more or less than average, from the sessions before. One row per origin.

    Attributes:
        own: factor of the origin's own session, as known before it.
        ahead: sum of the squared factors of the sessions after the last price's up to the target date, as known at the origin.
    """

    own: np.ndarray
    ahead: np.ndarray


def measure(history: MarketHistory, returns: pd.Series, horizon: int) -> SeasonalVolatility:
    """The seasonal volatility of ``history``.

    Args:
        returns: of the sessions of the same history with a return over one session; those over a gap are left out.
    """
    days = _sessions(history, horizon)
    place, paused = _places(days), _paused(days)
    count = len(history.origins)
    moves = _moves(returns)
    by_place = _factors(moves, place[:count], PLACES)
    row = np.arange(count)
    own = by_place[row, place[:count]]
    by_pause = _factors(moves / own, paused[:count], 2)
    own = own * by_pause[row, paused[:count]]

    kinds = place * 2 + paused
    ahead = np.cumsum(np.eye(2 * PLACES)[kinds], axis=0)
    known = history.price_rows
    ahead = ahead[horizon : horizon + count] - ahead[known]
    squares = np.einsum("ip,iq->ipq", by_place[1:][known] ** 2, by_pause[1:][known] ** 2).reshape(count, -1)
    return SeasonalVolatility(own, (ahead * squares).sum(axis=1))


def _sessions(history: MarketHistory, horizon: int) -> pd.DatetimeIndex:
    """The origins, and the sessions after them to the end of the month of the last target date."""
    last = history.target_dates(horizon)[-1]
    return sessions(history.market.calendar, history.origins[0], last + pd.offsets.MonthEnd(0))


def _places(days: pd.DatetimeIndex) -> np.ndarray:
    """The kind of each session: 0 to 9 for the first ten of a month, 20 to 11 for the last ten, 10 for those between."""
    month = days.year.to_numpy() * 12 + days.month.to_numpy()
    number = pd.Series(np.zeros(len(days))).groupby(month)
    since, left = number.cumcount().to_numpy(), number.cumcount(ascending=False).to_numpy()
    since = since + np.where(month == month[0], EDGE, 0)  # the first month may have begun before the history
    return np.where(since < EDGE, since, np.where(left < EDGE, PLACES - 1 - left, EDGE))


def _paused(days: pd.DatetimeIndex) -> np.ndarray:
    """1 for a session after a weekend or holidays, else 0."""
    return np.concatenate([[0], (np.diff(days.to_numpy()) > np.timedelta64(1, "D")).astype(int)])


def _moves(returns: pd.Series) -> np.ndarray:
    """Absolute returns divided by the mean of the year before. NaN while that is not known."""
    sizes = returns.abs()
    usual = sizes.dropna().rolling(YEAR, min_periods=63).mean().shift().reindex(sizes.index)
    return (sizes / usual.where(usual > 0)).clip(upper=LARGEST).to_numpy()


def _factors(moves: np.ndarray, kind: np.ndarray, kinds: int) -> np.ndarray:
    """For each session and kind, the size of earlier moves of that kind relative to all earlier moves; last row: after the last.

    Differences between kinds are shrunk by the share that chance explains (James & Stein 1961).
    """
    known = np.isfinite(moves)
    member = np.eye(kinds)[kind] * known[:, None]
    values = np.where(known, moves, 0.0)
    counts = _sums(member)
    mean = _sums(values[:, None])[:, 0] / np.maximum(counts.sum(axis=1), 1)
    squares = _sums(values[:, None] ** 2)[:, 0] / np.maximum(counts.sum(axis=1), 1)
    mean, noise = np.where(mean > 0, mean, 1.0), np.maximum(squares - mean**2, 0.0)
    enough = counts >= FEWEST_MONTHS
    relative = np.where(enough, _sums(member * values[:, None]) / np.maximum(counts, 1) / mean[:, None] - 1, 0.0)
    measured = np.maximum(enough.sum(axis=1), 1)
    chance = np.where(enough, (noise / mean**2)[:, None] / np.maximum(counts, 1), 0.0).sum(axis=1) / measured
    found = (relative**2).sum(axis=1) / measured
    share = np.clip(1 - chance / np.maximum(found, np.finfo(float).tiny), 0.0, 1.0)
    return np.maximum(1 + share[:, None] * relative, 0.1)


def _sums(values: np.ndarray) -> np.ndarray:
    """Sums over all rows before each, and over all of them at the end."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
