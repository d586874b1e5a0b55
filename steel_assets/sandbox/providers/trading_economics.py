"""Trading Economics' wire format: market history and quotes, indicators of countries, the economic calendar.

Any key is accepted except ``invalid``. The key ``free`` may not see most countries, ``paced`` may not call twice within 200 ms,
``exhausted`` has no calls left this month, and ``guest:guest`` no longer exists, as in reality. Errors are plain text. Like the
real API it truncates answers without notice, prices at 10,000 rows and events at 1,000, and refuses long URLs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from steel_assets.core.types import Series
from steel_assets.sandbox.clock import SandboxClock
from steel_assets.sandbox.economic_calendar import SOURCE, auctions, country_of, event_of, events, rows
from steel_assets.sandbox.keys import BAD_KEY, FREE_KEY, PACED_KEY, SPENT_KEY
from steel_assets.sandbox.market import SimulatedMarket
from steel_assets.sandbox.parameters import iso_date

MARKETS = "commodity_prices"
FREE_COUNTRIES = frozenset({"mexico", "new zealand", "sweden", "thailand"})
FIRST_DATE, LAST_DATE = "1600-01-01", "9999-12-31"
MOST_PRICES, MOST_EVENTS, LONGEST_URL = 10_000, 1_000, 260
SECONDS_BETWEEN_CALLS = 0.2


class KeyRefused(Exception):
    """A refused call: status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def routes(market: SimulatedMarket, clock: SandboxClock) -> list[Route]:
    """See ``providers``."""
    return TradingEconomics(market, clock).routes()


