"""FRED's wire format: ``/fred/series/observations`` (today's values, or vintages), and the keyless ``/graph/fredgraph.csv``.

Any key is accepted except ``invalid``; the key ``free`` is held to 120 calls a minute. Like the real one it answers in XML
unless asked for JSON, counts days in the central United States, refuses real-time bounds after today and real-time periods of
more than 2,000 vintages (a daily series has that many in eight years), and ignores ``vintage_date``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from steel_assets.core.types import Series
from steel_assets.sandbox.clock import SandboxClock
from steel_assets.sandbox.keys import BAD_KEY, FREE_KEY, CallsPerMinute
from steel_assets.sandbox.market import SimulatedMarket
from steel_assets.sandbox.parameters import iso_date, whole_number

SOURCE = "fred_api"
ZONE = "America/Chicago"
FIRST_DATE, LAST_DATE = "1600-01-01", "9999-12-31"
MOST_VINTAGES, MOST_ROWS = 2000, 100_000
CALLS_A_MINUTE = 120
ABOUT_KEYS = "Read https://fred.stlouisfed.org/docs/api/api_key.html for more information."
FIXED = {"units": "lin", "output_type": 1}
"""Parameters of which the sandbox supports only the default."""


class BadRequest(ValueError):
    """A request that FRED answers with 400 and this message."""


@dataclass(frozen=True)
class SeriesRequest:
    """A validated request; dates are ISO texts, which compare as dates."""

    series: Series
    observation_start: str
    observation_end: str
    realtime_start: str
    realtime_end: str
    offset: int
    limit: int
    sort_order: str


def routes(market: SimulatedMarket, clock: SandboxClock) -> list[Route]:
    """See ``providers``."""
    return Fred(market, clock).routes()


class Fred:
    """The endpoints, over a market and a clock."""

    def __init__(self, market: SimulatedMarket, clock: SandboxClock) -> None:
        self.market = market
        self.clock = clock
        self._pace = CallsPerMinute(CALLS_A_MINUTE)

    def routes(self) -> list[Route]:
        """The paths of the API and of the CSV without a key."""
        return [Route("/fred/series/observations", self.observations), Route("/graph/fredgraph.csv", self.graph)]

    async def observations(self, request: Request) -> Response:
        """Answer like the API: today's values or vintages, by pages, as XML or JSON, or its error."""
        now, asked = self.clock.now(), request.query_params
        file_type = asked.get("file_type", "xml")
        try:
            if file_type not in ("xml", "json"):
                raise BadRequest("Value of file_type is not one of: 'xml', 'json'.")
            if asked.get("api_key") == FREE_KEY and not self._pace.allows(self.clock.seconds()):
                return _error("Too Many Requests.  Exceeded Rate Limit", file_type, 429)
            question = self._question(asked, now.tz_convert(ZONE).date().isoformat())
            rows = _rows(self.market.versions(question.series, now), question)
        except BadRequest as error:
            return _error(f"Bad Request.  {error}", file_type)
        page = rows.iloc[question.offset : question.offset + question.limit]
        head = {
            "realtime_start": question.realtime_start,
            "realtime_end": question.realtime_end,
            "observation_start": question.observation_start,
            "observation_end": question.observation_end,
            **FIXED,
            "file_type": file_type,
            "order_by": "observation_date",
            "sort_order": question.sort_order,
            "count": len(rows),
            "offset": question.offset,
            "limit": question.limit,
        }
        observations = page.to_dict("records")
        if file_type == "json":
            return JSONResponse(head | {"observations": observations})
        lines = "".join(f"  <observation {_attributes(row)}/>\n" for row in observations)
        return _xml(f"<observations {_attributes(head)}>\n{lines}</observations>\n")

    async def graph(self, request: Request) -> Response:
        """Answer like the CSV without a key: today's values only; an unknown series is a page with status 404."""
        asked = request.query_params
        series = self.market.find(SOURCE, asked.get("id", ""))
        if series is None:
            return HTMLResponse("<!DOCTYPE html><html><head><title>Error - St. Louis Fed</title></head></html>", status_code=404)
        newest = self.market.versions(series, self.clock.now()).drop_duplicates("period", keep="last").sort_values("period")
        days = newest["period"].dt.strftime("%Y-%m-%d")
        inside = (days >= asked.get("cosd", FIRST_DATE)) & (days <= asked.get("coed", LAST_DATE))
        values = newest["value"].map(lambda value: _text(value, missing=""))
        lines = (days + "," + values)[inside].tolist()
        return PlainTextResponse("\n".join([f"observation_date,{series.symbol}", *lines, ""]), media_type="application/csv")

    def _question(self, query: QueryParams, today: str) -> SeriesRequest:
        key = query.get("api_key", "")
        if not key:
            raise BadRequest(f"Variable api_key is not set.  {ABOUT_KEYS}")
        if key == BAD_KEY:
            raise BadRequest(f"The value for variable api_key is not registered.  {ABOUT_KEYS}")
        if not query.get("series_id"):
            raise BadRequest("Variable series_id is not set.")
        series = self.market.find(SOURCE, query["series_id"])
        if series is None:
            raise BadRequest("The series does not exist.")
        for name, only in FIXED.items():
            if query.get(name, str(only)) != str(only):
                raise BadRequest(f"Value of {name} is not one of: '{only}'.")
        if query.get("sort_order", "asc") not in ("asc", "desc"):
            raise BadRequest("Value of sort_order is not one of: 'asc', 'desc'.")
        return SeriesRequest(
            series,
            *_dates(query, "observation", FIRST_DATE, LAST_DATE),
            *_dates(query, "realtime", today, today, today),
            offset=_number(query, "offset", 0, 0, 10**9),
            limit=_number(query, "limit", MOST_ROWS, 1, MOST_ROWS),
            sort_order=query.get("sort_order", "asc"),
        )


