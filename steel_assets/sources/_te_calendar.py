"""The economic calendar of Trading Economics: when a figure was published, and what it was.

Endpoint: ``/calendar/country/{country}/{from}/{to}``: all events of a country. ``Actual`` is text with its unit ("0.9%"), empty
while the event lies ahead; ``Reference`` names the month the figure is about; ``Date`` is its publication, UTC. ``Previous``
and ``Revised`` are not read: which of the two holds the corrected figure differs from event to event.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote as url_quoted

import pandas as pd
from pydantic import BaseModel, Field, RootModel

from steel_assets.core.types import Series
from steel_assets.sources._answers import refuse_renamed, shaped
from steel_assets.sources._contract import Access, SourceError
from steel_assets.sources._figures import amounts
from steel_assets.sources._gather import first_day, windows
from steel_assets.sources._te_refusals import content_of

REVISION_DAYS = 70
"""Two publications of a monthly figure."""

YEARS_AT_ONCE = 2
"""A country has some hundred events a month; two years of them stay below 5 MB."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
REFERENCE = re.compile(r"(?P<month>[a-z]{3})[a-z]*\.?[ /-]*(?P<year>[0-9]{4})?", re.IGNORECASE)


class _Event(BaseModel):
    date: Any = Field(default=None, alias="Date")
    country: Any = Field(default=None, alias="Country")
    event: Any = Field(default=None, alias="Event")
    reference: Any = Field(default=None, alias="Reference")
    actual: Any = Field(default=None, alias="Actual")


class _Events(RootModel[list[_Event]]):
    """All events of a country, of any kind."""


def by_country(series: Sequence[Series]) -> list[list[Series]]:
    """The series grouped by country, to be asked for together."""
    return [list(together) for _, together in groupby(sorted(series, key=_country), key=_country)]


def figures(
    asked: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    """The figures of several series of one country. Raises HttpError, SourceError."""
    start = min(first_day(one, known, moment, access, REVISION_DAYS) for one in asked)
    end = moment.tz_localize(None).normalize()
    parts = [
        parse(fetch(_country(asked[0]), first, last, access), asked, notes) for first, last in windows(start, end, YEARS_AT_ONCE)
    ]
    return pd.concat(parts, ignore_index=True)


def fetch(country: str, start: pd.Timestamp, end: pd.Timestamp, access: Access) -> bytes:
    """All events of a country from ``start`` to ``end``, both included. Raises HttpError, SourceError."""
    answer = access.http.get(
        f"{access.base_url}/calendar/country/{url_quoted(country, safe='')}/{start:%Y-%m-%d}/{end:%Y-%m-%d}",
        {"f": "json"},
        secret_params=access.secret("c"),
    )
    return content_of(answer, access)


def parse(content: bytes, series: Sequence[Series], notes: Counter[str]) -> pd.DataFrame:
    """Events as ``series, period, value, published_at``, of the series asked for.

    Raises:
        SourceError: the answer is not a list of events, or a series is not monthly.
    """
    events = shaped(_Events, content, "Trading Economics", "a list of events with Date, Event, Reference and Actual").root
    refuse_renamed(events, ("date", "event"), "Trading Economics", content)
    wanted = {one.id: [event for event in events if _is(event, one)] for one in series}
    for its_own in wanted.values():
        refuse_renamed(its_own, ("reference", "actual"), "Trading Economics", content)
    return pd.concat([_one(one, wanted[one.id], notes) for one in series], ignore_index=True)


def _one(series: Series, events: Sequence[_Event], notes: Counter[str]) -> pd.DataFrame:
    if series.frequency != "monthly":
        raise SourceError(f"figures of the calendar are monthly, the catalogue says {series.frequency}; correct the series")
    published = pd.to_datetime(
        pd.Series([str(event.date) for event in events], dtype="object"), format="ISO8601", utc=True, errors="coerce"
    ).astype("datetime64[ns, UTC]")
    frame = pd.DataFrame(
        {
            "series": series.id,
            "period": _months([event.reference for event in events], published, notes),
            "published_at": published,
        }
    )
    frame = frame.join(amounts([event.actual for event in events], series.unit, notes))
    return frame.dropna(subset=["period", "value", "published_at"])


def _months(references: Sequence[object], published: pd.Series, notes: Counter[str]) -> pd.Series:
    """The month each figure is about. Seen: "Nov", without a year: the last November that had begun by the publication."""
    months = [_month(reference, at) for reference, at in zip(references, published, strict=True)]
    unreadable = sum(month is pd.NaT for month in months)
    if unreadable:
        notes["unreadable references"] += unreadable
    return pd.Series(months, dtype="datetime64[ns]")


def _month(reference: object, published: pd.Timestamp) -> pd.Timestamp:
    found = REFERENCE.fullmatch(str(reference).strip())
    if found is None or found["month"].lower() not in MONTHS or published is pd.NaT:
        return pd.NaT
    month = MONTHS.index(found["month"].lower()) + 1
    year = int(found["year"] or published.year - (month > published.month))
    return pd.Timestamp(year, month, 1) if 1900 <= year <= 2200 else pd.NaT


def _country(series: Series) -> str:
    return str(series.symbol).partition(":")[0].strip().lower()


def _is(event: _Event, series: Series) -> bool:
    """Whether it is the series' event, of its country where one is told: many countries have a Manufacturing PMI."""
    here = event.country is None or str(event.country).strip().lower() == _country(series)
    return here and str(event.event).strip().casefold() == str(series.symbol).partition(":")[2].strip().casefold()
