"""What has traded since: the move of each daily driver after the origin that was out before the forecast is issued.

At 02:00 in Mexico City Shanghai has closed on the day after the origin, and London has not opened. That day's close belongs to
no row of ``history.known``, which end at the origin, but everybody who trades in London that morning knows it.
"""

from __future__ import annotations

import pandas as pd

from steel_assets.core.features._drivers import daily_drivers, freshness_weights, newest_drivers
from steel_assets.core.features.drivers import NORM, SMALLEST_MOVE
from steel_assets.core.history import MarketHistory


def features(history: MarketHistory) -> pd.DataFrame:
    """Log change from the origin's figure to the newest one out, in units of the driver's own daily change over the last year.

    0 where nothing newer was out, which is so for most drivers and before weekends.
    """
    then = daily_drivers(history)
    daily = then.diff().rolling(NORM, min_periods=21).std().clip(lower=SMALLEST_MOVE)
    return (newest_drivers(history) - then) / daily * freshness_weights(history, list(then.columns))


def driver(column: str) -> str:
    return column
