"""FRED, Federal Reserve Bank of St. Louis: economic series of the United States, with every revision (ALFRED).

The example of a connector: ``fetch`` uses the network and does not interpret, ``parse`` interprets without network, every
peculiarity of the provider is a small function that says what was observed and counts its rows, and ``collect`` combines them.

Endpoint: ``/fred/series/observations``. Without real-time bounds it returns today's values; with them, one row for each version
of each value, dated by ``realtime_start``, of at most 2,000 vintage dates. Errors are HTTP 400 with a JSON message. Its days are
those of Chicago. Without a key the CSV behind FRED's graphs is read instead (``_fred_csv``): no vintages, so revisions count from
the day we see them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import BaseModel, Field

from steel_assets.core.calendars import local_day, local_moments, publication_moments
from steel_assets.core.types import Series
from steel_assets.sources import _fred_csv
from steel_assets.sources._connector import Access, Collection, Exhausted, ResponseLimits, SeriesRefused, SourceError
from steel_assets.sources._days import Written, days
from steel_assets.sources._figures import numbers
from steel_assets.sources._gather import Gathering, windows
from steel_assets.sources._history import first_day, oldest_day
from steel_assets.sources._refusals import accepted, refuse_renamed, shaped

SOURCE = "fred_api"
REMEDY = "check the symbol in the catalogue and STEEL_FRED_API_API_KEY"
LIMITS = ResponseLimits(rows=100_000, symbols=1, vintages=2_000)
"""As documented; ``count`` and ``offset`` of an answer tell whether more rows follow."""

ZONE = ZoneInfo("America/Chicago")
"""FRED refuses real-time bounds after its own day, which begins five or six hours after the UTC day."""

MOST_PAGES = 100
REVISION_DAYS = 10
"""Days of known values, or of vintages, that are requested again."""

VINTAGE_YEARS = 5
"""A daily series has about 260 vintage dates a year: those of five years fit into one answer."""

TOO_MANY = re.compile(r"(exceed|maxim|2,?000).*vintage|vintage.*(exceed|maxim|2,?000)", re.IGNORECASE)
SHORTEST = pd.Timedelta(days=90)
"""No series has 2,000 vintages in so few days, so a refusal has another reason."""

NO_VINTAGES = re.compile(r"not exist in ALFRED", re.IGNORECASE)
ABOUT_THE_KEY = re.compile(r"api_key|api key", re.IGNORECASE)
ITS_TODAY = re.compile(r"realtime_(start|end) can not be after today's date \((?P<today>[0-9]{4}-[0-9]{2}-[0-9]{2})\)")

NO_END = "9999-12-31"
"""FRED's way to write that a version is the current one."""


class Vintages(NamedTuple):
    """Real-time bounds: versions that were current at any time from ``start`` to ``end``."""

    start: str
    end: str


class _Observation(BaseModel):
    realtime_start: Any = None
    date: Any = None
    value: Any = None


class _Page(BaseModel):
    count: int = Field(ge=0)
    offset: int = Field(ge=0)
    observation_start: Any = None
    observations: list[_Observation]


