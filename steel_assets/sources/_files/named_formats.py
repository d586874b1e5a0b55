"""Dates by the format that a person named: ``strptime`` codes, or what the numbers count."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta

import pandas as pd

from steel_assets.sources._files.names import MONTH_OF, plain
from steel_assets.sources._files.written_dates import EPOCHS, WORD

COUNTED = {"excel": "1900", "excel-1904": "1904"}
STAMPS = {"unix": "s", "unix-ms": "ms"}


def by_format(text: str, wanted: str) -> date | pd.Timestamp | None:
    """The day or instant that ``text`` is in this format; None where it is none. A stamp of ``unix`` is its day in UTC.

    Names of months may be in any of the languages of ``names``.
    """
    try:
        if wanted in COUNTED:
            return EPOCHS[COUNTED[wanted]] + timedelta(days=int(float(text)))
        if wanted in STAMPS:
            return pd.Timestamp(int(float(text)), unit=STAMPS[wanted]).to_pydatetime().date()
        for one, codes in ((text, wanted), (_english(text), re.sub("%[Bh]", "%b", wanted))):
            read = _parsed(one, codes)
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
    def month(found: re.Match[str]) -> str:
        number = MONTH_OF.get(plain(found[0]))
        return calendar.month_abbr[number] if number else found[0]

    return WORD.sub(month, text)
