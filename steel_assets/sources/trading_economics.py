"""Trading Economics: prices of commodities, and figures of its economic calendar (``_te_calendar``).

Endpoint for prices: ``/markets/historical/{symbols}``, several symbols in one call, newest first, dates dd/mm/yyyy. Errors are
plain text. A series of the group ``economic_calendar`` has COUNTRY:EVENT as its symbol; all others have a market's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import quote as url_quoted

import pandas as pd
from pydantic import BaseModel, Field, RootModel

from steel_assets.core.types import Series
from steel_assets.sources import _te_calendar
from steel_assets.sources._answers import refuse_renamed, shaped
from steel_assets.sources._contract import Access, Collection, SourceError
from steel_assets.sources._figures import amounts, days
from steel_assets.sources._gather import Gathering, first_day
from steel_assets.sources._te_refusals import content_of

SOURCE = "trading_economics"
CALENDAR = "economic_calendar"
REVISION_DAYS = 10
MOST_SYMBOLS = 20
"""Symbols in one call: ten years of so many stay below 10 MB."""

DATES = (
    "%d/%m/%Y",
    "%Y-%m-%d",
    *(f"%Y-%m-%dT%H:%M:%S{fraction}{zone}" for fraction in ("", ".%f") for zone in ("", "Z")),
)
MONTH_FIRST = re.compile(r"[0-9]{1,2}/(1[3-9]|2[0-9]|3[01])/[0-9]{4}")


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
    batches = list(_batches([one for one in series if one.group != CALENDAR], known, moment, access))
    gathering.ask_all(batches, partial(_prices, **asking))
    countries = _te_calendar.by_country([one for one in series if one.group == CALENDAR])
    gathering.ask_all(countries, partial(_te_calendar.figures, **asking))
    return gathering.collection(series, known, moment)


def fetch(series: Sequence[Series], start: pd.Timestamp, end: pd.Timestamp, access: Access) -> bytes:
    """Prices of several symbols from ``start`` to ``end``, both included.

    Raises:
        HttpError: no answer.
        SourceError: Trading Economics refuses; the message quotes it.
    """
    symbols = ",".join(url_quoted(str(one.symbol), safe=":") for one in series)
    answer = access.http.get(
        f"{access.base_url}/markets/historical/{symbols}",
        {"d1": f"{start:%Y-%m-%d}", "d2": f"{end:%Y-%m-%d}", "f": "json"},
        secret_params=access.secret("c"),
    )
    return content_of(answer, access)


def parse(content: bytes, series: Sequence[Series], notes: Counter[str]) -> pd.DataFrame:
    """Prices as ``series, period, value``: closes, of the symbols asked for.

    Raises:
        SourceError: the answer is not a list of prices, its dates are no longer dd/mm/yyyy, or a series is not daily.
    """
    other = next((one for one in series if one.frequency != "daily"), None)
    if other is not None:
        raise SourceError(f"prices are daily, the catalogue says {other.frequency} for {other.id}; correct the series")
    prices = shaped(_Prices, content, "Trading Economics", "a list of prices with Symbol, Date and Close").root
    refuse_renamed(prices, ("symbol", "date", "close"), "Trading Economics", content)
    _refuse_month_first([price.day for price in prices], content)
    frames = [_one(one, [price for price in prices if _same(price.symbol, one.symbol)], notes) for one in series]
    return pd.concat(frames, ignore_index=True)


def _batches(series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Iterator[list[Series]]:
    """Series to ask for in one call: those wanted from about the same day on, so that none asks for more than it needs."""

    def year(one: Series) -> int:
        return first_day(one, known, moment, access, REVISION_DAYS).year

    for _, together in groupby(sorted(series, key=year), key=year):
        alike = list(together)
        yield from (alike[at : at + MOST_SYMBOLS] for at in range(0, len(alike), MOST_SYMBOLS))


def _prices(
    asked: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    start = min(first_day(one, known, moment, access, REVISION_DAYS) for one in asked)
    return parse(fetch(asked, start, moment.tz_localize(None), access), asked, notes)


def _one(series: Series, prices: Sequence[_Price], notes: Counter[str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "series": series.id,
            "period": days([price.day for price in prices], notes, *DATES),
        }
    )
    frame = frame.join(amounts([price.close for price in prices], series.unit, notes))
    return frame.dropna(subset=["period", "value"])


def _same(one: object, other: object) -> bool:
    return str(one).casefold() == str(other).casefold()


def _refuse_month_first(dates: Sequence[object], content: bytes) -> None:
    """Dates are dd/mm/yyyy by contract. One with a thirteenth month means that all have changed sides, silently."""
    wrong = next((date for date in dates if MONTH_FIRST.fullmatch(str(date).strip())), None)
    if wrong is not None:
        raise SourceError(
            f"Trading Economics dated a price {wrong!r}; expected dd/mm/yyyy, so no date of it can be trusted", content
        )
