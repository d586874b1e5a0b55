"""Determines the order of day, month and year in a column of dates from its other rows, if possible.

Evidence, in this sequence: an order in which some cell is not a date is excluded. A monthly or weekly series has one value per
period, and its periods are consecutive. Days of a daily series follow one another within a few days, and are weekdays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from steel_assets.core.calendars import period_starts
from steel_assets.core.types import Frequency

LONGEST_STEP: dict[Frequency, int] = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92}
"""Days from the start of one period to the start of the next."""

CLOSE, APART, YEARS_APART = 5, 20, 300
"""Days between neighbours: of a daily series; of one that is none; of one whose year was mistaken."""

ENOUGH_WEEKDAYS, ENOUGH_WEEKENDS = 8, 2
"""By chance eight days are all weekdays one time in fifteen; with a second reading that has weekends, too rarely to matter."""


def order_of_days(readings: Mapping[str, Sequence[date]], frequency: Frequency) -> str | None:
    """The order among ``readings`` (each with the distinct days of the column) that the days show; None if none does."""
    days = {order: pd.DatetimeIndex([date(day.year, day.month, day.day) for day in read]) for order, read in readings.items()}
    if len(days) < 2:
        return next(iter(days), None)
    if all(day.equals(next(iter(days.values()))) for day in days.values()):
        return next(iter(days))
    return _by_periods(days, frequency) if frequency != "daily" else _by_density(days) or _by_weekdays(days)


def _by_periods(days: Mapping[str, pd.DatetimeIndex], frequency: Frequency) -> str | None:
    periods = {order: period_starts(day, frequency) for order, day in days.items()}
    single = [order for order, period in periods.items() if period.is_unique]
    if len(single) > 1:
        single = [order for order in single if len(periods[order]) > 1 and _consecutive(periods[order], frequency)]
    return single[0] if len(single) == 1 else None


def _consecutive(periods: pd.DatetimeIndex, frequency: Frequency) -> bool:
    steps = np.diff(np.sort(periods.to_numpy())).astype("timedelta64[D]").astype(int)
    return bool((steps <= LONGEST_STEP[frequency]).all())


def _by_density(days: Mapping[str, pd.DatetimeIndex]) -> str | None:
    steps = {order: np.diff(np.sort(day.to_numpy())).astype("timedelta64[D]").astype(int) for order, day in days.items()}
    for order, mine in steps.items():
        others = [other for name, other in steps.items() if name != order]
        apart = APART if len(mine) > 1 else YEARS_APART
        dense = len(mine) > 0 and mine.max() <= CLOSE and not (days[order].weekday > 4).any()
        if dense and all(np.median(other) >= apart for other in others):
            return order
    return None


def _by_weekdays(days: Mapping[str, pd.DatetimeIndex]) -> str | None:
    weekends = {order: int((day.weekday > 4).sum()) for order, day in days.items()}
    never = [order for order, count in weekends.items() if not count]
    others = [count for count in weekends.values() if count]
    enough = len(next(iter(days.values()))) >= ENOUGH_WEEKDAYS and len(others) == len(days) - 1 and min(others) >= ENOUGH_WEEKENDS
    return never[0] if len(never) == 1 and enough else None
