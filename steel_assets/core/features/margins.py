"""Features of the price relative to each daily driver (rebar over scrap, coil over ore): the ratio compared with its own past."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.features._drivers import daily_drivers, freshness_weights
from steel_assets.core.features._prices import as_first_known
from steel_assets.core.history import MarketHistory

WINDOWS = {"week": 5, "quarter": 63, "year": 250}
SMALLEST_SPREAD = 1e-4


def features(history: MarketHistory) -> pd.DataFrame:
    """z-scores of log(price / driver) within its last week, quarter and year, as they were when the last price was new.

    A later value of the driver is not combined with an older price. The weight of overdue values falls to zero.
    """
    ratios = daily_drivers(history).rsub(np.log(history.last.where(history.price_news)), axis=0)
    believed = freshness_weights(history, list(ratios.columns))
    columns: dict[str, pd.Series] = {}
    for label, window in WINDOWS.items():
        past = ratios.rolling(window, min_periods=window // 2 + 1)
        scores = (ratios - past.mean()) / past.std().clip(lower=SMALLEST_SPREAD) * believed
        columns |= {f"{name}_{label}": scores[name] for name in ratios.columns}
    return as_first_known(history, pd.DataFrame(columns, index=history.origins))


def driver(column: str) -> str:
    return column.rpartition("_")[0]