def collect(series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Collection:
    """See ``Connector.collect``."""
    gathering = Gathering(SOURCE, access)
    gathering.ask_all([[declared] for declared in series], partial(_figures, known=known, moment=moment, access=access))
    return gathering.collection(series, known, moment)


def fetch(symbol: str, start: pd.Timestamp, vintages: Vintages | None, offset: int, access: Access) -> bytes:
    """One page of a series from ``start`` on: today's values, or all versions within ``vintages``.

    Raises:
        HttpError: no answer.
        SourceError: FRED refuses; the message quotes it.
        Exhausted: it refuses the key.
    """
    bounds = {"realtime_start": vintages.start, "realtime_end": vintages.end} if vintages else {}
    answer = access.http.get(
        f"{access.base_url}/fred/series/observations",
        {
            "series_id": symbol,
            "file_type": "json",
            "observation_start": f"{start:%Y-%m-%d}",
            "limit": str(LIMITS.rows),
            "offset": str(offset),
            **bounds,
        },
        secret_params=access.secret("api_key"),
    )
    try:
        return accepted(answer, "FRED", REMEDY, access)
    except SeriesRefused as error:
        if ABOUT_THE_KEY.search(error.answer_text):
            raise Exhausted(str(error)) from None
        raise


def parse(content: bytes, series: Series, notes: Counter[str]) -> pd.DataFrame:
    """One page as ``series, period, value, vintage`` (the day FRED first showed this version).

    Raises:
        SourceError: the answer is not a page of observations.
    """
    rows = _page(content).observations
    written = Written("FRED", series.published.tzinfo)
    frame = pd.DataFrame(
        {
            "series": series.id,
            "period": days([row.date for row in rows], notes, written, content),
            "value": numbers([row.value for row in rows], notes),
            "vintage": days([row.realtime_start for row in rows], notes, written, content),
        }
    )
    return frame.dropna()


def _figures(
    requested: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    (series,) = requested
    start = first_day(series, known, moment, access, REVISION_DAYS)
    if access.api_key is None:
        return _fred_csv.parse(_fred_csv.fetch(str(series.symbol), start, access), series, notes)
    if not series.revised:
        return _pages(series, start, None, access, notes).drop(columns="vintage")
    start = oldest_day(moment, access)
    bounds = _vintages(series, known, moment, access)
    ask = partial(_pages, series, start, access=access, notes=notes)
    try:
        return _dated(_all_vintages(bounds, local_day(moment, ZONE), ask), series, moment)
    except SeriesRefused as error:
        if NO_VINTAGES.search(error.answer_text):
            remedy = f"it has no vintages: write revised: false for {series.id} in the catalogue"
            raise SourceError(f"FRED refused ({error.status}): {error.answer_text}; {remedy}") from None
        raise


def _vintages(series: Series, known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> list[Vintages]:
    """The real-time bounds to ask for: since the last collection, or since the first figure; in parts FRED can answer."""
    today = local_day(moment, ZONE)
    start = min(oldest_day(moment, access), today)
    collected = known.loc[known["series"] == series.id, "collected_at"]
    if len(collected) and access.since is None:
        start = max(start, collected.max().tz_localize(None).normalize() - pd.Timedelta(days=REVISION_DAYS))
    if series.frequency in ("monthly", "quarterly"):
        return [Vintages(f"{start:%Y-%m-%d}", NO_END)]
    *closed, (last, _) = windows(start, today, VINTAGE_YEARS)
    return [*(Vintages(f"{first:%Y-%m-%d}", f"{end:%Y-%m-%d}") for first, end in closed), Vintages(f"{last:%Y-%m-%d}", NO_END)]


def _all_vintages(parts: Sequence[Vintages], today: pd.Timestamp, ask: Callable[[Vintages], pd.DataFrame]) -> pd.DataFrame:
    """The figures of all ``parts``, which follow upon each other.

    Seen: bounds that end before ALFRED knew the series are refused ("does not exist in ALFRED but may exist in FRED"), so a
    refusal counts only after a part that was answered; and bounds with more than 2,000 vintages are, so they are halved.
    """
    found: list[pd.DataFrame] = []
    to_come = list(parts)
    while to_come:
        bounds = to_come.pop(0)
        try:
            found.append(ask(bounds))
        except SeriesRefused as error:
            if (its := ITS_TODAY.search(error.answer_text)) and its["today"] < max(bounds.start, bounds.end.replace(NO_END, "")):
                to_come = [_until(bounds, its["today"]), *to_come]
                continue
            halves = _halves(bounds, today) if TOO_MANY.search(error.answer_text) else []
            if not halves and (found or not to_come):
                raise
            to_come = [*halves, *to_come]
    return pd.concat(found, ignore_index=True)


def _until(bounds: Vintages, today: str) -> Vintages:
    """``bounds`` within FRED's own days: its clock and ours may differ."""
    return Vintages(min(bounds.start, today), bounds.end if bounds.end == NO_END else min(bounds.end, today))


def _halves(bounds: Vintages, today: pd.Timestamp) -> list[Vintages]:
    """``bounds`` in two parts; none when they are too short for it."""
    first = pd.Timestamp(bounds.start)
    last = today if bounds.end == NO_END else pd.Timestamp(bounds.end)
    middle = (first + (last - first) / 2).normalize()
    if middle - first < SHORTEST:
        return []
    return [
        Vintages(bounds.start, f"{middle:%Y-%m-%d}"),
        Vintages(f"{middle + pd.Timedelta(days=1):%Y-%m-%d}", bounds.end),
    ]


def _pages(series: Series, start: pd.Timestamp, vintages: Vintages | None, access: Access, notes: Counter[str]) -> pd.DataFrame:
    """All pages of one request."""
    parts = []
    offset = 0
    for _ in range(MOST_PAGES):
        content = fetch(str(series.symbol), start, vintages, offset, access)
        page = _page(content)
        if _later(page.observation_start, start):
            raise SourceError(
                f"FRED answered from {page.observation_start} on when asked from {start:%Y-%m-%d} on; asked again at the next "
                "collection",
                content,
            )
        if page.offset != offset or (not page.observations and page.count > offset):
            raise SourceError(
                f"FRED answered rows from {page.offset} on, {len(page.observations)} of {page.count}, when asked for those from "
                f"{offset} on; asked again at the next collection",
                content,
            )
        parts.append(parse(content, series, notes))
        offset += len(page.observations)
        if offset >= page.count:
            return pd.concat(parts, ignore_index=True)
    raise SourceError(f"FRED has more than {MOST_PAGES} pages of {series.symbol}; set STEEL_HISTORY_YEARS lower")


def _later(day: object, start: pd.Timestamp) -> bool:
    """Whether FRED says that it answers from a later day than ``start`` on."""
    return bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(day))) and str(day) > f"{start:%Y-%m-%d}"


def _page(content: bytes) -> _Page:
    page = shaped(_Page, content, "FRED", "count, offset and observations[] of date, realtime_start, value")
    refuse_renamed(page.observations, ("date", "realtime_start", "value"), "FRED", content)
    return page


def _dated(rows: pd.DataFrame, series: Series, moment: pd.Timestamp) -> pd.DataFrame:
    """``rows`` with ``published_at``: the series' hour of publication on the day of the vintage."""
    rule = series.published
    rows = rows.sort_values(["period", "vintage"], kind="stable").reset_index(drop=True)
    published = pd.Series(local_moments(pd.DatetimeIndex(rows["vintage"]), rule.at, rule.tzinfo), index=rows.index)
    today = moment.tz_convert(rule.tzinfo).tz_localize(None).normalize()
    published = published.mask((rows["vintage"] <= today) & (published > moment), moment)
    by_rule = pd.Series(publication_moments(pd.DatetimeIndex(rows["period"]), series.frequency, rule), index=rows.index)
    undated = (_older_than_the_vintages(rows) & (by_rule < published)) | (rows["vintage"] < rows["period"])
    return rows.assign(published_at=published.mask(undated, by_rule)).drop(columns="vintage")


def _older_than_the_vintages(rows: pd.DataFrame) -> pd.Series:
    """First versions dated on the earliest vintage of the answer.

    Seen: where real-time bounds, or ALFRED's own records, begin later than the figures, everything published before is dated
    on that first day. The day a figure was really published is unknown then, and the publication rule says it better.
    """
    first = ~rows.duplicated("period")
    return first & (rows["vintage"] == rows["vintage"].min())
