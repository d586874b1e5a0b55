"""Which session a row of a chart is about.

Settled bars are stamped with the opening of their session, all at the same time of day. The last row may be a live one instead,
stamped with the last trade. After a session has ended, and before the next one opens, a live row is of the next one.
"""

from __future__ import annotations

from collections import Counter
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from steel_assets.core.calendars import WEEKDAYS, period_starts, publication_moments, session_after, session_ends
from steel_assets.core.types import Series

NEW_YORK = ZoneInfo("America/New_York")
BREAK = time(17, 30)
"""Futures of the American exchanges trade around the clock but for an hour from 17:00 in New York, in which the day changes."""

AROUND_THE_CLOCK = "24"
EVENING = time(16, 0)
AFTER_CLOSE = timedelta(minutes=30)
"""Closing auctions and late prints are still of the session; a live row of the next one comes later."""

HOUR = pd.Timedelta(hours=1)
A_DAY = 86_400
WHOLE_DAY_SECONDS = 23 * 3600


def on_their_sessions(
    bars: pd.DataFrame, zone: ZoneInfo | None, offset: int, regular: Any, series: Series, notes: Counter[str]
) -> pd.DataFrame:
    """``bars`` (``stamp`` in UTC and ``value``) with the ``period`` they are about, without live rows that are no close.

    Args:
        zone: the exchange's; None where only its ``offset`` (seconds, of today) is told.
        regular: Yahoo's ``currentTradingPeriod.regular``, if it says so.
    """
    local = _local(bars["stamp"], zone, offset)
    clock = (local - local.dt.normalize()).dt.total_seconds()
    live = (
        _differs(clock, clock.mode().iloc[0] if clock.value_counts().max() > 1 else clock.iloc[0], zone) if len(bars) else clock
    )
    ended = _after_its_session(bars["stamp"], local, zone, offset, regular, series)
    bars = bars.assign(period=_days(local, zone), live=live.astype(bool))
    evening = ended & ~bars["live"] & (clock >= EVENING.hour * 3600)
    if evening.any():
        following = session_after(series.calendar, pd.DatetimeIndex(bars.loc[evening, "period"]), 1)
        bars.loc[evening, "period"] = following.to_numpy()
    bars = _without(
        bars, (ended & bars["live"]) | (_published_before(bars, series) & ~evening), "ticks of the next session", notes
    )
    return _without(bars, _beside_its_bar(bars), "live rows beside their bar", notes).drop(columns=["stamp", "live"])


def local_days(stamps: pd.Series, zone: ZoneInfo | None, offset: int) -> pd.Series:
    """The exchange's dates of ``stamps`` (UTC)."""
    return _days(_local(stamps, zone, offset), zone)


def _local(stamps: pd.Series, zone: ZoneInfo | None, offset: int) -> pd.Series:
    if zone is not None:
        return stamps.dt.tz_convert(zone).dt.tz_localize(None)
    return (stamps + pd.Timedelta(seconds=offset)).dt.tz_localize(None)


def _days(local: pd.Series, zone: ZoneInfo | None) -> pd.Series:
    """The local dates. An offset is the one of today: in the other half of the year it is an hour off, so midnight is 23:00."""
    return (local if zone is not None else local + HOUR).dt.normalize()


def _differs(clock: pd.Series, usual: float, zone: ZoneInfo | None) -> pd.Series:
    apart = (clock - usual).abs()
    apart = apart.where(apart < A_DAY / 2, A_DAY - apart)
    return apart > (0 if zone is not None else HOUR.total_seconds())


def _after_its_session(
    stamps: pd.Series, local: pd.Series, zone: ZoneInfo | None, offset: int, regular: Any, series: Series
) -> pd.Series:
    """Whether each row is stamped after the session of its own date had ended."""
    symbol = str(series.symbol)
    american = zone.key.startswith("America/") if zone is not None else offset < 0
    if symbol.endswith("=X"):
        return pd.Series(data=False, index=stamps.index)
    if american and symbol.endswith(("=F", ".NYB")):
        return stamps.dt.tz_convert(NEW_YORK).dt.time >= BREAK
    if series.calendar != WEEKDAYS and not series.calendar.startswith(AROUND_THE_CLOCK):
        ends = session_ends(series.calendar, pd.DatetimeIndex(local.dt.normalize()), AFTER_CLOSE)
        return stamps > pd.Series(ends, index=stamps.index)
    if (closes := _regular_end(regular)) is not None:
        there = pd.Timestamp(closes, unit="s", tz="UTC")
        close = _local(pd.Series([there]), zone, offset).iloc[0]
        end = close + AFTER_CLOSE
        return (local.dt.time > end.time()) & (end.date() == close.date())
    return pd.Series(data=False, index=stamps.index)


def _regular_end(regular: Any) -> int | None:
    if not isinstance(regular, dict):
        return None
    start, end = regular.get("start"), regular.get("end")
    if not isinstance(start, int) or not isinstance(end, int) or not 0 < end - start < WHOLE_DAY_SECONDS or not 0 < end < 7e9:
        return None
    return end


def _published_before(bars: pd.DataFrame, series: Series) -> pd.Series:
    """Whether each row is stamped after its own period's figure was published: it cannot be that figure."""
    days = period_starts(pd.DatetimeIndex(bars["period"]), series.frequency)
    return bars["stamp"] > pd.Series(publication_moments(days, series.frequency, series.published), index=bars.index)


def _beside_its_bar(bars: pd.DataFrame) -> pd.Series:
    """Live rows of a day whose settled bar is there and says otherwise. The bar holds the close, the row the last trade."""
    settled = bars[~bars["live"]].drop_duplicates("period").set_index("period")["value"]
    close = bars["period"].map(settled)
    return bars["live"] & close.notna() & (close != bars["value"])


def _without(bars: pd.DataFrame, these: pd.Series, reason: str, notes: Counter[str]) -> pd.DataFrame:
    if these.any():
        notes[reason] += int(these.sum())
    return bars[~these]