class TradingEconomics:
    """The endpoints, over a market and a clock."""

    def __init__(self, market: SimulatedMarket, clock: SandboxClock) -> None:
        self.market = market
        self.clock = clock
        self._last_call = float("-inf")

    def routes(self) -> list[Route]:
        """The paths of history, quotes, indicators and the calendar."""
        answers = {
            "/markets/historical/{symbols}": self._history,
            "/markets/commodities": self._commodities,
            "/markets/symbol/{symbols}": self._quotes,
            "/historical/country/{countries}/indicator/{indicators}": self._indicators,
            "/calendar/country/{countries}": self._calendar,
            "/calendar/country/{countries}/{d1}/{d2}": self._calendar,
        }

        def endpoint(path: str) -> Route:
            async def respond(request: Request) -> Response:
                try:
                    self._check_pace(request)
                    _check_key(request)
                    return JSONResponse(list(answers[path](request, self.clock.now())))
                except KeyRefused as refusal:
                    return PlainTextResponse(refusal.text, status_code=refusal.status)

            return Route(path, respond)

        return [endpoint(path) for path in answers]

    def _check_pace(self, request: Request) -> None:
        if len(str(request.url)) > LONGEST_URL:
            raise KeyRefused(414, "Bad Request - Request Too Long")
        if _key(request) == PACED_KEY:
            before, self._last_call = self._last_call, self.clock.seconds()
            if self._last_call - before < SECONDS_BETWEEN_CALLS:
                raise KeyRefused(409, "You have reached the maximum requests per second.")

    def _history(self, request: Request, now: pd.Timestamp) -> Iterator[dict[str, object]]:
        return islice(self._prices(request, now), MOST_PRICES)

    def _prices(self, request: Request, now: pd.Timestamp) -> Iterator[dict[str, object]]:
        first, last = _dates(request.query_params.get("d1"), request.query_params.get("d2"))
        for series in self._asked_markets(request):
            bars = self.market.bars(series, now)
            days = bars["day"].to_numpy("datetime64[D]")
            bars = bars[~bars["missing"] & (days >= np.datetime64(first)) & (days <= np.datetime64(last))][::-1]
            dates = bars["day"].dt.strftime("%d/%m/%Y")
            prices = (bars[name].tolist() for name in ("open", "high", "low", "close"))
            for date, *bar in zip(dates, *prices, strict=True):
                yield {"Symbol": series.symbol, "Date": date} | dict(zip(("Open", "High", "Low", "Close"), bar, strict=True))

    def _commodities(self, _: Request, now: pd.Timestamp) -> Iterator[dict[str, object]]:
        yield from self._snapshots(self.market.catalog.series_of(SOURCE, MARKETS), now)

    def _quotes(self, request: Request, now: pd.Timestamp) -> Iterator[dict[str, object]]:
        yield from self._snapshots(self._asked_markets(request), now)

    def _snapshots(self, requested: list[Series], now: pd.Timestamp) -> Iterator[dict[str, object]]:
        for series in requested:
            bars = self.market.bars(series, now)
            bars = bars[~bars["missing"]]
            if len(bars) < 2:
                continue
            last, before = bars.iloc[-1], bars.iloc[-2]
            change = round(last["close"] - before["close"], 6)
            yield {
                "Symbol": series.symbol,
                "Ticker": (series.symbol or "").partition(":")[0],
                "Name": series.name,
                "Date": f"{last['published_at']:%Y-%m-%dT%H:%M:%S}",
                "Type": "commodities",
                "Last": last["close"],
                "Close": last["close"],
                "CloseDate": f"{last['day']:%Y-%m-%dT00:00:00}",
                "DailyChange": change,
                "DailyPercentualChange": round(100 * change / before["close"], 4),
                "yesterday": before["close"],
                "unit": series.unit,
                "frequency": "Daily",
                "LastUpdate": f"{last['published_at']:%Y-%m-%dT%H:%M:%S}",
            }

    def _indicators(self, request: Request, now: pd.Timestamp) -> Iterator[dict[str, object]]:
        indicators = [name.strip().lower() for name in request.path_params["indicators"].split(",")]
        for series in events(self.market, _countries(request)):
            if event_of(series).lower() not in indicators:
                continue
            newest = self.market.versions(series, now).drop_duplicates("period", keep="last").sort_values("period")
            for figure in newest.dropna().to_dict("records"):
                yield {
                    "Country": country_of(series),
                    "Category": event_of(series),
                    "DateTime": f"{figure['period'] + pd.offsets.MonthEnd(0):%Y-%m-%dT00:00:00}",
                    "Value": figure["value"],
                    "Frequency": series.frequency.capitalize(),
                    "HistoricalDataSymbol": (series.symbol or "").upper().replace(" ", "").replace(":", ""),
                    "LastUpdate": f"{figure['published_at']:%Y-%m-%dT%H:%M:%S}",
                }

    def _calendar(self, request: Request, now: pd.Timestamp) -> list[dict[str, object]]:
        first, last = _dates(request.path_params.get("d1", f"{now:%Y-%m-%d}"), request.path_params.get("d2"))
        countries = _countries(request)
        every = [row for series in events(self.market, countries) for row in rows(self.market, series, now, first, last)]
        every += auctions(countries, now, first, last)
        return sorted(every, key=lambda row: (row["Date"], row["CalendarId"]))[:MOST_EVENTS]

    def _asked_markets(self, request: Request) -> list[Series]:
        found = [self.market.find(SOURCE, symbol.strip()) for symbol in request.path_params["symbols"].split(",")]
        return list(dict.fromkeys(series for series in found if series is not None and series.group == MARKETS))


def _check_key(request: Request) -> None:
    key = _key(request)
    if key == "guest:guest":
        raise KeyRefused(
            410, "the guest account has been discontinued. Please get your own key at https://developer.tradingeconomics.com"
        )
    if not key or key == BAD_KEY:
        raise KeyRefused(
            401, "You must provide valid credentials. Please get your client key at https://developer.tradingeconomics.com"
        )
    if key == SPENT_KEY:
        raise KeyRefused(403, "You exceeded your API subscription limit for this month.")
    if key == FREE_KEY and not FREE_COUNTRIES.issuperset(_countries(request) or FREE_COUNTRIES):
        raise KeyRefused(403, "No Access to this country as free user.")


def _key(request: Request) -> str:
    asked = request.query_params
    return asked.get("c") or asked.get("client") or request.headers.get("authorization", "")


def _countries(request: Request) -> list[str] | None:
    """The countries in the path, lower case; None for all of them."""
    asked = [name.strip().lower() for name in request.path_params.get("countries", "all").split(",")]
    return None if "all" in asked else asked


def _dates(first: str | None, last: str | None) -> tuple[str, str]:
    start, end = iso_date(first or FIRST_DATE), iso_date(last or LAST_DATE)
    if start is None or end is None:
        raise KeyRefused(400, "Invalid date: use the format yyyy-mm-dd.")
    return start, end
