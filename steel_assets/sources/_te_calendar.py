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
from steel_assets.sources._connector import Access, SourceError
from steel_assets.sources._figures import amounts
from steel_assets.sources._history import first_day
from steel_assets.sources._refusals import refuse_renamed, shaped
from steel_assets.sources._retries import DAY, asked_again
from steel_assets.sources._te_refusals import LIMITS, content_of

REVISION_DAYS = 70
"""Two publications of a monthly figure."""

YEARS_AT_ONCE = 2
"""Asked for at first. A country with more than 1,000 events in them is asked for as many days as hold 800."""

ROOM = 0.8
QUIET_DAYS = 31
"""No country that has a hundred events is without one for so long: an answer that leaves out more was cut."""

FEWEST_TO_DOUBT = 100
MOST_CALLS = 240

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
REFERENCE = re.compile(r"(?P<month>[a-z]{3})[a-z]*\.?[ /-]*(?P<year>[0-9]{4})?", re.IGNORECASE)
QUARTER = re.compile(r"q(?P<quarter>[1-4])[ /-]*(?P<year>[0-9]{4})?", re.IGNORECASE)


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
    requested: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    """The figures of several series of one country. Raises HttpError, SourceError."""
    start = min(first_day(declared, known, moment, access, REVISION_DAYS) for declared in requested)
    events, content = _all_events(_country(requested[0]), start, moment.tz_localize(None).normalize(), access)
    return _figures(events, requested, notes, content)


def fetch(country: str, start: pd.Timestamp, end: pd.Timestamp, access: Access) -> bytes:
    """All events of a country from ``start`` to ``end``, both included. Raises HttpError, SourceError."""
    address = f"{access.base_url}/calendar/country/{url_quoted(country, safe='')}/{start:%Y-%m-%d}/{end:%Y-%m-%d}"
    return asked_again(
        lambda: content_of(access.http.get(address, {"f": "json"}, secret_params=access.secret("c")), access), access
    )


def parse(content: bytes, series: Sequence[Series], notes: Counter[str]) -> pd.DataFrame:
    """Events as ``series, period, value, published_at``, of the series asked for.

    Raises:
        SourceError: the answer is not a list of events, its dates or months cannot be read, or a series is neither monthly nor
            quarterly.
    """
    return _figures(_read(content), series, notes, content)


