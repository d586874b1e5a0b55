"""Features of daily drivers: their moves over the last days, as known at the origin."""

from __future__ import annotations

import pandas as pd

from steel_assets.core.features._drivers import daily_drivers, freshness_weights
from steel_assets.core.history import MarketHistory

DAYS = (1, 2, 5, 21)
NORM = 250
SMALLEST_MOVE = 1e-4


def features(history: MarketHistory) -> pd.DataFrame:
    """Log changes over 1, 2, 5 and 21 trading days, in units of the driver's own daily change over the last year.

    The weight of overdue values falls to zero.
    """
    logs = daily_drivers(history)
    daily = logs.diff().rolling(NORM, min_periods=21).std().clip(lower=SMALLEST_MOVE)
    scale = freshness_weights(history, list(logs.columns)) / daily
    columns = {f"{name}_change_{days}": logs[name].diff(days) * scale[name] / days**0.5 for name in logs.columns for days in DAYS}
    return pd.DataFrame(columns, index=history.origins)


def driver(column: str) -> str:
    return column.rpartition("_change_")[0]
