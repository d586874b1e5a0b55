"""Features of the date: season, end of month, and the distance to the next contract roll."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.history import MarketHistory

FREQUENCIES = ("daily", "weekly", "monthly")


def features(history: MarketHistory) -> pd.DataFrame:
    """``season_sin`` and ``season_cos`` of the year; ``month_left``: share of the month still to come."""
    days = history.origins
    turn = 2 * np.pi * days.dayofyear / 365.25
    return pd.DataFrame(
        {
            "season_sin": np.sin(turn),
            "season_cos": np.cos(turn),
            "month_left": 1 - days.day / days.days_in_month,
        },
        index=days,
    )


def driver(column: str) -> str:
    return "calendar"
