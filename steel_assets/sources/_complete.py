"""Whether the requested values arrived: from the first period to the last, as many as the series' calendar has.

Publication lags, holidays missing from a calendar and short gaps of a provider are allowed (``SLACK``). A series that begins
later than requested is a new one, unless earlier values are known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.calendars import (
    WEEKDAYS,
    local_day,
    period_starts,
    period_starts_between,
    publication_moments,
)
from steel_assets.core.types import Series

SLACK = {"daily": 6, "weekly": 3, "monthly": 2, "quarterly": 2}
"""Consecutive periods that may be missing at an end without a problem."""

SLACK_OF_WEEKDAYS = 10
"""The same if the calendar is not that of an exchange: the longest holidays (lunar new year) take eight weekdays."""

HOLE = {"daily": 2, "weekly": 1, "monthly": 1, "quarterly": 1}
"""Consecutive periods that may be missing within known values; longer holes are requested again."""

LEAST_SHARE = 0.8
FEWEST = 20
"""Fewer values than these are never taken for a truncated answer: no provider truncates at so few."""


def due(series: Series, start: pd.Timestamp, moment: pd.Timestamp) -> pd.DatetimeIndex:
    """The periods of ``series`` from the one of ``start`` on that are public at ``moment``, by its calendar and its rule."""
    today = local_day(moment, series.published.tzinfo)
    if start > today:
        return pd.DatetimeIndex([], dtype="datetime64[ns]")
    (first,) = period_starts(pd.DatetimeIndex([start]), series.frequency)
    periods = period_starts_between(series.calendar, series.frequency, first, today)
    return periods[publication_moments(periods, series.frequency, series.published) <= moment]


def slack(series: Series) -> int:
    """How many periods in a row may be missing at an end of what was asked for."""
    if series.frequency == "daily" and series.calendar == WEEKDAYS:
        return SLACK_OF_WEEKDAYS
    return SLACK[series.frequency]


def came(series: Series, days: pd.Series) -> pd.DatetimeIndex:
    """The periods that some days lie in, each once, in order."""
    return period_starts(pd.DatetimeIndex(days.dropna().unique()), series.frequency).unique().sort_values()


def whole_until(series: Series, periods: pd.DatetimeIndex, settled: pd.Timestamp | None) -> pd.Timestamp:
    """The last of ``periods`` (in order, not empty) before the first hole among them; the last one when there is none.

    Args:
        settled: a hole that begins before this day is the provider's own.
    """
    if len(periods) < FEWEST:
        return periods[-1]
    calendar = period_starts_between(series.calendar, series.frequency, periods[0], periods[-1])
    between = calendar.searchsorted(periods[1:], side="left") - calendar.searchsorted(periods[:-1], side="right")
    holes = between > HOLE[series.frequency]
    if settled is not None:
        holes &= periods[:-1] >= settled
    return periods[int(np.argmax(holes))] if holes.any() else periods[-1]


def lacking(
    series: Series, arrived: pd.DatetimeIndex, known: pd.DatetimeIndex, reach: pd.Timestamp | None, expected: pd.DatetimeIndex
) -> str | None:
    """What of ``expected`` did not come; None when it did, within reason.

    Args:
        arrived: the periods that came, in order, not empty.
        known: the periods known before.
        reach: the last period known without a hole; the answer must reach back to it. None when nothing is known.
        expected: the periods asked for that are public, of ``due``.
    """
    if not len(expected):
        return None
    few = slack(series)
    if (late := int((expected > arrived[-1]).sum())) > few:
        return f"the answer ends at {arrived[-1]:%Y-%m-%d}, {late} {_named(series)} early"
    if reach is not None:
        gap = expected[(expected > reach) & (expected < arrived[0])]
        if len(gap) > (0 if expected[0] <= reach else few):
            return (
                f"the answer begins at {arrived[0]:%Y-%m-%d} and does not reach back to {reach:%Y-%m-%d}, where what is known "
                f"ends: {len(gap)} {_named(series)} are missing"
            )
        gone = known[(known >= expected[0]) & (known < arrived[0])]
        if len(gone) > few:
            return f"the answer begins at {arrived[0]:%Y-%m-%d}, without {len(gone)} {_named(series)} that are known from before"
    inside = expected[(expected >= arrived[0]) & (expected <= arrived[-1])]
    fresh = inside if not len(known) else inside[(inside < known[0]) | (inside > known[-1])]
    there = len(fresh.intersection(arrived))
    if len(fresh) - there > few and there < LEAST_SHARE * len(fresh):
        return (
            f"only {there} of {len(fresh)} {_named(series)} from {fresh[0]:%Y-%m-%d} to {fresh[-1]:%Y-%m-%d} came; if that is "
            f"all there is, correct its calendar ({series.calendar}) or frequency"
        )
    return None


def missing_ends(
    series: Series, arrived: pd.DatetimeIndex, expected: pd.DatetimeIndex
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """The periods of ``expected`` before the first and after the last of ``arrived``; empty where they are of no concern."""
    if len(arrived) < FEWEST:
        return expected[:0], expected[:0]
    before, after = expected[expected < arrived[0]], expected[expected > arrived[-1]]
    few = slack(series)
    return before if len(before) > few else before[:0], after if len(after) > few else after[:0]


def _named(series: Series) -> str:
    return {"daily": "sessions", "weekly": "weeks", "monthly": "months", "quarterly": "quarters"}[series.frequency]
