"""Alpha Vantage: shares and funds (raw daily closes, in US dollars), and its monthly commodity indices.

Endpoint: ``/query``. Every answer is HTTP 200, refusals too, and their wording changes over the years and repeats the key: an
answer is one when it holds data, and a refusal when it does not. A free key is worth 5 calls a minute and 25 a day, so the
first refusal that is not about the symbol ends the collection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
from pydantic import BaseModel, Field

from steel_assets.core.types import Series
from steel_assets.sources._answers import accepted, quoted, refuse_another, shaped
from steel_assets.sources._contract import Access, Collection, Exhausted, SourceError
from steel_assets.sources._figures import days, numbers
from steel_assets.sources._gather import Gathering, first_day, oldest_day

SOURCE = "alpha_vantage"
REMEDY = "check the symbol in the catalogue and STEEL_ALPHA_VANTAGE_API_KEY"
REVISION_DAYS = 10
COMPACT_DAYS = 130
"""A compact answer is 100 rows, which are 140 days of trading or more."""

COMMODITIES = frozenset(
    {"WTI", "BRENT", "NATURAL_GAS", "COPPER", "ALUMINUM", "WHEAT", "CORN", "COTTON", "SUGAR", "COFFEE", "ALL_COMMODITIES"}
)
"""Symbols that are a function of their own, asked for in the series' frequency."""


class _Bar(BaseModel):
    close: Any = Field(default=None, alias="4. close")


class _Point(BaseModel):
    date: Any = None
    value: Any = None


class _About(BaseModel):
    symbol: Any = Field(default=None, alias="2. Symbol")


class _Body(BaseModel):
    """Bars of a share, points of a commodity index, or neither: a refusal."""

    about: _About | None = Field(default=None, alias="Meta Data")
    bars: dict[str, _Bar] | None = Field(default=None, alias="Time Series (Daily)")
    points: list[_Point] | None = Field(default=None, alias="data")
    error: str | None = Field(default=None, alias="Error Message")


def collect(series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Collection:
    """See ``Connector.collect``."""
    gathering = Gathering(SOURCE, access)
    if access.api_key is None:
        gathering.stop("Alpha Vantage needs a key; get one (free) and set STEEL_ALPHA_VANTAGE_API_KEY")
    gathering.ask_all([[one] for one in series], partial(_figures, known=known, moment=moment, access=access), at_once=1)
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
    else:
        question = {"function": "TIME_SERIES_DAILY", "symbol": symbol, "outputsize": outputsize}
    answer = access.http.get(f"{access.base_url}/query", question, secret_params=access.secret("apikey"))
    return accepted(answer, "Alpha Vantage", REMEDY, access)


def parse(content: bytes, series: Series, notes: Counter[str]) -> pd.DataFrame:
    """An answer as ``series, period, value``.

    Raises:
        SourceError: it holds no data, for a reason that concerns this symbol.
        Exhausted: it holds no data, for a reason that concerns the key: a limit, a paid function.
    """
    body = shaped(_Body, content, "Alpha Vantage", "bars by date under 'Time Series (Daily)', or points under 'data'")
    if body.about is not None:
        refuse_another(body.about.symbol, series, "Alpha Vantage", content)
    if body.bars:
        points = [(date, bar.close) for date, bar in body.bars.items()]
    elif body.points:
        points = [(point.date, point.value) for point in body.points]
    else:
        raise _refusal(body, content)
    frame = pd.DataFrame(
        {
            "series": series.id,
            "period": days([date for date, _ in points], notes, "%Y-%m-%d"),
            "value": numbers([value for _, value in points], notes),
        }
    )
    return frame.dropna()


def _figures(
    asked: Sequence[Series], notes: Counter[str], *, known: pd.DataFrame, moment: pd.Timestamp, access: Access
) -> pd.DataFrame:
    (series,) = asked
    start = first_day(series, known, moment, access, REVISION_DAYS)
    fits = start > moment.tz_localize(None) - pd.Timedelta(days=COMPACT_DAYS)
    figures = parse(fetch(series, "compact" if fits else access.outputsize, access), series, notes)
    return figures[figures["period"] >= oldest_day(moment, access)]


def _refusal(body: _Body, content: bytes) -> SourceError:
    """Why there is no data. Seen: Note and Information (limits, paid functions), Error Message (a wrong symbol or key)."""
    if body.error is not None:
        return SourceError(f"Alpha Vantage refused: {quoted(content)}; {REMEDY}")
    return Exhausted(f"Alpha Vantage answered without data: {quoted(content)}; it is asked again at the next collection")
