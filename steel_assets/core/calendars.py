"""Trading days: sessions of an exchange, and the moments at which a day's price is published and a forecast issued.

Holidays come from the ``exchange_calendars`` library (codes such as XLON, XNYS, XSHG, CMES). Some exchanges announce holidays
only a year ahead; after the last announced year every weekday counts as a session.
"""

from __future__ import annotations

from datetime import time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from steel_assets.core.calendar_names import OWN_PERIODS
from steel_assets.core.calendar_names import WEEKDAYS as WEEKDAYS
from steel_assets.core.types import Frequency, PublicationRule

PERIODS: dict[Frequency, str] = {"weekly": "W-MON", "monthly": "MS", "quarterly": "QS"}
"""pandas' frequency for the first days of periods; a daily series uses its calendar instead."""

PERIOD_DAYS: dict[Frequency, float] = {"daily": 365.25 / 252, "weekly": 7.0, "monthly": 30.4, "quarterly": 91.3}
"""Calendar days from one period to the next, on average."""

FIRST_YEAR = "2000-01-03"


@lru_cache(maxsize=64)
def _weekdays(last: str) -> pd.DatetimeIndex:
    """All weekdays from FIRST_YEAR to ``last``, computed a hundred times faster than by pandas' own range."""
    days = pd.date_range(FIRST_YEAR, last)
    return days[days.dayofweek < 5]


@lru_cache(maxsize=64)
def _all_sessions(name: str, last: str) -> pd.DatetimeIndex:
    weekdays = _weekdays(last)
    if name == WEEKDAYS:
        return weekdays
    import exchange_calendars

    known = exchange_calendars.get_calendar(name, start=FIRST_YEAR).sessions
    beyond = weekdays[weekdays > known[-1]]
    return known.append(beyond).as_unit("ns")


@lru_cache(maxsize=64)
def exchange_zone(name: str) -> ZoneInfo:
    """The time zone of an exchange, by the name of its calendar (not ``weekdays``)."""
    import exchange_calendars

    return ZoneInfo(str(exchange_calendars.get_calendar(name, start=FIRST_YEAR).tz))


def sessions(name: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """Trading days of calendar ``name`` from ``start`` to ``end``, both included (midnights without a zone).

    For a weekly or monthly market, the first days of the periods that begin in between.
    """
    if name in OWN_PERIODS:
        firsts = pd.date_range(start.normalize(), end.normalize(), freq=PERIODS["weekly" if name == "weekly" else "monthly"])
        return pd.DatetimeIndex(firsts.to_numpy()).as_unit("ns")
    last = f"{end.year + 1}-12-31"
    days = _all_sessions(name, last)
    return days[(days >= start.normalize()) & (days <= end.normalize())]


def closures(name: str, until: pd.Timestamp) -> tuple[list[str], list[str]]:
    """Weekdays without a session, and weekend days with one, from 2000 to ``until``, as 2026-12-25; empty for own periods."""
    if name in OWN_PERIODS:
        return [], []
    trading = sessions(name, pd.Timestamp(FIRST_YEAR), until)
    weekdays = _weekdays(f"{until:%Y-%m-%d}")
    return list(weekdays.difference(trading).strftime("%Y-%m-%d")), list(trading.difference(weekdays).strftime("%Y-%m-%d"))


def session_after(name: str, days: pd.DatetimeIndex, steps: int) -> pd.DatetimeIndex:
    """The ``steps``-th trading day after each of ``days`` (which need not be trading days themselves)."""
    if len(days) == 0:
        return days
    longest = {"weekly": 7, "monthly": 31}.get(name, 2)
    every = sessions(name, days.min(), days.max() + pd.Timedelta(days=longest * steps + 31))
    return every[np.searchsorted(every, days, side="right") + steps - 1]


def session_ends(name: str, days: pd.DatetimeIndex, grace: timedelta) -> pd.DatetimeIndex:
    """The end of the session of each of ``days``, UTC: ``grace`` after its close, or when the next one opens if earlier.

    A day without a session ended before it began: at its own midnight in UTC, a day earlier. For exchanges only, not
    ``weekdays``.
    """
    import exchange_calendars

    calendar = exchange_calendars.get_calendar(name, start=FIRST_YEAR)
    opens = pd.DatetimeIndex(calendar.opens)
    ends = (pd.DatetimeIndex(calendar.closes) + grace).to_series(index=calendar.sessions)
    following = opens[1:].append(opens[-1:] + pd.Timedelta(days=7)).to_series(index=calendar.sessions)
    at = ends.where(ends < following, following).reindex(days)
    never = pd.Series((days - pd.Timedelta(days=1)).tz_localize("UTC"), index=days)
    return pd.DatetimeIndex(at.where(at.notna() | (days > calendar.sessions[-1]), never))


def local_moments(days: pd.DatetimeIndex, at: time, zone: ZoneInfo) -> pd.DatetimeIndex:
    """``at`` o'clock in ``zone`` on each of ``days``, as UTC. A time skipped by daylight saving moves forward."""
    wanted = days.to_numpy().astype("datetime64[D]")
    years = wanted.astype("datetime64[Y]")
    moments = np.full(len(wanted), np.datetime64("NaT"), "datetime64[ns]")
    for year in np.unique(years[~np.isnat(years)]):
        here = years == year
        moments[here] = _moments_of(int(year.astype(int)) + 1970, at, zone)[(wanted[here] - year).astype(int)]
    return pd.DatetimeIndex(moments).tz_localize("UTC")


@lru_cache(maxsize=4096)
def _moments_of(year: int, at: time, zone: ZoneInfo) -> np.ndarray:
    """``at`` o'clock on each day of ``year``, UTC, worked out once: every series of a zone and every market asks for the same."""
    days = pd.date_range(f"{year}-01-01", f"{year}-12-31")
    local = (days + pd.Timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)).tz_localize(
        zone, nonexistent="shift_forward", ambiguous=np.zeros(len(days), dtype=bool)
    )
    return local.tz_convert(None).to_numpy()


def period_starts(days: pd.DatetimeIndex, frequency: Frequency) -> pd.DatetimeIndex:
    """The first day of the period that contains each of ``days``: itself, its Monday, the first of its month or quarter."""
    days = days.normalize()
    if frequency == "weekly":
        return days - pd.to_timedelta(days.weekday, unit="D")
    if frequency == "monthly":
        return days - pd.to_timedelta(days.day - 1, unit="D")
    if frequency == "quarterly":
        return days.to_period("Q").to_timestamp().as_unit(days.unit)
    return days


def period_starts_between(calendar: str, frequency: Frequency, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    """First days of the periods that begin from ``first`` to ``last``, both included; of a daily frequency the sessions."""
    return sessions(calendar, first, last) if frequency == "daily" else pd.date_range(first, last, freq=PERIODS[frequency])


def local_day(moment: pd.Timestamp, zone: ZoneInfo) -> pd.Timestamp:
    """The calendar day that ``moment`` (UTC) falls on in ``zone``, a midnight without a zone."""
    return moment.tz_convert(zone).tz_localize(None).normalize()


def publication_moments(periods: pd.DatetimeIndex, frequency: Frequency, rule: PublicationRule) -> pd.DatetimeIndex:
    """When the values of ``periods`` are published, UTC, by the series' publication rule."""
    ends = periods
    if frequency == "weekly":
        ends = periods + pd.Timedelta(days=6)
    elif frequency == "monthly":
        ends = periods + pd.offsets.MonthEnd(0)
    elif frequency == "quarterly":
        ends = periods + pd.offsets.QuarterEnd(0)
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
