"""Means of daily drivers over the periods of a weekly or monthly market, as known at each origin's moment.

A month's price reflects its days. So the mean of a driver over the month of the last price belongs to that price, and its mean
over the days since (at most to the end of the next month) belongs to the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from steel_assets.core.calendars import session_after
from steel_assets.core.types import Market

OWN, NEXT = "own", "next"
"""Means over an origin's own period and over the days known of the one after it: columns ``<series>.own``, ``<series>.next``."""


def build(
    by_series: Mapping[str, pd.DataFrame],
    names: Sequence[str],
    market: Market,
    origins: pd.DatetimeIndex,
    moments: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Two columns per driver, one row per origin; NaN if no value of those days was known at its moment.

    Args:
        by_series: versions of each series sorted by ``period`` and ``usable_at``.
        names: the daily drivers.
    """
    following = session_after(market.calendar, origins, 1)
    edges = np.stack([origins.to_numpy(), following.to_numpy(), session_after(market.calendar, following, 1).to_numpy()])
    at = moments.tz_localize(None).to_numpy()
    columns: dict[str, np.ndarray] = {}
    for name in names:
        rows = by_series.get(name)
        means = np.full((2, len(origins)), np.nan) if rows is None else _means(rows, edges, at)
        columns |= {f"{name}.{OWN}": means[0], f"{name}.{NEXT}": means[1]}
    return pd.DataFrame(columns, index=origins)


def _means(rows: pd.DataFrame, edges: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The means between the first and second, and between the second and third of ``edges``, at each of the moments ``at``."""
    period = rows["period"].to_numpy("datetime64[ns]")
    usable, value = rows["usable_at"].dt.tz_localize(None).to_numpy(), rows["value"].to_numpy(dtype=float)
    bounds = np.searchsorted(period, edges)
    found = np.full((2, len(at)), np.nan)
    for half in (0, 1):
        for origin, moment in enumerate(at):
            part = slice(bounds[half, origin], bounds[half + 1, origin])
            known = usable[part] <= moment
            if not known.any():
                continue
            days, values = period[part][known], value[part][known]
            newest = np.append(days[1:] != days[:-1], True)  # versions are in order: the last of a day is its newest
            found[half, origin] = values[newest].mean()
    return found
