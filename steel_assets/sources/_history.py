"""The first day to request of a series: new values, and history that is missing."""

from __future__ import annotations

import pandas as pd

from steel_assets.core import restatements
from steel_assets.core.types import Series
from steel_assets.sources._complete import FEWEST, came, due, slack, whole_until
from steel_assets.sources._connector import Access


def oldest_day(moment: pd.Timestamp, access: Access) -> pd.Timestamp:
    """The first day of history that is requested at all."""
    day = moment.tz_localize(None).normalize() - pd.DateOffset(years=access.history_years)
    return day if access.since is None else min(day, access.since)


def first_day(series: Series, known: pd.DataFrame, moment: pd.Timestamp, access: Access, again_days: int) -> pd.Timestamp:
    """The first day to request: all of history at first, then ``again_days`` before the newest period known without a hole.

    All of history again if the known values begin later than wanted, unless it is settled that there is no more. At least as many
    periods are requested again as are needed to recognise a restatement of the whole history.
    """
    if access.since is not None:
        return access.since
    oldest = oldest_day(moment, access)
    periods = periods_of(series, known)
    if not len(periods):
        return oldest
    until = settled_until(series, moment, access)
    if until is None and len(periods) >= FEWEST:
        wanted = due(series, oldest, moment)
        if int((wanted < periods[0]).sum()) > slack(series):
            return oldest
    within = periods[periods >= oldest]
    newest = whole_until(series, within if len(within) else periods, until) - pd.Timedelta(days=again_days)
    return min(newest, periods[-restatements.FEWEST - 1 :][0])


def periods_of(series: Series, known: pd.DataFrame) -> pd.DatetimeIndex:
    """The periods known of a series, each once, in order."""
    return came(series, known.loc[known["series"] == series.id, "period"])


def settled_until(series: Series, moment: pd.Timestamp, access: Access) -> pd.Timestamp | None:
    """Up to when the history of a series is settled; None if it is not, or not from as far back as is wanted now."""
    days = access.settled.get(series.id)
    return days.until if days is not None and days.since <= oldest_day(moment, access) else None
