"""What a series holds already, beside the figures of a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def held(known: pd.DataFrame | None, series: str) -> pd.DataFrame:
    """``period, value``, ascending: the newest figure that ``known`` holds of each period of ``series``."""
    if known is None or known.empty:
        return pd.DataFrame({"period": pd.Series(dtype="datetime64[ns]"), "value": pd.Series(dtype="float64")})
    mine = known[known["series"] == series].sort_values("collected_at", kind="stable").drop_duplicates("period", keep="last")
    return mine.dropna(subset="value").sort_values("period")[["period", "value"]]


def nearest_held(known: pd.DataFrame | None, series: str, days: Sequence[pd.Timestamp]) -> np.ndarray:
    """For each of ``days`` the figure of the nearest period that ``known`` holds of ``series``; NaN where it holds none."""
    mine = held(known, series)
    if mine.empty:
        return np.full(len(days), np.nan)
    periods = mine["period"].to_numpy("datetime64[ns]")
    wanted = pd.DatetimeIndex(days).to_numpy("datetime64[ns]")
    after = np.clip(np.searchsorted(periods, wanted), 0, len(periods) - 1)
    before = np.clip(after - 1, 0, None)
    nearer = np.where(np.abs(periods[after] - wanted) <= np.abs(wanted - periods[before]), after, before)
    return mine["value"].to_numpy("float64")[nearer]
