"""Features of volatility: the recent one against the usual one, and the share of days on which the price does not change."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.features._prices import as_of_price
from steel_assets.core.history import MarketHistory
from steel_assets.core.returns import daily_returns, expected_volatility


def features(history: MarketHistory) -> pd.DataFrame:
    """``excess``: log of tomorrow's expected volatility over next year's; ``unchanged``: share of the last 21 days with a price.

    Both as of the last price.
    """
    returns = daily_returns(history)
    yearly = expected_volatility(returns, 250) / np.sqrt(250)
    unchanged = returns.moves.eq(0.0).where(returns.moves.notna()).astype(float)
    columns = pd.DataFrame(
        {
            "excess": np.log(expected_volatility(returns, 1) / yearly),
            "unchanged": unchanged.rolling(21, min_periods=5).mean(),
        },
        index=history.origins,
    )
    return as_of_price(history, columns)


def driver(column: str) -> str:
    return "volatility"
