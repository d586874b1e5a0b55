"""Returns of a market's price without contract rolls, and the expected size of its next moves.

Everything here belongs to a *session*: the trading day of a price. A session's figures use only what was known when its price was
first known, so an origin may use those of the session whose price it knows (``MarketHistory.price_rows``), and forecasts may use
all of it. A session without a price has no return: a price carried forward is not an unchanged price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.calendars import rolls_between
from steel_assets.core.history import MarketHistory
from steel_assets.core.seasonal_volatility import SeasonalVolatility
from steel_assets.core.types import MarketFrequency

FAST_DAYS = 25
"""Memory of the fast variance estimate in days; half the horizon is added.

All constants here were chosen for the pinball loss on the real series of ../shared/data.
"""
SLOW_HALF_LIFE = 500
PERSISTENCE = 0.97
"""Share of an excess of variance that remains the next day."""
FLOOR = 1e-4
"""Smallest daily volatility assumed: one basis point."""
UNKNOWN = 0.01
"""Daily volatility assumed before the first return is known, and as a minimum until ``FEWEST`` are."""
FEWEST = 21


@dataclass(frozen=True)
class Memory:
    """The memory of the variance estimates, in sessions, and the volatility assumed before any return.

    Attributes:
        fast: mean age in the fast estimate; half the horizon is added.
        slow: half-life of the slow one.
        persistence: share of an excess of variance that remains at the next session.
        unknown: standard deviation of one session's return until ``fewest`` are known.
    """

    fast: float
    slow: float
    persistence: float
    unknown: float
    fewest: int


MEMORIES: dict[MarketFrequency, Memory] = {
    "daily": Memory(FAST_DAYS, SLOW_HALF_LIFE, PERSISTENCE, UNKNOWN, FEWEST),
    "weekly": Memory(12, 104, PERSISTENCE**5, UNKNOWN * 5**0.5, 12),
    "monthly": Memory(12, 60, PERSISTENCE**21, UNKNOWN * 21**0.5, 12),
}
"""For weeks and months the daily values, converted by the square root of time.

