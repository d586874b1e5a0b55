"""Features of moves after the origin: of each daily driver, if it was published before the forecast is issued.

At 02:00 in Mexico City Shanghai has closed on the day after the origin, and London has not opened. That close is in no row of
``history.known``, which end at the origin, but traders in London know it that morning.
"""

from __future__ import annotations

import pandas as pd

from steel_assets.core.features._drivers import daily_drivers, freshness_weights, newest_drivers
from steel_assets.core.features.drivers import NORM, SMALLEST_MOVE
from steel_assets.core.history import MarketHistory


def features(history: MarketHistory) -> pd.DataFrame:
    """Log change from the origin's value to the newest published one, in units of the driver's daily change over the last year.

    0 if nothing newer was published, which is so for most drivers and before weekends.
    """
    then = daily_drivers(history)
    daily = then.diff().rolling(NORM, min_periods=21).std().clip(lower=SMALLEST_MOVE)
    return (newest_drivers(history) - then) / daily * freshness_weights(history, list(then.columns))


def driver(column: str) -> str:
    return column
