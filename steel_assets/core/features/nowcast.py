"""Features of weekly and monthly markets: moves of daily drivers since the period of the last price.

A month's price follows the drivers of that month, so their mean over its days is the level that the last price reflects. Their
later moves are not in the price yet: this is a nowcast (Giannone, Reichlin and Small 2008,
https://doi.org/10.1016/j.jmoneco.2008.05.010, of output from monthly figures).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.features._drivers import daily_drivers, freshness_weights
from steel_assets.core.features.drivers import SMALLEST_MOVE
from steel_assets.core.history import MarketHistory
from steel_assets.core.within_period import NEXT, OWN

FREQUENCIES = ("weekly", "monthly")
NORM = 104
"""Periods over which a driver's usual change from one to the next is taken."""
FEWEST = 12


def features(history: MarketHistory) -> pd.DataFrame:
    """Three columns per daily driver, in units of its own usual change from one period to the next.

    ``before``: from the mean of the period before the last price's to that period's; ``next``: from there to the mean of the days
    since, at most to the end of the next period; ``newest``: from there to the newest published value. The weight of overdue
    values falls to zero. No columns for a daily market.
    """
    newest = daily_drivers(history)
    columns: dict[str, pd.Series] = {}
    if history.within.empty:
        return pd.DataFrame(columns, index=history.origins)
    weights = freshness_weights(history, list(newest.columns))
    priced = history.price_rows
    late = np.minimum(priced + 1, np.arange(len(priced)))  # where the price is late, the period after its own is over
    for name in newest:
        own, following = (_level(history, name, part) for part in (OWN, NEXT))
        usual = own.diff().rolling(NORM, min_periods=FEWEST).std().clip(lower=SMALLEST_MOVE)
        then = own.to_numpy()[priced]
        since = np.where(history.price_ages == 0, following, own.to_numpy()[late])
        scale = (weights[name] / usual).to_numpy()
        moves = {"before": own.diff().to_numpy()[priced], "next": since - then, "newest": newest[name].to_numpy() - then}
        columns |= {f"{name}_{what}": pd.Series(move * scale, history.origins) for what, move in moves.items()}
    return pd.DataFrame(columns, index=history.origins)


def driver(column: str) -> str:
    return column.rpartition("_")[0]


def _level(history: MarketHistory, name: str, part: str) -> pd.Series:
    """Log of a driver's mean over a period (a rate in percent: its hundredth instead)."""
    mean = history.within[f"{name}.{part}"]
    return mean / 100 if history.series[name].unit == "percent" else np.log(mean.where(mean > 0))
