"""Trading days: the sessions of an exchange, and the moments at which a day's price is published and a forecast issued.

Holidays come from the ``exchange_calendars`` library (exchange codes such as XLON, XNYS, XSHG, CMES). Some exchanges
announce their holidays only a year ahead; beyond what is known, weekdays stand in.
"""

from __future__ import annotations

from datetime import time
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from steel_assets.core.types import Publication

FIRST_YEAR = "2000-01-03"
WEEKDAYS = "weekdays"


def calendar_exists(name: str) -> bool:
    """True for ``weekdays`` and every name the calendar library knows."""
    if name == WEEKDAYS:
        return True
    import exchange_calendars

    return name in exchange_calendars.get_calendar_names(include_aliases=True)


@lru_cache(maxsize=64)
def _all_sessions(name: str, last: str) -> pd.DatetimeIndex:
    weekdays = pd.bdate_range(FIRST_YEAR, last)
    if name == WEEKDAYS:
        return weekdays
    import exchange_calendars

    known = exchange_calendars.get_calendar(name, start=FIRST_YEAR).sessions
    beyond = weekdays[weekdays > known[-1]]
    return known.append(beyond).as_unit("ns")


def sessions(name: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """Trading days of calendar ``name`` from ``start`` to ``end``, both included (midnights without a zone)."""
    last = f"{end.year + 1}-12-31"
    days = _all_sessions(name, last)
    return days[(days >= start.normalize()) & (days <= end.normalize())]


def session_after(name: str, days: pd.DatetimeIndex, steps: int) -> pd.DatetimeIndex:
    """The ``steps``-th trading day after each of ``days`` (which need not be trading days themselves)."""
    if len(days) == 0:
        return days
    every = sessions(name, days.min(), days.max() + pd.Timedelta(days=2 * steps + 30))
    return every[np.searchsorted(every, days, side="right") + steps - 1]


def local_moments(days: pd.DatetimeIndex, at: time, zone: ZoneInfo) -> pd.DatetimeIndex:
    """``at`` o'clock in ``zone`` on each of ``days``, as UTC. A time skipped by daylight saving moves forward."""
    offset = pd.Timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
    local = (days.normalize() + offset).tz_localize(zone, nonexistent="shift_forward", ambiguous=np.zeros(len(days), dtype=bool))
    return local.tz_convert("UTC")


def period_starts(days: pd.DatetimeIndex, frequency: str) -> pd.DatetimeIndex:
    """The first day of the period that each of ``days`` lies in: the day itself, its Monday, or the first of its month."""
    days = days.normalize()
    if frequency == "weekly":
        return days - pd.to_timedelta(days.weekday, unit="D")
    if frequency == "monthly":
        return days - pd.to_timedelta(days.day - 1, unit="D")
    return days


def local_day(moment: pd.Timestamp, zone: ZoneInfo) -> pd.Timestamp:
    """The calendar day that ``moment`` (UTC) falls on in ``zone``, a midnight without a zone."""
    return moment.tz_convert(zone).tz_localize(None).normalize()


def publication_moments(periods: pd.DatetimeIndex, frequency: str, rule: Publication) -> pd.DatetimeIndex:
    """When the figures of ``periods`` are known to the world, UTC, by the series' publication rule."""
    ends = periods
    if frequency == "weekly":
        ends = periods + pd.Timedelta(days=6)
    elif frequency == "monthly":
        ends = periods + pd.offsets.MonthEnd(0)
    return local_moments(ends + pd.Timedelta(days=rule.lag_days), rule.at, rule.tzinfo)


def issue_moments(published: pd.DatetimeIndex, at: time, zone: ZoneInfo) -> pd.DatetimeIndex:
    """The first daily issue (``at`` o'clock in ``zone``) at or after each moment of publication, UTC."""
    local_days = published.tz_convert(zone).tz_localize(None).normalize()
    same_day = local_moments(local_days, at, zone)
    next_day = local_moments(local_days + pd.Timedelta(days=1), at, zone)
    return same_day.where(same_day >= published, next_day)


def rolls_between(origins: pd.DatetimeIndex, targets: pd.DatetimeIndex) -> np.ndarray:
    """How many times a front contract that rolls on the first business day of each month rolls in (origin, target].

    Returns:
        int array, 0 for a target in the same month as its origin.
    """
    months = (targets.year - origins.year) * 12 + (targets.month - origins.month)
    return months.to_numpy()