def _dates(query: QueryParams, kind: str, first: str, last: str, today: str = LAST_DATE) -> tuple[str, str]:
    found = []
    for name, default in ((f"{kind}_start", first), (f"{kind}_end", last)):
        date = iso_date(query.get(name, default))
        if date is None:
            raise BadRequest(f"Variable {name} is not a YYYY-MM-DD formatted date (e.g. 2000-02-24).")
        if today < date < LAST_DATE:
            raise BadRequest(f"Variable {name} can not be after today's date ({today}).")
        found.append(date)
    if found[0] > found[1]:
        raise BadRequest(f"The date set by variable {kind}_start can not be after the date set by variable {kind}_end.")
    return found[0], found[1]


def _number(query: QueryParams, name: str, default: int, least: int, most: int) -> int:
    number = whole_number(query.get(name, str(default)))
    if number is None or not least <= number <= most:
        raise BadRequest(f"Variable {name} is not between {least} and {most}.")
    return number


def _rows(versions: pd.DataFrame, question: SeriesRequest) -> pd.DataFrame:
    """The versions in force within the real-time period, one row each, their own period clipped to it (as FRED does).

    Raises:
        BadRequest: more vintages than FRED gives at once.
    """
    released = versions["published_at"].dt.tz_convert(ZONE).dt.tz_localize(None).to_numpy("datetime64[D]")
    vintages = len(np.unique(released[_between(released, question.realtime_start, question.realtime_end)]))
    if vintages > MOST_VINTAGES:
        raise BadRequest(
            f"There are {vintages} vintage dates in the specified real-time period: {question.realtime_start} to "
            f"{question.realtime_end}.  This exceeds the maximum number of vintage dates allowed ({MOST_VINTAGES})."
        )
    periods = versions["period"].to_numpy("datetime64[D]")
    wanted = _between(periods, question.observation_start, question.observation_end)
    texts = [_text(value, missing=".") for value in versions["value"].to_numpy()[wanted].tolist()]
    rows = pd.DataFrame({"realtime_start": released[wanted].astype(str), "date": periods[wanted].astype(str), "value": texts})
    rows = rows.drop_duplicates(["date", "realtime_start"], keep="last").sort_values(["date", "realtime_start"])
    superseded = pd.to_datetime(rows.groupby("date")["realtime_start"].shift(-1)) - pd.Timedelta(days=1)
    rows.insert(1, "realtime_end", superseded.dt.strftime("%Y-%m-%d").fillna(LAST_DATE))
    in_force = (rows["realtime_start"] <= question.realtime_end) & (rows["realtime_end"] >= question.realtime_start)
    rows = rows[in_force]
    began = rows["realtime_start"] >= question.realtime_start
    ended = rows["realtime_end"] <= question.realtime_end
    clipped = rows.assign(
        realtime_start=rows["realtime_start"].where(began, question.realtime_start),
        realtime_end=rows["realtime_end"].where(ended, question.realtime_end),
    )
    return clipped.sort_values(["date", "realtime_start"], ascending=question.sort_order == "asc")


def _between(days: np.ndarray, first: str, last: str) -> np.ndarray:
    return (days >= np.datetime64(first)) & (days <= np.datetime64(last))


def _text(value: float, *, missing: str) -> str:
    return missing if math.isnan(value) else f"{value:.12g}"


def _attributes(values: dict[str, object]) -> str:
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in values.items())


def _xml(content: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="utf-8" ?>\n{content}', media_type="text/xml")


def _error(message: str, file_type: str, status: int = 400) -> Response:
    if file_type == "json":
        return JSONResponse({"error_code": status, "error_message": message}, status_code=status)
    answer = _xml(f"<error {_attributes({'code': status, 'message': message})}/>\n")
    answer.status_code = status
    return answer
