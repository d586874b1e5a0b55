"""Alpha Vantage's wire format: ``/query``, where every answer has HTTP status 200, errors included.

Any key is accepted except ``invalid``. The key ``free`` has the free plan: compact answers, 5 calls a minute, 25 a day.
"""

from __future__ import annotations

import pandas as pd
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from steel_assets.core.types import Series
from steel_assets.sandbox.clock import SandboxClock
from steel_assets.sandbox.keys import BAD_KEY, FREE_KEY, CallsPerMinute
from steel_assets.sandbox.market import SimulatedMarket

SOURCE = "alpha_vantage"
DAILY = "TIME_SERIES_DAILY"
COMPACT_ROWS = 100
CALLS_A_MINUTE, CALLS_A_DAY = 5, 25
PREMIUM = "https://www.alphavantage.co/premium/"
COLUMNS = ("open", "high", "low", "close", "volume")


def routes(market: SimulatedMarket, clock: SandboxClock) -> list[Route]:
    """See ``providers``."""
    return AlphaVantage(market, clock).routes()


class AlphaVantage:
    """The endpoint, over a market and a clock."""

    def __init__(self, market: SimulatedMarket, clock: SandboxClock) -> None:
        self.market = market
        self.clock = clock
        self._pace = CallsPerMinute(CALLS_A_MINUTE)
        self._today: tuple[str, int] = ("", 0)

    def routes(self) -> list[Route]:
        """Alpha Vantage's only path."""
        return [Route("/query", self.query)]

    async def query(self, request: Request) -> Response:
        """Answer like Alpha Vantage: always with status 200, refusals as a note in JSON."""
        asked = request.query_params
        key, function, symbol = asked.get("apikey", ""), asked.get("function", ""), asked.get("symbol", "")
        refusal = self._refusal(key)
        if refusal is not None:
            return refusal
        if function != DAILY:
            return self._figures(function, asked.get("interval"))
        series = self.market.find(SOURCE, symbol)
        size = asked.get("outputsize", "compact")
        if series is None or size not in ("compact", "full"):
            return _invalid_call(DAILY)
        if size == "full" and key == FREE_KEY:
            return _information(
                f"Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium feature for the {DAILY} "
                f"endpoint. You may subscribe to any of the premium plans at {PREMIUM} to instantly unlock all premium features"
            )
        bars = self.market.bars(series, self.clock.now())
        bars = bars[~bars["missing"]]
        return JSONResponse(_daily(series, bars.tail(COMPACT_ROWS) if size == "compact" else bars, size))

    def _refusal(self, key: str) -> Response | None:
        """The refusal for ``key``, or None; an answered call counts."""
        if not key or key == BAD_KEY:
            return _error(
                "the parameter apikey is invalid or missing. Please claim your free API key on "
                "(https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds."
            )
        if key != FREE_KEY:
            return None
        day = self.clock.now().tz_convert("US/Eastern").date().isoformat()
        calls = self._today[1] if self._today[0] == day else 0
        if calls >= CALLS_A_DAY:
            return _information(
                f"We have detected your API key as {key} and our standard API rate limit is {CALLS_A_DAY} requests per day. "
                f"Please subscribe to any of the premium plans at {PREMIUM} to instantly remove all daily rate limits."
            )
        if not self._pace.allows(self.clock.seconds()):
            return JSONResponse(
                {
                    "Note": "Thank you for using Alpha Vantage! Our standard API call frequency is "
                    f"{CALLS_A_MINUTE} calls per minute and 500 calls per day. "
                    f"Please visit {PREMIUM} if you would like to target a higher API call frequency."
                }
            )
        self._today = (day, calls + 1)
        return None

    def _figures(self, function: str, interval: str | None) -> Response:
        """Commodity and macro functions: a series whose symbol is the function's name, for example COPPER."""
        series = self.market.find(SOURCE, function)
        if series is None or (series.symbol or "").upper() != function or interval not in (None, series.frequency):
            return _invalid_call(function[:40])
        now = self.clock.now()
        newest = self.market.versions(series, now).drop_duplicates("period", keep="last").sort_values("period", ascending=False)
        rows = zip(newest["period"].dt.strftime("%Y-%m-%d"), newest["value"].tolist(), strict=True)
        data = [{"date": day, "value": "." if value != value else str(value)} for day, value in rows]
        return JSONResponse({"name": series.name, "interval": series.frequency, "unit": series.unit, "data": data})


def _daily(series: Series, bars: pd.DataFrame, size: str) -> dict[str, object]:
    newest_first = bars[::-1]
    days = newest_first["day"].dt.strftime("%Y-%m-%d").tolist()
    labels = [f"{number}. {name}" for number, name in enumerate(COLUMNS, start=1)]
    texts = [[f"{price:.4f}" for price in newest_first[name].tolist()] for name in COLUMNS[:-1]]
    texts.append([str(volume) for volume in newest_first["volume"].tolist()])
    return {
        "Meta Data": {
            "1. Information": "Daily Prices (open, high, low, close) and Volumes",
            "2. Symbol": series.symbol,
            "3. Last Refreshed": days[0] if days else "",
            "4. Output Size": "Compact" if size == "compact" else "Full size",
            "5. Time Zone": "US/Eastern",
        },
        "Time Series (Daily)": {
            day: dict(zip(labels, row, strict=True)) for day, row in zip(days, zip(*texts, strict=True), strict=True)
        },
    }


def _information(text: str) -> Response:
    return JSONResponse({"Information": text})


def _error(text: str) -> Response:
    return JSONResponse({"Error Message": text})


def _invalid_call(function: str) -> Response:
    return _error(
        "Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) "
        f"for {function or 'the available functions'}."
    )
