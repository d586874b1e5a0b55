"""Features of monthly and weekly figures: their newest change, how unusual it is, and its age."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.features._drivers import PERIOD_DAYS, freshness_weights, overdue, slow_drivers
from steel_assets.core.history import MarketHistory

NORM = 24
"""Number of releases that a new value is compared with."""

FREQUENCIES = ("daily", "weekly", "monthly")


def features(history: MarketHistory) -> pd.DataFrame:
    """Three columns per slow driver: ``change``, ``surprise`` and ``age``.

    ``change`` is the log change since the release before; ``surprise`` is that change compared with its own last releases, in
    their standard deviations; ``age`` counts months since the first day of its period.

    Once the next value is overdue, change and surprise fall to zero, and the age returns to its usual value.
    """
    ages = history.ages
    columns = {}
    names = slow_drivers(history)
    believed = freshness_weights(history, names)
    for name in names:
        releases = _releases(history, name)
        change = releases.diff()
        past = change.shift().rolling(NORM, min_periods=6)
        surprise = (change - past.mean()) / past.std().clip(lower=1e-6)
        share = believed[name]
        due = ages[name] - overdue(history, name)
        usual = due - PERIOD_DAYS[history.series[name].frequency] / 2
        columns[f"{name}_change"] = change.reindex(history.origins, method="ffill") * share
        columns[f"{name}_surprise"] = surprise.reindex(history.origins, method="ffill") * share
        columns[f"{name}_age"] = (share * due + (1 - share) * usual) / 30.4
    return pd.DataFrame(columns, index=history.origins)


def _releases(history: MarketHistory, name: str) -> pd.Series:
    """Log of each new period's figure at the origin where it was first known (percentages and the like: as they are)."""
    periods = history.periods[name]
    new = periods.notna() & (periods != periods.shift())
    values = history.known.loc[new, name]
    return values / 100 if history.series[name].unit == "percent" else np.log(values.where(values > 0))


def driver(column: str) -> str:
    return column.rpartition("_")[0]
