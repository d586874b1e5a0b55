"""Whether a source still sends new values: periods that are due by the series' own calendar and not stored.

Closed markets and holidays do not count as missing, and collecting old history again does not make a series fresh: only periods
count.
"""

from __future__ import annotations

import pandas as pd

from steel_assets.core.calendars import period_starts, period_starts_between, publication_moments
from steel_assets.core.types import Series


def missed_periods(series: Series, newest: pd.Timestamp, now: pd.Timestamp) -> int:
    """How many periods after ``newest`` were published by ``now``, by the series' calendar and publication rule.

    Args:
        newest: the newest period known, midnight without a zone.
        now: UTC.
    """
    end = now.tz_convert("UTC").tz_localize(None).normalize() + pd.Timedelta(days=1)
    last = period_starts(pd.DatetimeIndex([newest]), series.frequency)[0]
    periods = period_starts_between(series.calendar, series.frequency, last + pd.Timedelta(days=1), end)
    if periods.empty:
        return 0
    return int((publication_moments(periods, series.frequency, series.published) <= now).sum())
