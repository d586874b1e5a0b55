"""Alpha Vantage: shares and funds (raw daily closes, in US dollars), exchange rates, and its commodity indices.

Endpoint: ``/query``. A symbol such as USD/MXN is an exchange rate, the name of a function (COPPER) a commodity. Every answer is
HTTP 200, refusals too, whose wording changes over the years and repeats the key. So an answer with data is accepted, and one
without is a refusal. ``_av_refusals`` determines its reason: calls that came too fast are repeated, a used-up quota or an invalid
key stops the source, everything else is an error of that symbol.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
from pydantic import BaseModel, Field

from steel_assets.core.types import Series
from steel_assets.sources._av_refusals import REMEDY, refusal
from steel_assets.sources._connector import Access, Collection, ResponseLimits, SourceError
from steel_assets.sources._days import Written, days
from steel_assets.sources._figures import numbers
from steel_assets.sources._gather import Gathering
from steel_assets.sources._history import first_day, oldest_day
from steel_assets.sources._refusals import accepted, quoted, refuse_another, refuse_renamed, shaped
from steel_assets.sources._retries import asked_again

SOURCE = "alpha_vantage"
LIMITS = ResponseLimits(rows=100, symbols=1)
"""Of a compact answer; a full one, which may need a paid key, has no limit."""

TO_FILL = (
    "a compact answer is the newest 100 rows: set STEEL_ALPHA_VANTAGE_OUTPUTSIZE=full (a paid key), or import what is missing "
    "from a file (steel import)"
)
REVISION_DAYS = 10
COMPACT_DAYS = 130
"""A compact answer is 100 rows, which are 140 days of trading or more."""

COMMODITIES = frozenset(
    {"WTI", "BRENT", "NATURAL_GAS", "COPPER", "ALUMINUM", "WHEAT", "CORN", "COTTON", "SUGAR", "COFFEE", "ALL_COMMODITIES"}
)
"""Symbols that are a function of their own, asked for in the series' frequency."""

PAIR = re.compile(r"(?P<of>[A-Z]{3})/(?P<to>[A-Z]{3})")
UNITS = (
    (re.compile(r"dollars? per metric ton(ne)?s?", re.IGNORECASE), "USD/t", 1),
    (re.compile(r"dollars? per barrel", re.IGNORECASE), "USD/bbl", 1),
    (re.compile(r"dollars? per million btu", re.IGNORECASE), "USD/mmbtu", 1),
    (re.compile(r"dollars? per pound", re.IGNORECASE), "USD/lb", 1),
    (re.compile(r"cents? per pound", re.IGNORECASE), "USD/lb", 100),
    (re.compile(r"dollars? per (troy )?ounce", re.IGNORECASE), "USD/oz", 1),
    (re.compile(r"index\b.*", re.IGNORECASE), "index", 1),
    (re.compile(r"percent(age)?", re.IGNORECASE), "percent", 1),
)
"""How it writes the unit of an index: words, the unit they mean, and how many of theirs are one of it."""


class _Bar(BaseModel):
    close: Any = Field(default=None, alias="4. close")


class _Point(BaseModel):
    date: Any = None
    value: Any = None


class _About(BaseModel):
    symbol: Any = Field(default=None, alias="2. Symbol")
    of: Any = Field(default=None, alias="2. From Symbol")
    to: Any = Field(default=None, alias="3. To Symbol")

    @property
    def asked_for(self) -> object:
        return f"{self.of}/{self.to}" if self.of and self.to else self.symbol


class _Body(BaseModel):
    """Bars of a share, points of a commodity index, or neither: a refusal."""

    about: _About | None = Field(default=None, alias="Meta Data")
    bars: dict[str, _Bar] | None = Field(default=None, alias="Time Series (Daily)")
    rates: dict[str, _Bar] | None = Field(default=None, alias="Time Series FX (Daily)")
    points: list[_Point] | None = Field(default=None, alias="data")
    unit: Any = None
    interval: Any = None
    note: Any = Field(default=None, alias="Note")
    information: Any = Field(default=None, alias="Information")
    error: str | None = Field(default=None, alias="Error Message")


