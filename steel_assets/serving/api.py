"""The API's routes. Each calls ``response_bodies`` and returns bytes; authentication happens in the middleware."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Security
from pydantic import BeforeValidator, WithJsonSchema
from starlette.responses import Response

from steel_assets import __version__
from steel_assets.core.iso_day import Day, day_of
from steel_assets.serving import ahead, plan, response_bodies, schemas, state
from steel_assets.serving.access import Caller
from steel_assets.serving.forms import Form, Wanted, tabled
from steel_assets.serving.openapi import refusals, shown
from steel_assets.serving.scopes import PUBLIC, admitted
from steel_assets.serving.service import Service
from steel_assets.serving.shape import Shape, example
from steel_assets.serving.words import PageWords, preferred

MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})?")

PERIOD = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2]|Q[1-4])")

DETAIL = "true: with interval, peso price, model, data and age"
AS_OF = "the newest issue that was public then, as it was published; default the one in force, its confidence as it is now"
READ = refusals(401, 403, 422, 429, 503)


def _moment(value: Any) -> date | datetime:
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime.fromisoformat(value.upper())
    try:
        return day_of(value)
    except ValueError as error:
        raise ValueError("write a day as 2026-11-20, or a moment as 2026-11-20T08:00:00Z") from error


def _level(value: Any) -> float:
    level = ahead.level_of(value) if isinstance(value, str) else None
    if level is None:
        raise ValueError("write a price above zero in the market's unit, as 640 or 640.5")
    return level


def _period(value: Any) -> str:
    if not isinstance(value, str) or not PERIOD.fullmatch(value):
        raise ValueError("write a month as 2026-12, or a quarter as 2026-Q4")
    return value


Level = Annotated[
    float, BeforeValidator(_level), WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": ahead.HIGHEST})
]
PeriodName = Annotated[str, BeforeValidator(_period), WithJsonSchema({"type": "string", "pattern": f"^{PERIOD.pattern}$"})]
Moment = Annotated[
    date | datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]
MarketId = Annotated[str, Path(description="id of the market", examples=["rebar_fob_turkey"], min_length=1)]
RegionId = Annotated[str, Path(description="id of the region", examples=["turkey"], min_length=1)]
MarketFilter = Annotated[str | None, Query(description="only this market", examples=["rebar_fob_turkey"])]
Switch = Annotated[Literal["true", "false", "1", "0"], BeforeValidator(lambda value: str(value).lower())]


def routes(service: Service) -> APIRouter:
    """All routes that read."""
    open_router = APIRouter(tags=["service"], dependencies=[PUBLIC])
    reading = APIRouter(dependencies=[Security(admitted, scopes=["read"])])

    @open_router.get("/", response_model=schemas.About, responses=shown(schemas.About))
    async def about() -> Response:
        """What this service is and what it reads."""
        return _json(response_bodies.about(service.snapshot, __version__))

    @open_router.get("/health", response_model=schemas.Health, responses=shown(schemas.Health))
    async def health() -> Response:
        """The process is running; nothing else is checked."""
        return _json(schemas.Health(status="ok"))

    @open_router.get(
        "/ready",
        response_model=schemas.Ready,
        responses=shown(schemas.Ready) | {503: {"model": schemas.Ready, "description": "Not yet."}},
    )
    async def ready() -> Response:
        """Whether the default market's forecast can be answered, and which parts are not up to date."""
        body = service.readiness()
        return _json(body, 200 if body.status == "ready" else 503)

    @open_router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def prometheus() -> Response:
        """Measurements of this process, for Prometheus."""
        content, media_type = service.prometheus()
        return Response(content, media_type=media_type)

    @reading.get("/predict/steel-rebar-price", tags=["forecasts"], responses=READ | _either())
    async def predict(
        request: Request,
        detail: Annotated[Switch, Query(description=DETAIL, examples=["true"])] = "false",
    ) -> Response:
        """The default market's price on its next business day."""
        request.scope["steel.predicted"] = True
        snapshot, now = service.snapshot, service.now()
        predicted = response_bodies.prediction_detail if detail in ("true", "1") else response_bodies.prediction
        return _json(predicted(snapshot, now, _key(request)), headers=service.forecast_headers())

    @reading.get("/v1/markets", tags=["markets"], response_model=schemas.Markets, responses=READ | tabled(schemas.Markets))
    async def markets(form: Wanted) -> Response:
        """All markets and how fresh their forecasts are."""
        return await answered(form, response_bodies.markets(service.snapshot, service.now()))

    @reading.get("/v1/regions", tags=["markets"], response_model=schemas.Regions, responses=READ | tabled(schemas.Regions))
    async def regions(form: Wanted) -> Response:
        """All regions and which markets they hold."""
        return await answered(form, response_bodies.regions(service.snapshot))

    @reading.get(
        "/v1/regions/{region}",
        tags=["markets"],
        response_model=schemas.Region,
        responses=READ | refusals(404) | tabled(schemas.Region),
    )
    async def region(region: RegionId, form: Wanted) -> Response:
        """The markets of one region, how fresh their forecasts are, and the shortest horizon of each."""
        return await answered(form, response_bodies.region(service.snapshot, region, service.now()))

    @reading.get(
        "/v1/markets/{market}/forecasts",
        tags=["markets"],
        response_model=schemas.Forecasts,
        responses=READ | refusals(404) | tabled(schemas.Forecasts),
    )
    async def forecasts(
        request: Request,
        market: MarketId,
        form: Wanted,
        as_of: Annotated[Moment | None, Query(description=AS_OF, examples=["2026-11-20", "2026-11-20T08:00:00Z"])] = None,
    ) -> Response:
        """All horizons and quantiles of one issue."""
        request.scope["steel.predicted"] = True
        return await answered(form, response_bodies.forecasts(service.snapshot, market, as_of, service.now(), _key(request)))

    @reading.get(
        "/v1/markets/{market}/scorecard",
        tags=["markets"],
        response_model=schemas.Scorecard,
        responses=READ | refusals(404) | tabled(schemas.Scorecard),
    )
    async def scorecard(market: MarketId, form: Wanted) -> Response:
        """Published forecasts compared with what happened and with the last price."""
        return await rendered("scorecard", market, form)

    @reading.get(
        "/v1/markets/{market}/explanation",
        tags=["markets"],
        response_model=schemas.Explanation,
        responses=READ | refusals(404) | tabled(schemas.Explanation),
    )
    async def explanation(market: MarketId, form: Wanted) -> Response:
        """What moved each forecast up or down, why its model is in force, and the quality of its data."""
        return await rendered("explanation", market, form)

    @reading.get(
        "/v1/markets/{market}/averages",
        tags=["markets"],
        response_model=schemas.Averages,
        responses=READ | refusals(404) | tabled(schemas.Averages),
    )
    async def averages(market: MarketId, form: Wanted) -> Response:
        """Average prices of the months and quarters ahead, from sample paths of the forecast in force."""
        return await rendered("averages", market, form)

    @reading.get(
        "/v1/markets/{market}/odds",
        tags=["markets"],
        response_model=schemas.Odds,
        responses=READ | refusals(404) | shown(schemas.Odds),
    )
    async def odds(
        market: MarketId,
        above: Annotated[Level | None, Query(description="the chance to be above this price; or below", examples=[640.0])] = None,
        below: Annotated[Level | None, Query(description="the chance to be below this price; or above", examples=[540.0])] = None,
        by: Annotated[Day | None, Query(description="any close up to this day; or on, average", examples=["2026-12-15"])] = None,
        on: Annotated[Day | None, Query(description="the price on this day; or by, average", examples=["2026-12-15"])] = None,
        average: Annotated[
            PeriodName | None, Query(description="the average of this month or quarter; or by, on", examples=["2026-12"])
        ] = None,
    ) -> Response:
        """The probability that a price is above or below a level on a day, at any close up to it, or on average of a period."""
        question = ahead.question(above=above, below=below, by=by, on=on, average=average)
        return _json(ahead.odds(service.snapshot, market, question, service.now()))

    @reading.post(
        "/v1/plan",
        tags=["markets"],
        response_model=schemas.Plan,
        responses=READ | refusals(404, 413) | shown(schemas.Plan),
    )
    async def planned(
        purchase: schemas.Purchase,
        accept_language: Annotated[str, Header(description="es: sentences in Spanish", examples=["es"])] = "",
    ) -> Response:
        """The cost of one purchase by ways of buying, and whether the market's record justifies following its forecast."""
        words = PageWords(preferred(None, None, accept_language))
        return _json(plan.plan(service.snapshot, purchase, service.now(), words), headers={"vary": "Accept-Language"})

    @reading.get(
        "/v1/markets/{market}/analysis",
        tags=["markets"],
        response_model=schemas.Analysis,
        responses=READ | refusals(404) | tabled(schemas.Analysis),
    )
    async def analysis(market: MarketId, form: Wanted) -> Response:
        """Statistics of a market's past, each with a test that separates it from chance."""
        return await rendered("analysis", market, form)

    @reading.get(
        "/v1/models",
        tags=["models"],
        response_model=schemas.Models,
        responses=READ | refusals(404) | tabled(schemas.Models),
    )
    async def models(form: Wanted, market: MarketFilter = None) -> Response:
        """Champions and the promotion ledger, newest decision first."""
        return await rendered("models", market, form)

    @reading.get(
        "/v1/experiments",
        tags=["models"],
        response_model=schemas.Experiments,
        responses=READ | refusals(404) | tabled(schemas.Experiments),
    )
    async def experiments(form: Wanted, market: MarketFilter = None) -> Response:
        """Variants compared with the champions: the state of each experiment, and its evidence by day."""
        return await rendered("experiments", market, form)

    @reading.get(
        "/v1/metrics/daily",
        tags=["models"],
        response_model=schemas.MetricsDaily,
        responses=READ | refusals(404) | tabled(schemas.MetricsDaily),
    )
    async def metrics(
        form: Wanted,
        market: MarketFilter = None,
        start: Annotated[Day | None, Query(description="first day", examples=["2026-11-01"])] = None,
        end: Annotated[Day | None, Query(description="last day", examples=["2026-11-20"])] = None,
    ) -> Response:
        """Rows of the table metrics_daily."""
        return await answered(form, response_bodies.metrics(service.snapshot, market, start, end))

    @reading.get("/v1/alerts", tags=["service"], response_model=schemas.Alerts, responses=READ | tabled(schemas.Alerts))
    async def alerts(form: Wanted) -> Response:
        """All open problems, worst first."""
        return await answered(form, state.alerts(service.incidents(), service.now()))

    async def answered(form: Form, shape: Shape) -> Response:
        simulated = service.snapshot.simulated
        return form.response(await form.made(lambda: form.body(shape, simulated=simulated)), simulated=simulated)

    async def rendered(what: str, market: str | None, form: Form) -> Response:
        simulated = service.snapshot.simulated
        return form.response(await form.made(lambda: service.rendered(what, market, form)), simulated=simulated)

    every = APIRouter()
    every.include_router(open_router)
    every.include_router(reading)
    return every


def _either() -> dict[int | str, dict[str, Any]]:
    """The two bodies of the prediction, without and with detail."""
    model = schemas.Prediction | schemas.PredictionDetail
    content = {"application/json": {"example": example(schemas.Prediction)}}
    return {200: {"model": model, "description": "The forecast; more with detail=true.", "content": content}}


def _key(request: Request) -> str | None:
    """The id of the caller's API key; None for callers without one."""
    caller: Caller = request.scope["steel.caller"]
    return caller.key


def _json(shape: Shape, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(shape.to_json(), status, headers, media_type="application/json")