Their memories allow for the small number of periods. They were not tuned on prices.
"""


@dataclass(frozen=True, eq=False)
class Returns:
    """The returns of a market, one row per session.

    Attributes:
        moves: log return since the session before that had a price; NaN if a session has no price.
        spans: sessions from that one to this: 1, or more after a gap.
        frequency: of the market.
    """

    moves: pd.Series
    spans: np.ndarray
    frequency: MarketFrequency = "daily"

    @property
    def squares(self) -> pd.Series:
        """Squared return per session: that of a longer span is divided among its sessions."""
        return self.moves.pow(2) / self.spans

    @property
    def daily(self) -> pd.Series:
        """Returns scaled to one session: that of a longer span divided by the square root of its length."""
        return self.moves / np.sqrt(self.spans)


def daily_returns(history: MarketHistory) -> Returns:
    """The return of each session's price; on a roll, of the contract that became the front one.

    On a market with a curve, the front contract of a roll day was the second contract of the day before, so it is compared with
    that. Sessions whose prices arrived together after a gap have their own returns; if only the newest arrived, its return spans
    the gap. Prices that arrive after that of a later session are ignored.
    """
    count = len(history.origins)
    moves, spans = np.full(count, np.nan), np.ones(count)
    news = np.flatnonzero(history.price_news)
    if len(news) > 1:
        _between_news(history, news, moves, spans)
    return Returns(pd.Series(moves, index=history.origins, name="return"), spans, history.market.frequency)


def _between_news(history: MarketHistory, news: np.ndarray, moves: np.ndarray, spans: np.ndarray) -> None:
    """Fill ``moves`` and ``spans`` from each new price to the next."""
    last, rows = history.last.to_numpy(), history.price_rows
    then = news[1:] - 1  # the origin before each news: what was known of the price that it follows
    start, end = rows[news[:-1]], rows[news[1:]]
    moves[end] = np.log(last[news[1:]] / _before(history, then, history.origins[end]))
    spans[end] = end - start
    for gap in np.flatnonzero(end - start > 1):
        _arrived_together(history, int(news[gap + 1]), int(start[gap]), int(end[gap]), moves, spans)


def _before(history: MarketHistory, then: np.ndarray, days: pd.DatetimeIndex) -> np.ndarray:
    """The price known at each of the origins ``then``, of the contract that is the front one on each of ``days``."""
    contracts = history.market.target.curve
    if len(contracts) < 2:
        return history.last.to_numpy()[then]
    periods = history.periods[list(contracts)].to_numpy()
    curve = np.where(periods[then] == periods[then, :1], history.known[list(contracts)].to_numpy()[then], np.nan)
    curve = pd.DataFrame(curve).ffill(axis=1).to_numpy()
    rolls = np.nan_to_num(rolls_between(pd.DatetimeIndex(periods[then, 0]), days), nan=0.0).astype(int)
    return curve[np.arange(len(then)), np.clip(rolls, 0, len(contracts) - 1)]


def _arrived_together(history: MarketHistory, origin: int, start: int, end: int, moves: np.ndarray, spans: np.ndarray) -> None:
    """A return for each of the sessions after ``start`` up to ``end`` whose prices were all known at ``origin``.

    On a market with a curve, a roll among them has no return, because the new front contract's price of the day before is
    missing.
    """
    days = history.origins[start + 1 : end + 1]
    prices = history.prices_at(days, history.moments[origin])
    prices[-1] = history.last.to_numpy()[origin]
    priced = np.flatnonzero(np.isfinite(prices))
    if len(priced) == 1:
        return
    rolled = np.zeros(len(priced), dtype=bool)
    if len(history.market.target.curve) > 1:
        rolled[1:] = rolls_between(days[priced[:-1]], days[priced[1:]]) > 0
    before = _before(history, np.array([origin - 1]), days[priced[:1]])
    steps = np.diff(np.log(np.concatenate([before, prices[priced]])))
    moves[start + 1 + priced] = np.where(rolled, np.nan, steps)
    spans[start + 1 + priced] = np.diff(priced, prepend=-1)


def expected_volatility(
    returns: Returns, horizon: int, seasonal_volatility: SeasonalVolatility | None = None, rows: np.ndarray | None = None
) -> np.ndarray:
    """Expected standard deviation of the log return from the last price to ``horizon`` sessions after each origin.

    A fast variance (RiskMetrics' exponential mean) that reverts to a slow one: its excess falls by the market's persistence per
    session (``MEMORIES``), as in a GARCH(1, 1). Sessions without a return are skipped.

    Args:
        seasonal_volatility: factors of the days ahead; None treats all days alike.
        rows: for each origin the session whose price it knows (``MarketHistory.price_rows``); None for its own. The days from
            that session to the origin count as days ahead.
    """
    squares = returns.squares
    own = pd.Series(1.0 if seasonal_volatility is None else seasonal_volatility.own**2, index=squares.index).where(
        squares.notna()
    )
    remembered = MEMORIES[returns.frequency]
    memory = remembered.fast + horizon / 2
    fast = (squares / own).ewm(alpha=1 / memory, ignore_na=True).mean().to_numpy()
    squared, usual = (values.ewm(halflife=remembered.slow, ignore_na=True).mean().to_numpy() for values in (squares, own))
    slow = squared / usual
    least = np.where(squares.notna().cumsum().to_numpy() < remembered.fewest, remembered.unknown, FLOOR)
    origin = np.arange(len(squares))
    rows = origin if rows is None else rows
    days = horizon + origin - rows
    excess = (1 - remembered.persistence**days) / (days * (1 - remembered.persistence))
    daily = np.sqrt(slow[rows] + (fast[rows] - slow[rows]) * excess)
    return np.fmax(daily, least[rows]) * np.sqrt(days if seasonal_volatility is None else seasonal_volatility.ahead)
