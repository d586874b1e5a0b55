"""Yahoo Finance: futures, exchange rates, indices and funds, one chart of daily bars for each symbol.

Endpoint: ``/v8/finance/chart/{symbol}``. Unofficial and easily offended: it answers 429 to callers that do not look like a
browser. Closes are raw (``quote.close``), never ``adjclose``: a later dividend must not change what was known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote as url_quoted
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import BaseModel, Field

from steel_assets.core.calendars import period_starts, publication_moments
from steel_assets.core.types import Series
from steel_assets.sources._answers import accepted, refuse_another, shaped
from steel_assets.sources._contract import Access, Collection, SourceError
from steel_assets.sources._figures import numbers
from steel_assets.sources._gather import Gathering, first_day

SOURCE = "yahoo_finance"
REMEDY = "check the symbol in the catalogue"
REVISION_DAYS = 10
INTERVALS = {"daily": "1d", "weekly": "1wk", "monthly": "1mo"}
HEADERS = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "accept": "application/json,text/plain,*/*",
    "accept-language": "en-US,en;q=0.9",
}

HUNDREDTHS = {"USX": "USD", "GBp": "GBP", "GBX": "GBP", "EUX": "EUR", "ZAc": "ZAR", "ILA": "ILS"}
"""How Yahoo writes that a price is in hundredths: cents, pence, agorot."""

ALL_TIME = range(-5_364_662_400, 7_258_118_400)
"""The years 1800 to 2200 as stamps; another one is a mistake."""


class _Meta(BaseModel):
    symbol: Any = None
    currency: str | None = None
    zone: str | None = Field(default=None, alias="exchangeTimezoneName")
    interval: Any = Field(default=None, alias="dataGranularity")
    offset_seconds: int | None = Field(default=None, alias="gmtoffset", ge=-86_400, le=86_400)


class _Quote(BaseModel):
    close: list[Any] | None = None


class _Indicators(BaseModel):
    quote: list[_Quote] = Field(min_length=1)


class _Result(BaseModel):
    meta: _Meta
    timestamp: list[int] | None = None
    indicators: _Indicators


class _Chart(BaseModel):
    result: list[_Result] = Field(min_length=1)


class _Body(BaseModel):
    chart: _Chart


def collect(series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Collection:
    """See ``Connector.collect``."""
    gathering = Gathering(SOURCE, access)
    gathering.ask_all([[one] for one in series], partial(_figures, known=known, moment=moment, access=access))
    return gathering.collection(series, known, moment)


def fetch(series: Series, start: pd.Timestamp, end: pd.Timestamp, access: Access) -> bytes:
    """The chart of a series from ``start`` to ``end`` (UTC days without a zone).

    Raises:
        HttpError: no answer.
        SourceError: Yahoo refuses; the message quotes it.
    """
    answer = access.http.get(
        f"{access.base_url}/v8/finance/chart/{url_quoted(str(series.symbol), safe='')}",
        {"period1": _stamp(start), "period2": _stamp(end), "interval": INTERVALS[series.frequency], "events": "div,split"},
        headers=HEADERS,
    )
    return accepted(answer, "Yahoo Finance", REMEDY, access)


def parse(content: bytes, series: Series, notes: Counter[str]) -> pd.DataFrame:
    """A chart as ``series, period, value``: raw closes on the exchange's own trading days.

    Closes in another currency than the catalogue's carry that as their ``doubt``.

    Raises:
        SourceError: the answer is not a chart, is about another symbol, has bars of another length, or does not tell its zone.
    """
    chart = _chart(content)
    closes, times = chart.indicators.quote[0].close or [], chart.timestamp or []
    if len(closes) != len(times):
        raise SourceError(f"Yahoo Finance answered {len(times)} times and {len(closes)} closes", content)
    refuse_another(chart.meta.symbol, series, "Yahoo Finance", content)
    _refuse_other_bars(chart.meta, series, content)
    seconds = [stamp if stamp in ALL_TIME else None for stamp in times]
    if mistaken := seconds.count(None):
        notes["unreadable dates"] += mistaken
    stamps = pd.Series(pd.to_datetime(seconds, unit="s", utc=True), dtype="datetime64[ns, UTC]")
    bars = pd.DataFrame(
        {
            "series": series.id,
            "stamp": stamps,
            "period": _trading_days(stamps, chart.meta, content),
            "value": numbers(closes, notes),
        }
    )
    bars = _without_next_session(bars.dropna(), series, notes).drop(columns="stamp")
    return _in_the_series_currency(bars, chart.meta, series, notes)


def _figures(
    asked: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    (series,) = asked
    start = first_day(series, known, moment, access, REVISION_DAYS)
    end = moment.tz_localize(None).normalize() + pd.Timedelta(days=2)  # the same question all day, so that a cache can answer it
    return parse(fetch(series, start, end, access), series, notes)


def _stamp(day: pd.Timestamp) -> str:
    return str(int(day.tz_localize("UTC").timestamp()))


def _chart(content: bytes) -> _Result:
    expected = "chart.result[0] with meta, timestamp and indicators.quote"
    return shaped(_Body, content, "Yahoo Finance", expected).chart.result[0]


def _refuse_other_bars(meta: _Meta, series: Series, content: bytes) -> None:
    """Seen: over long ranges Yahoo answers in months. A month's bar is stamped on its first day and holds its last close."""
    asked = INTERVALS[series.frequency]
    if meta.interval and meta.interval != asked:
        raise SourceError(f"Yahoo Finance answered in bars of {meta.interval!s:.10} when asked for {asked}", content)


def _in_the_series_currency(bars: pd.DataFrame, meta: _Meta, series: Series, notes: Counter[str]) -> pd.DataFrame:
    """``bars`` in the money of the catalogue. Seen: hundredths of it (GBp, USX), which are brought to it, and counted."""
    quoted_in = (meta.currency or "").strip()
    if not series.currency or not quoted_in or quoted_in == series.currency:
        return bars
    if HUNDREDTHS.get(quoted_in) == series.currency:
        notes[f"quoted in {quoted_in}"] += len(bars)
        return bars.assign(value=bars["value"] / 100)
    doubt = f"Yahoo Finance quotes it in {quoted_in}, the catalogue says {series.unit}"
    return bars.assign(doubt=f"{doubt}; correct the series' unit or symbol, or release what is true")


def _trading_days(stamps: pd.Series, meta: _Meta, content: bytes) -> pd.Series:
    """The local date of each bar. Seen: bars are stamped with the opening of the session in UTC, often the day before."""
    if meta.zone is not None:
        try:
            return stamps.dt.tz_convert(ZoneInfo(meta.zone)).dt.tz_localize(None).dt.normalize()
        except (LookupError, ValueError, OSError):
            pass  # an unknown zone: the offset says nearly the same
    if meta.offset_seconds is None:
        raise SourceError("Yahoo Finance does not say in which zone the exchange is, so trading days cannot be told", content)
    return (stamps + pd.Timedelta(seconds=meta.offset_seconds)).dt.tz_localize(None).dt.normalize()


def _without_next_session(bars: pd.DataFrame, series: Series, notes: Counter[str]) -> pd.DataFrame:
    """``bars`` without ticks stamped after their own day's figure was published.

    Seen: in the evening, a live row of the next session of a future is dated on the day that has just ended.
    """
    days = period_starts(pd.DatetimeIndex(bars["period"]), series.frequency)
    late = bars["stamp"] > pd.Series(publication_moments(days, series.frequency, series.published), index=bars.index)
    if late.any():
        notes["ticks of the next session"] += int(late.sum())
    return bars[~late]
