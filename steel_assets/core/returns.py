"""How a market's price moves: daily returns without contract rolls in them, and how large the next moves are expected to be.

Every row uses only what was known at its origin, so all of it may feed forecasts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.calendars import rolls_between
from steel_assets.core.history import MarketHistory
from steel_assets.core.rhythm import Rhythm

FAST_DAYS = 25
"""Memory of the fast variance estimate in days, to which half the horizon is added. All constants here were chosen for the
pinball loss on the real series of ../shared/data."""
SLOW_HALF_LIFE = 500
PERSISTENCE = 0.97
"""Share of a burst of variance that is still there the next day."""
FLOOR = 1e-4
"""Smallest daily volatility assumed: one basis point."""
UNKNOWN = 0.01
"""Daily volatility assumed before the first return is known, and at least until ``FEWEST`` are."""
FEWEST = 21


def daily_returns(history: MarketHistory) -> pd.Series:
    """Log return of the last known price since the origin before; on a roll, of the contract that became the front one.

    On a market with a curve, the front contract of a roll day was the second contract of the day before, so that is what
    it is compared with. NaN at the first origin, 0 where no new price was known.
    """
    last = history.last.to_numpy()
    before = last[:-1]
    curve = history.market.target.curve
    if len(curve) > 1:
        periods = pd.DatetimeIndex(history.periods[curve[0]])
        rolled = rolls_between(periods[:-1], periods[1:]) == 1
        second = history.known[curve[1]].to_numpy()[:-1]
        same_day = (history.periods[curve[1]] == history.periods[curve[0]]).to_numpy()[:-1]
        before = np.where(rolled & same_day & np.isfinite(second), second, before)
    return pd.Series(np.concatenate([[np.nan], np.log(last[1:] / before)]), index=history.origins, name="return")


def expected_volatility(returns: pd.Series, horizon: int, rhythm: Rhythm | None = None) -> np.ndarray:
    """Expected standard deviation of the log return over the next ``horizon`` trading days, at each origin.

    A fast variance (RiskMetrics' exponential mean) that reverts to a slow one: over ``horizon`` days its excess fades by
    ``PERSISTENCE`` a day, as in a GARCH(1, 1).

    Args:
        rhythm: what is known of the days ahead; without it all days are alike.
    """
    squares = returns.pow(2)
    own = pd.Series(1.0 if rhythm is None else rhythm.own**2, index=returns.index).where(squares.notna())
    ahead = horizon if rhythm is None else rhythm.ahead
    fast = (squares / own).ewm(alpha=1 / (FAST_DAYS + horizon / 2)).mean()
    slow = squares.ewm(halflife=SLOW_HALF_LIFE).mean() / own.ewm(halflife=SLOW_HALF_LIFE).mean()
    excess = (1 - PERSISTENCE**horizon) / (horizon * (1 - PERSISTENCE))
    daily = np.sqrt(slow + (fast - slow) * excess)
    least = np.where(squares.notna().cumsum() < FEWEST, UNKNOWN, FLOOR)
    return np.fmax(daily.to_numpy(), least) * np.sqrt(ahead)