def collect(series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Collection:
    """See ``Connector.collect``."""
    compact = _size(access) == "compact"
    gathering = Gathering(SOURCE, access, TO_FILL, newest_only=True) if compact else Gathering(SOURCE, access)
    if access.api_key is None:
        gathering.stop("Alpha Vantage needs a key; get one (free) and set STEEL_ALPHA_VANTAGE_API_KEY")
    gathering.ask_all(
        [[declared] for declared in series], partial(_figures, known=known, moment=moment, access=access), at_once=1
    )
    return gathering.collection(series, known, moment)


def fetch(series: Series, outputsize: str, access: Access) -> bytes:
    """The newest 100 rows of a series (``outputsize`` compact), or all of them (full, which may need a paid key).

    Raises:
        HttpError: no answer.
        SourceError: a status other than 200, or a share that is declared weekly or monthly.
    """
    symbol = str(series.symbol)
    if symbol not in COMMODITIES and series.frequency != "daily":
        raise SourceError(f"closes are daily, the catalogue says {series.frequency}; correct the series")
    if symbol in COMMODITIES:
        question = {"function": symbol, "interval": series.frequency}
    elif pair := PAIR.fullmatch(symbol):
        question = {"function": "FX_DAILY", "from_symbol": pair["of"], "to_symbol": pair["to"], "outputsize": outputsize}
    else:
        question = {"function": "TIME_SERIES_DAILY", "symbol": symbol, "outputsize": outputsize}
    answer = access.http.get(f"{access.base_url}/query", question, secret_params=access.secret("apikey"))
    return accepted(answer, "Alpha Vantage", REMEDY, access)


def parse(content: bytes, series: Series, notes: Counter[str]) -> pd.DataFrame:
    """An answer as ``series, period, value``.

    Raises:
        SourceError: it holds no data, for a reason that concerns this symbol; or it is of another function, shape or steps.
        Busy: it holds no data, because calls came too fast.
        Exhausted: it holds no data, for a reason that concerns the key.
    """
    body = shaped(_Body, content, "Alpha Vantage", "bars by date under 'Time Series (Daily)', or points under 'data'")
    if body.about is not None:
        refuse_another(body.about.asked_for, series, "Alpha Vantage", content)
    _refuse_another_function(body, series, content)
    bars = body.bars if body.bars is not None else body.rates
    if bars is not None:
        refuse_renamed(list(bars.values()), ("close",), "Alpha Vantage", content)
        points = [(date, bar.close) for date, bar in bars.items()]
    elif body.points is not None:
        refuse_renamed(body.points, ("date", "value"), "Alpha Vantage", content)
        _refuse_other_steps(body.interval, series)
        points = [(point.date, point.value) for point in body.points]
    elif body.about is not None:
        raise SourceError(f"Alpha Vantage answered in an unknown shape: no daily closes in {quoted(content)}", content)
    else:
        raise refusal(body.error, body.note, body.information, content)
    written = Written("Alpha Vantage", series.published.tzinfo)
    frame = pd.DataFrame(
        {
            "series": series.id,
            "period": days([date for date, _ in points], notes, written, content),
            "value": numbers([value for _, value in points], notes),
        }
    )
    return _in_the_series_unit(frame.dropna(), body.unit, series)


def _in_the_series_unit(figures: pd.DataFrame, written: object, series: Series) -> pd.DataFrame:
    """``figures`` in the unit of the catalogue; with a ``doubt`` when they are said to be in another one.

    Words that we do not know say nothing about the unit.
    """
    known = next(((unit, parts) for words, unit, parts in UNITS if words.fullmatch(str(written).strip())), None)
    if known is None:
        return figures
    unit, parts = known
    if unit != series.unit:
        doubt = f"Alpha Vantage says {str(written).strip()!r}, the catalogue says {series.unit}"
        return figures.assign(doubt=f"{doubt}; correct the series, or release what is true")
    return figures.assign(value=figures["value"] / parts)


def _size(access: Access) -> str:
    """How long answers may be: the option ``outputsize`` of the catalogue."""
    return access.options.get("outputsize", "compact")


def _figures(
    requested: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    (series,) = requested
    start = first_day(series, known, moment, access, REVISION_DAYS)
    fits = start > moment.tz_localize(None) - pd.Timedelta(days=COMPACT_DAYS)
    size = "compact" if fits else _size(access)
    figures = asked_again(lambda: parse(fetch(series, size, access), series, notes), access)
    return figures[figures["period"] >= oldest_day(moment, access)]


def _refuse_another_function(body: _Body, series: Series, content: bytes) -> None:
    """Seen behind caches: the points of an index for a share. They would be stored as its closes."""
    symbol = str(series.symbol)
    expected = "points" if symbol in COMMODITIES else "rates" if PAIR.fullmatch(symbol) else "bars"
    kinds = {"bars": body.bars, "rates": body.rates, "points": body.points}
    others = [name for name, rows in kinds.items() if rows and name != expected]
    if others and not kinds[expected]:
        raise SourceError(
            f"Alpha Vantage answered with {others[0]} of another function when asked for the {expected} of {symbol}; nothing of "
            "it is kept",
            content,
        )


def _refuse_other_steps(written: object, series: Series) -> None:
    """Refuse an answer of another frequency than declared.

    Observed: copper is monthly whatever is requested, and a month's average is not a price of its first day.
    """
    if written and str(written).strip().lower() != series.frequency:
        raise SourceError(
            f"Alpha Vantage answered in steps of {written!r:.20}, the catalogue says {series.frequency}; correct the series"
        )
