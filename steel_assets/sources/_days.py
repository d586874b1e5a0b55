"""Parses providers' dates as days without a zone. A time or an offset is accepted if it can only mean one day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from steel_assets.sources._connector import SourceError

DAYS_OF_ALL_TIME = (pd.Timestamp("1800-01-01"), pd.Timestamp("2200-01-01"))
YEAR_FIRST = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
DAY_FIRST = r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})"
TIME = (
    r"([T ](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})([.,][0-9]+)?)?"
    r" ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})?)?"
)
ISO = re.compile(YEAR_FIRST + TIME, re.IGNORECASE)
BRITISH = re.compile(DAY_FIRST + TIME, re.IGNORECASE)


class _Doubtful(Exception):
    """The text is a moment that lies on two different days, by its own offset and in the zone of the exchange."""


class Written(NamedTuple):
    """How a provider writes days.

    Attributes:
        provider: its name.
        zone: of the exchange, in which a moment determines a day.
        british: whether dd/mm/yyyy is used too.
    """

    provider: str
    zone: ZoneInfo
    british: bool = False


def days(texts: Sequence[object], notes: Counter[str], written: Written, content: bytes) -> pd.Series:
    """Each text as a day (midnight, no zone); a text that is not a day becomes NaT and is counted.

    Days before 1800 or after 2200 are not accepted.

    Raises:
        SourceError: no text is a day, or one is a moment that may mean either of two days, so the answer has an unknown form.
    """
    read = partial(_day, written=written)
    try:
        found = pd.Series([read(text) for text in texts], dtype="datetime64[ns]")
    except _Doubtful as error:
        raise SourceError(
            f"{written.provider} answered in an unknown shape: the date {error} may mean two days in {written.zone.key}",
            content,
        ) from None
    unreadable = int(found.isna().sum())
    if unreadable:
        notes["unreadable dates"] += unreadable
    if len(found) and unreadable == len(found):
        raise SourceError(
            f"{written.provider} answered in an unknown shape: no date of it can be read, for example {str(texts[0])[:40]!r}",
            content,
        )
    return found


def _day(text: object, written: Written) -> pd.Timestamp:
    if not isinstance(text, str):
        return pd.NaT
    found = ISO.fullmatch(text.strip()) or (BRITISH.fullmatch(text.strip()) if written.british else None)
    if found is None:
        return pd.NaT
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        clock = time(int(found["hour"] or 0), int(found["minute"] or 0), int(found["second"] or 0))
        meant = (
            day if found["zone"] is None or clock == time(0) else _of_the_exchange(datetime.combine(day, clock), found, written)
        )
    except (ValueError, OverflowError):
        return pd.NaT
    return pd.Timestamp(meant) if DAYS_OF_ALL_TIME[0].date() <= meant <= DAYS_OF_ALL_TIME[1].date() else pd.NaT


def _of_the_exchange(local: datetime, match: re.Match[str], written: Written) -> date:
    """The day of a moment with an offset. Midnight in the exchange's zone is that day's; else both zones must agree."""
    there = local.replace(tzinfo=_offset(match["zone"])).astimezone(written.zone)
    if there.date() == local.date() or there.time() == time(0):
        return there.date()
    raise _Doubtful(repr(match.group()))


def _offset(text: str) -> timezone:
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-ahead if text[0] == "-" else ahead)
