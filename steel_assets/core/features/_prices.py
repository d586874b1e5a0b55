"""Aligns features of the market's own price with its last price: while that is carried forward, so are they."""

from __future__ import annotations

import pandas as pd

from steel_assets.core.history import MarketHistory


def as_of_price(history: MarketHistory, sessions: pd.DataFrame) -> pd.DataFrame:
    """For each origin the row of ``sessions`` of the day of its last price.

    Args:
        sessions: one row per trading day, from what was known when its price was first known (``core/returns.py``).
    """
    return sessions.iloc[history.price_rows].set_axis(history.origins)


def as_first_known(history: MarketHistory, origins: pd.DataFrame) -> pd.DataFrame:
    """For each origin the row of ``origins`` at which its last price was first known.

    Args:
        origins: one row per origin, from what was known at it.
    """
    return origins.iloc[history.price_since].set_axis(history.origins)