def _all_events(country: str, start: pd.Timestamp, end: pd.Timestamp, access: Access) -> tuple[list[_Event], bytes]:
    """All events of a country, and the answer that the last of them came in.

    An answer that is full, or leaves out weeks at an
    end, was cut: its days are asked for again, as many at once as hold fewer events than an answer does.
    """
    found: list[_Event] = []
    content, at, span = b"", start, None
    for _ in range(MOST_CALLS):
        last = min(end, at + (pd.DateOffset(years=YEARS_AT_ONCE) if span is None else pd.Timedelta(days=span)) - DAY)
        content = fetch(country, at, last, access)
        events = _read(content)
        covered = _covered(events, at, last)
        if not covered:
            found += events
            at = last + DAY
            if at > end:
                return found, content
        elif last == at:
            raise SourceError(
                f"Trading Economics answered {len(events)} events of one day, which is all it ever answers", content
            )
        else:
            most = LIMITS.events or len(events)
            span = max(1, min(((last - at) / DAY + 1) // 2, int(ROOM * most / len(events) * covered)))
    raise SourceError(f"the calendar of {country} is not complete after {MOST_CALLS} calls; set STEEL_HISTORY_YEARS lower")


def _covered(events: Sequence[_Event], first: pd.Timestamp, last: pd.Timestamp) -> int:
    """How many days of those asked for a cut answer covers; 0 when it was not cut."""
    times = _moments(events).dropna().dt.tz_localize(None)
    times = times[times.between(first, last + DAY)]
    full = LIMITS.events is not None and len(events) >= LIMITS.events
    if not len(times):
        return 1 if full else 0
    days = int((times.max() - times.min()) / DAY) + 1
    quiet = max(times.min() - first, last - times.max()) > pd.Timedelta(days=QUIET_DAYS)
    return days if full or (len(times) >= FEWEST_TO_DOUBT and quiet and days < (last - first) / DAY) else 0


def _read(content: bytes) -> list[_Event]:
    events = shaped(_Events, content, "Trading Economics", "a list of events with Date, Event, Reference and Actual").root
    refuse_renamed(events, ("date", "event"), "Trading Economics", content)
    if events and _moments(events).isna().all():
        raise SourceError(
            f"Trading Economics answered in an unknown shape: no date can be read, for example {str(events[0].date)[:40]!r}",
            content,
        )
    return events


def _figures(events: Sequence[_Event], series: Sequence[Series], notes: Counter[str], content: bytes) -> pd.DataFrame:
    wanted = {declared.id: [event for event in events if _is(event, declared)] for declared in series}
    for its_own in wanted.values():
        refuse_renamed(its_own, ("reference", "actual"), "Trading Economics", content)
    return pd.concat([_one(declared, wanted[declared.id], notes, content) for declared in series], ignore_index=True)


def _moments(events: Sequence[_Event]) -> pd.Series:
    """When each event is published, UTC; with an offset where one is written."""
    texts = pd.Series([str(event.date) for event in events], dtype="object")
    return pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce").astype("datetime64[ns, UTC]")


def _one(series: Series, events: Sequence[_Event], notes: Counter[str], content: bytes) -> pd.DataFrame:
    if series.frequency not in ("monthly", "quarterly"):
        raise SourceError(
            f"figures of the calendar are monthly or quarterly, the catalogue says {series.frequency}; correct the series"
        )
    published = _moments(events)
    frame = pd.DataFrame(
        {
            "series": series.id,
            "period": _months([event.reference for event in events], published, notes, quarters=series.frequency == "quarterly"),
            "published_at": published,
        }
    )
    if len(frame) and frame["period"].isna().all() and any(event.actual for event in events):
        raise SourceError(
            f"Trading Economics answered in an unknown shape: no month of {series.symbol} can be read, for example "
            f"{str(events[0].reference)[:40]!r}",
            content,
        )
    frame = frame.join(amounts([event.actual for event in events], series.unit, notes))
    return frame.dropna(subset=["period", "value", "published_at"])


def _months(references: Sequence[object], published: pd.Series, notes: Counter[str], *, quarters: bool) -> pd.Series:
    """The first month each figure is about. Seen: "Nov" and "Q3", without a year: the last that had begun by the publication."""
    months = [_month(reference, at, quarters=quarters) for reference, at in zip(references, published, strict=True)]
    unreadable = sum(month is pd.NaT for month in months)
    if unreadable:
        notes["unreadable references"] += unreadable
    return pd.Series(months, dtype="datetime64[ns]")


def _month(reference: object, published: pd.Timestamp, *, quarters: bool) -> pd.Timestamp:
    text = str(reference).strip()
    if published is pd.NaT:
        return pd.NaT
    if quarters and (found := QUARTER.fullmatch(text)):
        month = 3 * int(found["quarter"]) - 2
    elif (found := REFERENCE.fullmatch(text)) and found["month"].lower() in MONTHS:
        month = MONTHS.index(found["month"].lower()) + 1
    else:
        return pd.NaT
    year = int(found["year"] or published.year - (month > published.month))
    return pd.Timestamp(year, month, 1) if 1900 <= year <= 2200 else pd.NaT


def _country(series: Series) -> str:
    return str(series.symbol).partition(":")[0].strip().lower()


def _is(event: _Event, series: Series) -> bool:
    """Whether the event is the series' and, if a country is stated, of its country: many countries have a Manufacturing PMI."""
    here = event.country is None or str(event.country).strip().lower() == _country(series)
    return here and str(event.event).strip().casefold() == str(series.symbol).partition(":")[2].strip().casefold()
