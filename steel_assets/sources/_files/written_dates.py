"""The notations of a day, a week, a month or a quarter: one pattern each, tried on a whole column.

A pattern names its parts. Parts called ``a, b, c`` are numbers whose order the pattern leaves open; ``orders`` are the possible
orders, the usual one first.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

import pandas as pd

from steel_assets.sources._files.names import MONTH_OF, QUARTER_NAMES, WEEKDAYS, plain
from steel_assets.sources._files.status_marks import without_mark

Stands = Literal["day", "week", "month", "quarter", "instant"]

TIME = r"(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?: ?[ap]m)?)"
CLOCK = rf"(?:(?:[t ]|, ?){TIME} ?(?P<zone>z|utc|gmt|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
YEAR, SHORT_YEAR = r"(?P<year>(?:1[6-9]|2[01])[0-9]{2})", r"'?(?P<year>[0-9]{2})"
DAY, MONTH, NAMED = r"(?P<day>[0-9]{1,2})", r"(?P<month>[0-9]{1,2})", r"@(?P<month>[0-9]{1,2})@"
LOOSE = r"[-/. ]{0,2}"
QUARTER = r"(?:[qt] ?(?P<quarter>[1-4])|(?P<ordinal>[1-4])\.? ?[qt]\.?)"
ROMAN = r"(?P<roman>i{1,3}|iv)"
FROM_TO = r"@(?P<month>[0-9]{1,2})@ ?[-/–] ?@(?P<last>[0-9]{1,2})@"
WORD = re.compile(r"[^\W\d_]+")
WORDLESS = re.compile(r"[0-9/.: -]*[0-9]")
PIVOT = 69
"""Two digits of a year: 00–68 are of this century, as in POSIX."""


@dataclass(frozen=True)
class Pattern:
    """One notation of a date: its kind of period, and the possible orders of its numbers."""

    stands: Stands
    regex: re.Pattern[str]
    orders: tuple[str, ...] = ("",)
    name: str = ""


def _p(stands: Stands, regex: str, *orders: str, name: str = "") -> Pattern:
    return Pattern(stands, re.compile(regex), orders or ("",), name)


BARE = r"(?P<a>[0-9]{1,2})%s(?P<b>[0-9]{1,2})%s"
PATTERNS = (
    _p("day", rf"{YEAR}(?P<mark>[-/. ]){MONTH}(?P=mark){DAY}\.?{CLOCK}"),
    _p("day", rf"{YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}}){CLOCK}"),
    _p("day", rf"{DAY}{LOOSE}{NAMED}{LOOSE}(?:{YEAR}){CLOCK}"),
    _p("day", rf"{DAY}{LOOSE}{NAMED}{LOOSE}{SHORT_YEAR}{CLOCK}"),
    _p("day", rf"{NAMED}{LOOSE}{DAY}[ ]*[, ][ ]*{YEAR}{CLOCK}"),
    _p("day", rf"{NAMED}[-/]{DAY}[-/]{YEAR}{CLOCK}"),
    _p("day", rf"{YEAR}{LOOSE}{NAMED}{LOOSE}{DAY}{CLOCK}"),
    _p("day", BARE % ("[/-]", "[/-]") + r"(?P<c>[0-9]{4})" + CLOCK, "dmy", "mdy"),
    _p("day", BARE % (r"\.[ ]?", r"\.[ ]?") + r"(?P<c>[0-9]{4})\.?" + CLOCK, "dmy", "mdy", name="dots"),
    _p("day", BARE % ("[/-]", "[/-]") + r"(?P<c>[0-9]{2})" + CLOCK, "dmy", "mdy", "ymd"),
    _p("day", BARE % (r"\.[ ]?", r"\.[ ]?") + r"(?P<c>[0-9]{2})" + CLOCK, "dmy", "ymd"),
    _p("month", rf"{YEAR}[-/ ]{MONTH}", "month", "quarter"),
    _p("month", rf"{YEAR}\.(?P<month>[0-9]{{2}})"),
    _p("month", rf"{YEAR}[- ]?m(?P<month>[0-9]{{1,2}})"),
    _p("month", rf"{MONTH}[-/. ]{YEAR}"),
    _p("month", rf"m(?P<month>[0-9]{{1,2}})[-/. ]{YEAR}"),
    _p("month", rf"{NAMED}{LOOSE}{YEAR}"),
    _p("month", rf"{NAMED}{LOOSE}{SHORT_YEAR}"),
    _p("month", rf"{YEAR}{LOOSE}{NAMED}"),
    _p("quarter", rf"{YEAR}[-/ ]?{QUARTER}"),
    _p("quarter", rf"{QUARTER}[-/, ]{{0,2}}{YEAR}"),
    _p("quarter", rf"{QUARTER}[-/ ]{SHORT_YEAR}"),
    _p("quarter", rf"(?P<quarter>[1-4])[qt]{SHORT_YEAR}"),
    _p("quarter", rf"{YEAR}[-/ ]{{1,2}}{ROMAN}(?: ?[qt]\.?)?"),
    _p("quarter", rf"{ROMAN}(?: ?[qt]\.?)?[-/, ]{{1,2}}{YEAR}"),
    _p("quarter", rf"{FROM_TO}[-/., ]{{1,2}}{YEAR}"),
    _p("quarter", rf"{YEAR}[-/., ]{{1,2}}{FROM_TO}"),
    _p("week", rf"{YEAR}[- ]?w(?P<week>[0-9]{{1,2}})"),
    _p("month", r"(?P<year>(?:19|20)[0-9]{2})(?P<month>[0-9]{2})"),
    _p("day", r"(?P<a>[0-9]{2})(?P<b>[0-9]{2})(?P<c>[0-9]{2})", "ymd", name="six digits"),
    _p("day", r"(?P<serial>[1-9][0-9]{4})(?:\.[0-9]+)?", "1900", "1904", name="serial"),
    _p("instant", r"(?P<seconds>[1-9][0-9]{8,9})(?:\.[0-9]+)?", name="unix"),
    _p("instant", r"(?P<milliseconds>[1-9][0-9]{12})", name="unix"),
)
"""Tried in this order; the first one that all cells of a column match is used."""

ROMANS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
EPOCHS = {"1900": date(1899, 12, 30), "1904": date(1904, 1, 1)}
CERTAIN = tuple(pattern for pattern in PATTERNS if pattern.name not in ("serial", "unix", "six digits"))
"""The patterns that no number matches by chance."""


def tidy(text: str) -> str:
    """What the patterns expect: lower case, no accents, months as ``@3@``, quarters as ``q``; no weekday, ``de``, ``2nd``."""
    if WORDLESS.fullmatch(text):
        return text.strip()
    words = WORD.sub(_word, re.sub(r"(?<=[0-9])(?:st|nd|rd|th|er|do|to|[oa](?= ))\b", "", plain(text)))
    words = re.sub(r"(?<=@)\.", "", words)
    return re.sub(r"\s+", " ", words).strip(" ,;.-")


def _word(match: re.Match[str]) -> str:
    word = match[0]
    if word in MONTH_OF:
        return f"@{MONTH_OF[word]}@"
    if word in QUARTER_NAMES:
        return "q"
    return " " if word in WEEKDAYS or word in ("de", "del", "of") else word


@lru_cache(maxsize=65_536)
def looks_certain(text: str) -> bool:
    """Whether a text is a date and hardly anything else."""
    tidied = tidy(without_mark(text)[0]) if len(text) < 60 else ""
    return any(char.isdigit() for char in tidied) and any(
        found and _possible(pattern, found) for pattern in CERTAIN for found in [pattern.regex.fullmatch(tidied)]
    )


def _possible(pattern: Pattern, match: re.Match[str]) -> bool:
    return any(moment(pattern, match, order) is not None for order in pattern.orders)


def moment(pattern: Pattern, match: re.Match[str], order: str) -> date | pd.Timestamp | None:
    """The day (of a week, month or quarter its first), or the time. None: there is no such day."""
    parts: dict[str, str | None] = match.groupdict()
    try:
        if parts.get("seconds") or parts.get("milliseconds"):
            unit = "s" if parts.get("seconds") else "ms"
            return pd.Timestamp(int(parts.get("seconds") or parts["milliseconds"] or 0), unit=unit, tz="UTC")
        if parts.get("serial"):
            return EPOCHS[order] + timedelta(days=int(parts["serial"] or 0))
        day, clock, zone = _day(parts, order), parts.get("clock") or "", parts.get("zone")
        if zone:
            return _instant(day, clock, zone)
        return pd.Timestamp(f"{day.isoformat()} {clock}") if any(digit in clock for digit in "123456789") else day
    except (ValueError, OverflowError):
        return None


def _day(parts: Mapping[str, str | None], order: str) -> date:
    if parts.get("c"):
        named = dict(zip(order, (parts["a"], parts["b"], parts["c"]), strict=True))
        return date(_year(named["y"]), int(named["m"] or 0), int(named["d"] or 0))
    year = _year(parts["year"])
    if parts.get("week"):
        return date.fromisocalendar(year, int(parts["week"] or 0), 1)
    quarter = parts.get("quarter") or parts.get("ordinal") or (parts["month"] if order == "quarter" else None)
    if quarter or parts.get("roman"):
        return date(year, 3 * (int(quarter) if quarter else ROMANS[parts["roman"] or ""]) - 2, 1)
    if parts.get("last") and (int(parts["last"] or 0), int(parts["month"] or 0) % 3) != (int(parts["month"] or 0) + 2, 1):
        raise ValueError("the months are no quarter")
    return date(year, int(parts["month"] or 0), int(parts.get("day") or 1))


def _year(text: str | None) -> int:
    digits = text or ""
    return int(digits) + (0 if len(digits) == 4 else 2000 if int(digits) < PIVOT else 1900)


def _instant(day: date, clock: str, zone: str) -> pd.Timestamp:
    offset = "+00:00" if zone in ("z", "utc", "gmt") else zone
    time = pd.Timestamp(f"{day.isoformat()} {clock.strip()}")
    return pd.Timestamp(datetime.fromisoformat(f"{time.isoformat(timespec='microseconds')}{_colon(offset)}"))


def _colon(offset: str) -> str:
    return offset if ":" in offset else f"{offset[:3]}:{offset[3:]}"


COUNTED = {"excel": "1900", "excel-1904": "1904"}
STAMPS = {"unix": "s", "unix-ms": "ms"}


def by_format(text: str, format_: str) -> date | pd.Timestamp | None:
    """The day or time that ``text`` is in this format; None if it is not. A ``unix`` stamp is its day in UTC.

    Names of months may be in any of the languages of ``names``.
    """
    try:
        if format_ in COUNTED:
            return EPOCHS[COUNTED[format_]] + timedelta(days=int(float(text)))
        if format_ in STAMPS:
            return pd.Timestamp(int(float(text)), unit=STAMPS[format_]).to_pydatetime().date()
        for entry, codes in ((text, format_), (_english(text), re.sub("%[Bh]", "%b", format_))):
            read = _parsed(entry, codes)
            if read is not None:
                return pd.Timestamp(read) if read.tzinfo else read
    except (ValueError, OverflowError):
        return None
    return None


def _parsed(text: str, codes: str) -> datetime | None:
    try:
        return datetime.strptime(text, codes)  # noqa: DTZ007 a zone is only there where the format has one
    except (ValueError, re.error):
        return None


def _english(text: str) -> str:
    def month(match: re.Match[str]) -> str:
        number = MONTH_OF.get(plain(match[0]))
        return calendar.month_abbr[number] if number else match[0]

    return WORD.sub(month, text)
