"""Features of the price's recent past: momentum, and distance from moving averages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.features._prices import as_of_price
from steel_assets.core.history import MarketHistory
from steel_assets.core.returns import daily_returns, expected_volatility

MOMENTUM = (5, 21, 63)
AVERAGES = (21, 63, 250)


def features(history: MarketHistory) -> pd.DataFrame:
    """All in units of the volatility expected over the window, as of the last price; contract rolls are excluded."""
    returns = daily_returns(history)
    level = returns.moves.fillna(0.0).cumsum()
    columns = {}
    for window in MOMENTUM:
        columns[f"momentum_{window}"] = level.diff(window) / expected_volatility(returns, window)
    for window in AVERAGES:
        distance = level - level.rolling(window, min_periods=window // 2).mean()
        columns[f"above_mean_{window}"] = distance / (expected_volatility(returns, 1) * np.sqrt(window))
    return as_of_price(history, pd.DataFrame(columns))


def driver(column: str) -> str:
    return "own_price"
