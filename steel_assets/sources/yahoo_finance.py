"""Yahoo Finance: futures, exchange rates, indices and funds, one chart of daily bars for each symbol.

Endpoint: ``/v8/finance/chart/{symbol}``. It is unofficial: it answers 429 to callers that do not look like a browser, and blocks
some for good (``_yahoo_blocks``). ``_yahoo_sessions`` determines the session of a row. Closes are ``quote.close``, never
``adjclose``, because a later dividend must not change what was known. A split does change them: Yahoo restates every close before
it, and reports it among the ``events``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote as url_quoted
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import BaseModel, Field, ValidationError

from steel_assets.core.responses import HttpError
from steel_assets.core.types import Series
from steel_assets.sources._connector import Access, Collection, ResponseLimits, SeriesRefused, SourceError
from steel_assets.sources._figures import numbers
from steel_assets.sources._gather import Gathering
from steel_assets.sources._history import first_day
from steel_assets.sources._refusals import accepted, refuse_another, shaped
from steel_assets.sources._retries import continued
from steel_assets.sources._yahoo_blocks import blocked, refuse_block
from steel_assets.sources._yahoo_sessions import local_days, on_their_sessions

SOURCE = "yahoo_finance"
REMEDY = "check the symbol in the catalogue"
LIMITS = ResponseLimits(symbols=1)
"""Yahoo documents none; an answer that is shorter than requested is continued."""

NOTHING_THERE = re.compile(r"Data doesn't exist", re.IGNORECASE)
REVISION_DAYS = 10
INTERVALS = {"daily": "1d", "weekly": "1wk", "monthly": "1mo", "quarterly": "3mo"}
HEADERS = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "accept": "application/json,text/plain,*/*",
    "accept-language": "en-US,en;q=0.9",
}

HUNDREDTHS = {"USX": "USD", "GBp": "GBP", "GBX": "GBP", "EUX": "EUR", "ZAc": "ZAR", "ILA": "ILS"}
"""How Yahoo writes that a price is in hundredths: cents, pence, agorot."""

ALL_TIME = range(-5_364_662_400, 7_258_118_400)
"""The years 1800 to 2200 as stamps; others are errors."""


class _Meta(BaseModel):
    symbol: Any = None
    currency: str | None = None
    zone: str | None = Field(default=None, alias="exchangeTimezoneName")
    interval: Any = Field(default=None, alias="dataGranularity")
    first_trade: Any = Field(default=None, alias="firstTradeDate")
    hours: Any = Field(default=None, alias="currentTradingPeriod")
    offset_seconds: int | None = Field(default=None, alias="gmtoffset", ge=-86_400, le=86_400)


class _Quote(BaseModel):
    close: list[Any] | None = None


class _Indicators(BaseModel):
    quote: list[_Quote] = Field(min_length=1)


class _Split(BaseModel):
    date: int
    numerator: float = Field(gt=0)
    denominator: float = Field(gt=0)


class _Events(BaseModel):
    splits: dict[str, _Split] = Field(default_factory=dict)
    dividends: dict[str, Any] = Field(default_factory=dict)


class _Result(BaseModel):
    meta: _Meta
    timestamp: list[int] | None = None
    indicators: _Indicators
    events: Any = None


class _Chart(BaseModel):
    result: list[_Result] = Field(min_length=1)


class _Body(BaseModel):
    chart: _Chart


def collect(series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Collection:
    """See ``Connector.collect``."""
    gathering = Gathering(SOURCE, access)
    gathering.ask_all([[declared] for declared in series], partial(_figures, known=known, moment=moment, access=access))
    return gathering.collection(series, known, moment)


def fetch(series: Series, start: pd.Timestamp, end: pd.Timestamp, access: Access) -> bytes:
    """The chart of a series from ``start`` to ``end`` (UTC days without a zone).

    Raises:
        HttpError: no answer.
        SourceError: Yahoo refuses; the message quotes it.
        Blocked: it shuts this client out.
    """
    try:
        answer = access.http.get(
            f"{access.base_url}/v8/finance/chart/{url_quoted(str(series.symbol), safe='')}",
            {"period1": _stamp(start), "period2": _stamp(end), "interval": INTERVALS[series.frequency], "events": "div,split"},
            headers=HEADERS,
        )
    except HttpError as error:
        raise blocked(error) or error from None
    refuse_block(answer, access)
    return accepted(answer, "Yahoo Finance", REMEDY, access)


def parse(content: bytes, series: Series, notes: Counter[str]) -> pd.DataFrame:
    """A chart as ``series, period, value``: closes on the exchange's own trading days, as Yahoo adjusts them for splits.

    Where it reports a split, ``split`` is the factor that it means for the days before. Dividends do not change closes; they are
    counted. Closes in another currency than the catalogue's carry that as their ``doubt``.

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
    if seconds and mistaken == len(seconds):
        raise SourceError(
            f"Yahoo Finance answered in an unknown shape: no time of it can be read, for example {times[0]}", content
        )
    stamps = pd.Series(pd.to_datetime(seconds, unit="s", utc=True), dtype="datetime64[ns, UTC]")
    bars = pd.DataFrame({"series": series.id, "stamp": stamps, "value": numbers(closes, notes)}).dropna().reset_index(drop=True)
    zone, offset = _zone(chart.meta, content)
    regular = chart.meta.hours.get("regular") if isinstance(chart.meta.hours, dict) else None
    bars = on_their_sessions(bars, zone, offset, regular, series, notes)
    priced = _in_the_series_currency(bars[["series", "period", "value"]], chart.meta, series, notes)
    return _with_splits(priced, chart, series, notes, content)


