"""The drivers of a market as logarithms for use in features, with a weight that falls while a value is overdue.

A value is used fully until the next one is due by its own calendar, so holidays have no effect. From then on its weight falls to
zero over some days, so that a driver whose feed stopped neither keeps its influence nor loses it abruptly.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from steel_assets.core.calendars import session_after
from steel_assets.core.history import MarketHistory

FADES_OVER = {"daily": 10, "weekly": 21, "monthly": 45, "quarterly": 90}
"""Calendar days overdue after which a value has no weight."""
PERIOD_DAYS = {"weekly": 7.0, "monthly": 30.4, "quarterly": 91.3}
ENDS = {"monthly": pd.offsets.MonthEnd, "quarterly": pd.offsets.QuarterEnd}
_OVERDUE: WeakKeyDictionary[MarketHistory, dict[str, np.ndarray]] = WeakKeyDictionary()
"""What ``overdue`` returned so far: five families ask for the same, some of them twice."""


def daily_drivers(history: MarketHistory) -> pd.DataFrame:
    """Log of each daily driver as known at each origin (a rate in percent: its hundredth instead).

    NaN where it is unknown, overdue for too long, or has no logarithm.
    """
    return _logs(history, history.known)


def newest_drivers(history: MarketHistory) -> pd.DataFrame:
    """The same for the newest value published by each origin's moment of issue, even if it is about a later day."""
    return _logs(history, history.newest)


def _logs(history: MarketHistory, figures: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in history.market.drivers if history.series[name].frequency == "daily"]
    values = figures[names].where(freshness_weights(history, names) > 0)
    return pd.DataFrame(
        {
            name: values[name] / 100 if history.series[name].unit == "percent" else np.log(values[name].where(values[name] > 0))
            for name in names
        },
        index=history.origins,
    )


def slow_drivers(history: MarketHistory) -> list[str]:
    """The weekly and monthly drivers."""
    return [name for name in history.market.drivers if history.series[name].frequency != "daily"]


def freshness_weights(history: MarketHistory, names: list[str]) -> pd.DataFrame:
    """The weight of each driver's known value: 1 until the next one is due, then falling to 0; 0 if unknown."""
    return pd.DataFrame(
        {
            name: np.nan_to_num(np.clip(1 - overdue(history, name) / FADES_OVER[history.series[name].frequency], 0.0, 1.0))
            for name in names
        },
        index=history.origins,
    )


def overdue(history: MarketHistory, name: str) -> np.ndarray:
    """Calendar days since the next value of a driver was due; 0 before, NaN if unknown. Worked out once for all families."""
    found = _OVERDUE.setdefault(history, {})
    if name not in found:
        found[name] = _overdue(history, name)
        found[name].flags.writeable = False
    return found[name]


def _overdue(history: MarketHistory, name: str) -> np.ndarray:
    series = history.series[name]
    periods = pd.DatetimeIndex(history.periods[name])
    known = periods.notna()
    days = np.full(len(periods), np.nan)
    if known.any():
        if series.frequency == "daily":
            due = session_after(series.calendar, periods[known], 1)
        elif series.frequency == "weekly":
            due = periods[known] + pd.Timedelta(days=13)
        else:
            end = ENDS[series.frequency]
            due = periods[known] + end(0) + end(1)
        late = history.days[known] - due - pd.Timedelta(days=series.published.lag_days)
        days[known] = np.maximum(late / pd.Timedelta(days=1), 0.0)
    return days
