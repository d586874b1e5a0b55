"""The forward curve of a market that has one: its slope at several distances, and how it has changed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.features._prices import as_first_known
from steel_assets.core.history import MarketHistory


def features(history: MarketHistory) -> pd.DataFrame:
    """Log slopes from the front contract to the second and to the third, and from there to the end, as of the last price.

    No columns for a market without a curve.
    """
    contracts = history.market.target.curve
    if len(contracts) < 2:
        return pd.DataFrame(index=history.origins)
    logs = np.log(history.known[list(contracts)])
    front, second, third, end = (logs[contracts[min(k, len(contracts) - 1)]] for k in (0, 1, 2, len(contracts) - 1))
    slope = second - front
    columns = pd.DataFrame(
        {
            "slope": slope,
            "slope_third": third - front,
            "slope_end": end - third,
            "slope_change_5": slope.diff(5),
        },
        index=history.origins,
    )
    return as_first_known(history, columns)


def driver(column: str) -> str:
    return "forward_curve"