def _with_splits(bars: pd.DataFrame, chart: _Result, series: Series, notes: Counter[str], content: bytes) -> pd.DataFrame:
    """``bars`` and a row without a figure for each split."""
    try:
        events = _Events.model_validate(chart.events or {})
    except ValidationError:
        notes["unreadable events"] += 1
        return bars
    if events.dividends:
        notes["dividends reported"] += len(events.dividends)
    splits = [split for split in events.splits.values() if split.date in ALL_TIME]
    if not splits:
        return bars
    notes["splits reported"] += len(splits)
    stamps = pd.Series(pd.to_datetime([split.date for split in splits], unit="s", utc=True), dtype="datetime64[ns, UTC]")
    rows = {"series": series.id, "period": local_days(stamps, *_zone(chart.meta, content))}
    return pd.concat(
        [bars, pd.DataFrame(rows | {"split": [split.denominator / split.numerator for split in splits]})], ignore_index=True
    )


def _figures(
    requested: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    (series,) = requested
    start = first_day(series, known, moment, access, REVISION_DAYS)
    end = moment.tz_localize(None).normalize() + pd.Timedelta(days=2)  # the same question all day, so that a cache can answer it
    content = fetch(series, start, end, access)

    def part(first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
        try:
            return parse(fetch(series, first, last + pd.Timedelta(days=1), access), series, notes)
        except SeriesRefused as error:
            if NOTHING_THERE.search(error.answer_text):
                return found.iloc[:0]
            raise

    found = parse(content, series, notes)
    return continued(found, part, series, max(start, _first_trade(content, start)), end, moment)


def _first_trade(content: bytes, start: pd.Timestamp) -> pd.Timestamp:
    """The day on which Yahoo's history of a symbol begins; ``start`` where it does not say so."""
    stamp = _chart(content).meta.first_trade
    if isinstance(stamp, bool) or not isinstance(stamp, int) or stamp not in ALL_TIME:
        return start
    return pd.Timestamp(stamp, unit="s").normalize()


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


def _zone(meta: _Meta, content: bytes) -> tuple[ZoneInfo | None, int]:
    """The exchange's zone, and its offset in seconds where the zone is unknown."""
    if meta.zone is not None:
        try:
            return ZoneInfo(meta.zone), meta.offset_seconds or 0
        except (LookupError, ValueError, OSError):
            pass  # an unknown zone: the offset says nearly the same
    if meta.offset_seconds is None:
        raise SourceError("Yahoo Finance does not state the exchange's time zone, so trading days are not known", content)
    return None, meta.offset_seconds
