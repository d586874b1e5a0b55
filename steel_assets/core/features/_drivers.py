"""The drivers of a market in a form that features can use: logarithms, and nothing where a figure has grown too old."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.history import MarketHistory

OLDEST_DAILY = 10
"""A daily figure older than this many calendar days says nothing about today; longer holidays than this do not exist."""


def daily_drivers(history: MarketHistory) -> pd.DataFrame:
    """log of each daily driver as known at each origin (a rate in percent: its hundredth instead).

    NaN where it is unknown, too old, or has no logarithm.
    """
    return _logs(history, history.known)


def newest_drivers(history: MarketHistory) -> pd.DataFrame:
    """The same of the newest figure that was out at each origin's moment of issue, be it about a later day."""
    return _logs(history, history.newest)


def _logs(history: MarketHistory, figures: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in history.market.drivers if history.series[name].frequency == "daily"]
    values = figures[names].where(history.ages[names] <= OLDEST_DAILY)
    return pd.DataFrame(
        {
            name: values[name] / 100 if history.series[name].unit == "percent" else np.log(values[name].where(values[name] > 0))
            for name in names
        },
        index=history.origins,
    )


def slow_drivers(history: MarketHistory) -> list[str]:
    """The drivers that appear weekly or monthly."""
    return [name for name in history.market.drivers if history.series[name].frequency != "daily"]
