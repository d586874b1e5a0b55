"""Trading Economics: prices of commodities, and figures of its economic calendar (``_te_calendar``).

Endpoint for prices: ``/markets/historical/{symbols}``, several symbols in one call, newest first, dates dd/mm/yyyy. Errors are
plain text. An answer is cut at 10,000 rows without a word, so calls are sized below that; one that is cut or ends early all the
same is asked for in parts. A series of the group ``economic_calendar`` has COUNTRY:EVENT as its symbol; others have a market's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import quote as url_quoted
from urllib.parse import urlencode

import pandas as pd
from pydantic import BaseModel, Field, RootModel

from steel_assets.core.types import Series
from steel_assets.sources import _te_calendar
from steel_assets.sources._connector import Access, Collection, Cut, SourceError
from steel_assets.sources._days import Written, days
from steel_assets.sources._figures import amounts
from steel_assets.sources._gather import Gathering
from steel_assets.sources._history import first_day
from steel_assets.sources._refusals import refuse_renamed, shaped
from steel_assets.sources._retries import asked_again, continued
from steel_assets.sources._te_refusals import LIMITS, content_of

SOURCE = "trading_economics"
CALENDAR = "economic_calendar"
REVISION_DAYS = 10
ROWS_A_YEAR = 313
"""Six days a week: more than any market has."""

FEWEST_TO_DOUBT = 100
"""A symbol that is missing from an answer of fewer rows is not missing because the answer was cut."""

MONTH_FIRST = re.compile(r"[0-9]{1,2}/(1[3-9]|2[0-9]|3[01])/[0-9]{4}([T ].*)?")


class _Price(BaseModel):
    symbol: Any = Field(default=None, alias="Symbol")
    date: Any = Field(default=None, alias="Date")
    close: Any = Field(default=None, alias="Close")
    close_date: Any = Field(default=None, alias="CloseDate")

    @property
    def day(self) -> object:
        """The day of the close. Seen: in snapshots, ``Date`` is of the last trade and ``CloseDate`` of the close."""
        return self.close_date or self.date


class _Prices(RootModel[list[_Price]]):
    """A list of prices, of all symbols asked for."""


def collect(series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Collection:
    """See ``Connector.collect``."""
    gathering = Gathering(SOURCE, access)
    if access.api_key is None:
        gathering.stop("Trading Economics needs a key; subscribe and set STEEL_TRADING_ECONOMICS_API_KEY")
    asking = {"known": known, "moment": moment, "access": access}
    batches = list(_batches([declared for declared in series if declared.group != CALENDAR], known, moment, access))
    gathering.ask_all(batches, partial(_prices, **asking))
    countries = _te_calendar.by_country([declared for declared in series if declared.group == CALENDAR])
    gathering.ask_all(countries, partial(_te_calendar.figures, **asking))
    return gathering.collection(series, known, moment)


def fetch(series: Sequence[Series], start: pd.Timestamp, end: pd.Timestamp, access: Access) -> bytes:
    """Prices of several symbols from ``start`` to ``end``, both included.

    Raises:
        HttpError: no answer.
        SourceError: Trading Economics refuses; the message quotes it.
    """
    address, question = _question(series, start, end, access)
    return asked_again(lambda: content_of(access.http.get(address, question, secret_params=access.secret("c")), access), access)


def parse(content: bytes, series: Sequence[Series], notes: Counter[str]) -> pd.DataFrame:
    """Prices as ``series, period, value``: closes, of the symbols asked for.

    Raises:
        SourceError: the answer is not a list of prices, its dates cannot be trusted, or a series is not daily.
    """
    return _figures(_read(content, series), series, notes, content)


def _question(series: Sequence[Series], start: pd.Timestamp, end: pd.Timestamp, access: Access) -> tuple[str, dict[str, str]]:
    symbols = ",".join(url_quoted(str(declared.symbol), safe=":") for declared in series)
    return f"{access.base_url}/markets/historical/{symbols}", {"d1": f"{start:%Y-%m-%d}", "d2": f"{end:%Y-%m-%d}", "f": "json"}


def _fits(series: Sequence[Series], start: pd.Timestamp, end: pd.Timestamp, access: Access) -> bool:
    """Whether one call for all of ``series`` stays below what Trading Economics answers, and its URL as short as it takes."""
    address, question = _question(series, start, end, access)
    secret = {name: key.get_secret_value() for name, key in access.secret("c").items()}
    rows = len(series) * ((end - start).days / 365.25 * ROWS_A_YEAR + 1)
    letters = len(f"{address}?{urlencode(question | secret)}")
    return bool(LIMITS.rows and rows < LIMITS.rows) and bool(LIMITS.url_letters and letters <= LIMITS.url_letters)


def _batches(series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Iterator[list[Series]]:
    """Series to ask for in one call: wanted from about the same day on, and as many as an answer and a URL can hold."""
    end = moment.tz_localize(None)
    starts = {declared.id: first_day(declared, known, moment, access, REVISION_DAYS) for declared in series}

    def year(declared: Series) -> int:
        return starts[declared.id].year

    for _, together in groupby(sorted(series, key=year), key=year):
        batch: list[Series] = []
        for declared_series in together:
            if batch and not _fits(
                [*batch, declared_series], min(starts[series.id] for series in (*batch, declared_series)), end, access
            ):
                yield batch
                batch = []
            batch.append(declared_series)
        yield batch


def _prices(
    requested: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    start = min(first_day(declared, known, moment, access, REVISION_DAYS) for declared in requested)
    end = moment.tz_localize(None).normalize()
    found, rows = _between(requested, start, end, access, notes)
    frames: list[pd.DataFrame] = []
    missing: dict[str, str] = {}
    for declared_series in requested:
        mine = found[found["series"] == declared_series.id]
        alone = partial(_alone, declared_series, access)
        if mine.empty and len(requested) > 1 and rows >= FEWEST_TO_DOUBT:
            mine = alone(start, end)
        try:
            frames.append(continued(mine, alone, declared_series, start, end, moment))
        except Cut as cut:
            frames.append(cut.figures)
            missing |= cut.missing
    figures = pd.concat(frames, ignore_index=True)
    if missing:
        raise Cut(figures, missing)
    return figures


def _alone(series: Series, access: Access, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    return _between([series], first, last, access, Counter())[0]


def _between(
    requested: Sequence[Series], start: pd.Timestamp, end: pd.Timestamp, access: Access, notes: Counter[str]
) -> tuple[pd.DataFrame, int]:
    """The figures from ``start`` to ``end``, and how many rows they came in.

    A full answer is one that was cut: it is asked for
    again in halves, of the symbols, then of the days.
    """
    content = fetch(requested, start, end, access)
    prices = _read(content, requested)
    if LIMITS.rows is None or len(prices) < LIMITS.rows:
        return _figures(prices, requested, notes, content), len(prices)
    if len(requested) > 1:
        half = len(requested) // 2
        parts = [_between(some, start, end, access, notes) for some in (requested[:half], requested[half:])]
    elif start < end:
        middle = (start + (end - start) / 2).normalize()
        days_apart = ((start, middle), (middle + pd.Timedelta(days=1), end))
        parts = [_between(requested, first, last, access, notes) for first, last in days_apart if first <= last]
    else:
        raise SourceError(f"Trading Economics answered {len(prices)} prices of one day, which is all it ever answers", content)
    return pd.concat([frame for frame, _ in parts], ignore_index=True), sum(rows for _, rows in parts)


def _read(content: bytes, series: Sequence[Series]) -> list[_Price]:
    other = next((declared for declared in series if declared.frequency != "daily"), None)
    if other is not None:
        raise SourceError(f"prices are daily, the catalogue says {other.frequency} for {other.id}; correct the series")
    prices = shaped(_Prices, content, "Trading Economics", "a list of prices with Symbol, Date and Close").root
    refuse_renamed(prices, ("symbol", "date", "close"), "Trading Economics", content)
    _refuse_month_first([price.day for price in prices], content)
    return prices


def _figures(prices: Sequence[_Price], series: Sequence[Series], notes: Counter[str], content: bytes) -> pd.DataFrame:
    frames = [
        _one(declared, [price for price in prices if _same(price.symbol, declared.symbol)], notes, content) for declared in series
    ]
    return pd.concat(frames, ignore_index=True)


def _one(series: Series, prices: Sequence[_Price], notes: Counter[str], content: bytes) -> pd.DataFrame:
    written = Written("Trading Economics", series.published.tzinfo, british=True)
    frame = pd.DataFrame({"series": series.id, "period": days([price.day for price in prices], notes, written, content)})
    frame = frame.join(amounts([price.close for price in prices], series.unit, notes))
    return frame.dropna(subset=["period", "value"])


def _same(value: object, other: object) -> bool:
    return str(value).casefold() == str(other).casefold()


def _refuse_month_first(dates: Sequence[object], content: bytes) -> None:
    """Dates are dd/mm/yyyy by contract. One with a thirteenth month means that all have changed sides, silently."""
    wrong = next((date for date in dates if MONTH_FIRST.fullmatch(str(date).strip())), None)
    if wrong is not None:
        raise SourceError(
            f"Trading Economics dated a price {wrong!r}; expected dd/mm/yyyy, so no date of it can be trusted", content
        )
