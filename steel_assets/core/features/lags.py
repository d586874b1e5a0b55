"""The market's own last daily returns up to the last price, in units of the volatility expected when they were known."""

from __future__ import annotations

import pandas as pd

from steel_assets.core.features._prices import as_of_price
from steel_assets.core.history import MarketHistory
from steel_assets.core.returns import daily_returns, expected_volatility

LAGS = (0, 1, 2, 3, 4)

FREQUENCIES = ("daily", "weekly", "monthly")


def features(history: MarketHistory) -> pd.DataFrame:
    """``return_0`` is the return on the day of the last price; contract rolls are excluded. NaN on days without a price."""
    returns = daily_returns(history)
    scaled = returns.daily / expected_volatility(returns, 1)
    return as_of_price(history, pd.DataFrame({f"return_{lag}": scaled.shift(lag) for lag in LAGS}))


def driver(column: str) -> str:
    return "own_price"
