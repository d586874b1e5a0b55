"""Yahoo Finance's wire format: ``/v8/finance/chart/{symbol}``.

Its peculiarities are included: 429 without a browser's User-Agent, bars of nulls, the live bar of a session that has not ended,
and closes that stay null until the next session opens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

import pandas as pd
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from steel_assets.core.calendars import local_moments
from steel_assets.core.types import Series
from steel_assets.sandbox.clock import SandboxClock
from steel_assets.sandbox.market import SimulatedMarket
from steel_assets.sandbox.parameters import whole_number

SOURCE = "yahoo_finance"
SECONDS_A_DAY = 86_400
QUOTES = ("open", "high", "low", "close", "volume")
INTERVALS = {"daily": "1d", "weekly": "1wk", "monthly": "1mo", "quarterly": "3mo"}
"""The only interval that the sandbox supports, by frequency."""

DAYS_IN_RANGE = {
    "1d": 1, "5d": 7, "1mo": 31, "3mo": 92, "6mo": 183, "1y": 366, "2y": 731, "5y": 1827, "10y": 3653, "max": 36525,
}  # fmt: skip


@dataclass(frozen=True)
class Venue:
    """The exchange of a symbol: Yahoo's name, and when a session opens in its zone (a bar's timestamp)."""

    kind: str
    exchange: str
    zone: str
    opens: time

    def openings(self, days: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """When its session opens on each of ``days``, UTC."""
        return local_moments(days, self.opens, ZoneInfo(self.zone))


def venue(series: Series) -> Venue:
    """The exchange of a symbol, which shows whether it is a future, a currency or an index."""
    symbol = series.symbol or ""
    if symbol.endswith("=F"):
        return Venue("FUTURE", "CME", "America/New_York", time(0))
    if symbol.endswith("=X"):
        return Venue("CURRENCY", "CCY", "Europe/London", time(0))
    if symbol.endswith(".NYB"):
        return Venue("INDEX", "NYB", "America/New_York", time(0))
    return Venue("INDEX" if symbol.startswith("^") else "EQUITY", "NYQ", series.published.zone, time(9, 30))


def routes(market: SimulatedMarket, clock: SandboxClock) -> list[Route]:
    """See ``providers``."""
    return YahooFinance(market, clock).routes()


class YahooFinance:
    """The endpoint, over a market and a clock."""

    def __init__(self, market: SimulatedMarket, clock: SandboxClock) -> None:
        self.market = market
        self.clock = clock

    def routes(self) -> list[Route]:
        """The path of a symbol's history."""
        return [Route("/v8/finance/chart/{symbol}", self.chart)]

    async def chart(self, request: Request) -> Response:
        """Answer like Yahoo: bars of the requested range or days, or its error and status."""
        if "mozilla/" not in request.headers.get("user-agent", "").lower():
            return PlainTextResponse("Too Many Requests\r\n", status_code=429)
        series = self.market.find(SOURCE, request.path_params["symbol"])
        if series is None:
            return _error(404, "Not Found", "No data found, symbol may be delisted")
        now, asked = self.clock.now(), request.query_params
        interval, valid = asked.get("interval", "1d"), INTERVALS[series.frequency]
        if interval != valid:
            wrong = f"interval={interval[:20]} is not supported. Valid intervals: [{valid}]"
            return _error(400, "Bad Request", f"Invalid input - {wrong}")
        span = DAYS_IN_RANGE.get(asked.get("range", "1mo"))
        if span is None:
            return _error(400, "Bad Request", f"Invalid input - range must be one of [{', '.join(DAYS_IN_RANGE)}]")
        end = whole_number(asked.get("period2", str(int(now.timestamp()) + 1)))
        start = whole_number(asked.get("period1", str((end or 0) - span * SECONDS_A_DAY)))
        if start is None or end is None:
            which = "start" if start is None else "end"
            return _error(400, "Bad Request", f"Invalid input - {which} date. A valid Unix timestamp is required.")
        if start > end:
            limits = f"startDate = {start}, endDate = {end}"
            return _error(400, "Bad Request", f"Invalid input - start date cannot be after end date. {limits}")
        bars = self._shown(series, now, start, end)
        if bars.empty:
            return _error(400, "Bad Request", f"Data doesn't exist for startDate = {start}, endDate = {end}")
        return JSONResponse({"chart": {"result": [_result(series, bars, now)], "error": None}})

    def _shown(self, series: Series, now: pd.Timestamp, start: int, end: int) -> pd.DataFrame:
        """Bars as Yahoo shows them at ``now``, of sessions that open from ``start`` to ``end`` (UTC seconds, end excluded).

        ``opening`` and ``timestamp`` are in UTC seconds; quotes are empty where Yahoo has none.
        """
        where = venue(series)
        bars = self.market.bars(series, now)
        days = bars["day"].astype("datetime64[s]").astype("int64")
        bars = bars[(days >= start - SECONDS_A_DAY) & (days <= end + SECONDS_A_DAY)]
        openings = where.openings(pd.DatetimeIndex(bars["day"])).as_unit("s").asi8
        bars = bars.assign(opening=openings, timestamp=openings)
        bars[list(QUOTES)] = bars[list(QUOTES)].astype("float64").where(~bars["missing"])
        coming = self.market.coming_bar(series, now)
        opens = where.openings(pd.DatetimeIndex([coming["day"]]))[0]
        pending = (bars.index == coming.name - 1) & bars["late"] & (now < opens)
        bars.loc[pending, ["open", "high", "low", "close"]] = float("nan")
        live = series.frequency == "daily" and not self.market.halted(series, coming["day"])
        if live and opens <= now < opens + pd.Timedelta(days=1):
            bars = pd.concat([bars, _live(coming, opens, now)], ignore_index=True)
        return bars[(bars["opening"] >= start) & (bars["opening"] < end)]


def _live(coming: pd.Series, opens: pd.Timestamp, now: pd.Timestamp) -> pd.DataFrame:
    """The bar of the current session: stamped with the present moment, its price part of the way to the close."""
    elapsed = (now - opens) / (coming["published_at"] - opens)
    last = round(coming["open"] + (coming["close"] - coming["open"]) * elapsed * 0.9, 6)
    bar = coming.to_dict() | {
        "opening": int(opens.timestamp()),
        "timestamp": int(now.timestamp()),
        "high": max(coming["open"], last),
        "low": min(coming["open"], last),
        "close": last,
        "volume": float(int(coming["volume"] * elapsed)),
    }
    return pd.DataFrame([bar])


def _result(series: Series, bars: pd.DataFrame, now: pd.Timestamp) -> dict[str, object]:
    quotes = {name: [None if v != v else v for v in bars[name].tolist()] for name in QUOTES[:-1]}
    volumes = [None if v != v else int(v) for v in bars["volume"].tolist()]
    timestamps = bars["timestamp"].astype("int64").tolist()
    closes = bars["close"].dropna()
    return {
        "meta": _meta(series, timestamps, closes.iloc[-1] if len(closes) else None, now),
        "timestamp": timestamps,
        "indicators": {"quote": [quotes | {"volume": volumes}], "adjclose": [{"adjclose": quotes["close"]}]},
    }


def _meta(series: Series, timestamps: list[int], price: float | None, now: pd.Timestamp) -> dict[str, object]:
    where = venue(series)
    local = now.tz_convert(where.zone)
    return {
        "currency": series.currency or (series.unit.partition("/")[0] if "/" in series.unit else "USD"),
        "symbol": series.symbol,
        "exchangeName": where.exchange,
        "instrumentType": where.kind,
        "regularMarketTime": timestamps[-1],
        "gmtoffset": int(local.utcoffset().total_seconds()),
        "timezone": local.tzname(),
        "exchangeTimezoneName": where.zone,
        "regularMarketPrice": price,
        "longName": f"{series.name} (simulated)",
        "dataGranularity": INTERVALS[series.frequency],
        "range": "",
        "validRanges": list(DAYS_IN_RANGE),
    }


def _error(status: int, code: str, description: str) -> Response:
    return JSONResponse({"chart": {"result": None, "error": {"code": code, "description": description}}}, status_code=status)
