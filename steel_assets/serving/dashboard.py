"""The routes of the pages: dashboard, login, API documentation. The browser draws charts and refreshes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request, Security
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from steel_assets.core.words import LANGUAGES
from steel_assets.serving.access import FIRST_LOOK, NEWCOMER, SESSION_COOKIE, Caller
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.page import page
from steel_assets.serving.page_ahead import OddsForm
from steel_assets.serving.page_plan import NOTHING_WISHED, Wish, planned
from steel_assets.serving.rendering import rendered
from steel_assets.serving.scopes import PUBLIC, admitted
from steel_assets.serving.service import Service
from steel_assets.serving.sessions import SESSION_SECONDS, cookie
from steel_assets.serving.words import PageWords, preferred

FORM_TYPE = "application/x-www-form-urlencoded"
LANGUAGE_COOKIE = "steel_language"
YEAR = 365 * 24 * 3600


async def wished(
    tonnes: Annotated[str, Query(max_length=24)] = NOTHING_WISHED.tonnes,
    by: Annotated[str | None, Query(max_length=24)] = None,
    holding: Annotated[str, Query(max_length=24)] = NOTHING_WISHED.holding,
    capital: Annotated[str, Query(max_length=24)] = NOTHING_WISHED.capital,
    contract: Annotated[str, Query(max_length=24)] = NOTHING_WISHED.contract,
    risk: Annotated[str, Query(max_length=24)] = NOTHING_WISHED.risk,
) -> Wish:
    """The purchase in the page's query."""
    return Wish(tonnes, by, holding, capital, contract, risk)


Wished = Annotated[Wish, Depends(wished)]


def routes(service: Service, openapi: Callable[[], dict[str, Any]]) -> APIRouter:
    """The pages; ``openapi`` describes the API for its documentation."""
    router = APIRouter(include_in_schema=False)
    visitors = [Security(admitted, scopes=["read"])]

    def newcomers() -> bool:
        return service.access.keyring.empty

    @router.get("/dashboard", dependencies=visitors)
    async def dashboard(
        request: Request,
        wish: Wished,
        market: Annotated[str | None, Query(max_length=64)] = None,
        horizon: Annotated[str | None, Query(max_length=4)] = None,
        lang: Annotated[str | None, Query(max_length=2)] = None,
        side: Annotated[str | None, Query(max_length=8)] = None,
        level: Annotated[str | None, Query(max_length=24)] = None,
        when: Annotated[str | None, Query(max_length=24)] = None,
    ) -> Response:
        language = language_of(request, lang)
        caller: Caller = request.scope["steel.caller"]
        context = page(
            service.snapshot,
            service.meter.minutes,
            service.meter.use(),
            service.incidents(),
            words=PageWords(language),
            market=market,
            form=OddsForm(side, level, when),
            wish=wish,
            horizon=int(horizon) if horizon and horizon.isascii() and horizon.isdigit() else None,
            now=service.now(),
            open_here=service.access.open_here,
            user=None if caller == NEWCOMER else caller.id,
        )
        response = HTMLResponse(rendered("dashboard.html", language, request.query_params, **context))
        if lang in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR, path="/dashboard", httponly=True, samesite="lax")
        return response

    @router.get("/dashboard/plan", dependencies=visitors)
    async def planning(
        request: Request,
        wish: Wished,
        market: Annotated[str, Query(max_length=64)],
        lang: Annotated[str, Query(max_length=2)] = "",
    ) -> Response:
        """The plan of one purchase as the page shows it, requested when a slider moves."""
        language = language_of(request, lang)
        found = planned(service.snapshot, market, wish, service.now(), PageWords(language))
        if found is None:
            raise RequestRefused(404, "there are no sample paths of this market to answer from")
        return HTMLResponse(rendered("plan.html", language, request.query_params, plan=found))

    @router.get("/dashboard/login", dependencies=[PUBLIC])
    async def login(request: Request, lang: Annotated[str | None, Query(max_length=2)] = None) -> Response:
        return HTMLResponse(
            rendered("login.html", language_of(request, lang), request.query_params, wrong=False, no_key_yet=newcomers())
        )

    @router.post("/dashboard/login", dependencies=[PUBLIC])
    async def log_in(request: Request) -> Response:
        form = await request.body()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
            raise RequestRefused(415, f"send the form as {FORM_TYPE}")
        session = service.access.log_in(_key(form))
        if session is None:
            return HTMLResponse(
                rendered("login.html", language_of(request, None), request.query_params, wrong=True, no_key_yet=newcomers()), 401
            )
        return _with_session(request, session)

    @router.get(FIRST_LOOK, dependencies=[PUBLIC])
    async def first_look(request: Request, token: Annotated[str, Query(max_length=64)] = "") -> Response:
        session = service.access.look_first(token)
        if session is None:
            raise RequestRefused(
                401, "this link was used already, is too old, or is not the one that steel serve printed; start it again"
            )
        return _with_session(request, session)

    @router.post("/dashboard/logout", dependencies=visitors)
    async def log_out(request: Request) -> Response:
        service.access.log_out(request.scope["steel.cookies"])
        response = RedirectResponse("/dashboard/login", 303)
        response.delete_cookie(SESSION_COOKIE, path="/dashboard")
        return response

    @router.get("/docs", dependencies=[PUBLIC])
    async def documentation(request: Request) -> Response:
        return HTMLResponse(rendered("docs.html", "en", request.query_params, api=openapi(), operations=_operations(openapi())))

    @router.get("/openapi.json", dependencies=[PUBLIC])
    async def described() -> Response:
        return JSONResponse(openapi())

    @router.get("/favicon.ico", dependencies=[PUBLIC])
    async def icon() -> Response:
        return RedirectResponse("/static/icon.svg", 308)

    return router


def _key(form: bytes) -> str:
    """The field ``key`` of a form.

    Raises:
        RequestRefused: (400) it is not a form.
    """
    try:
        return parse_qs(form.decode("utf-8", "replace"), max_num_fields=5).get("key", [""])[0]
    except ValueError as error:
        raise RequestRefused(400, f"this is not the form of the login page: {error}") from error


def _with_session(request: Request, session: str) -> Response:
    response = RedirectResponse("/dashboard", 303)
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    response.set_cookie(
        SESSION_COOKIE, session, max_age=SESSION_SECONDS, path="/dashboard", httponly=True, samesite="strict", secure=secure
    )
    return response


def language_of(request: Request, chosen: str | None) -> str:
    """The language to answer a browser in."""
    kept = cookie(request.scope["steel.cookies"], LANGUAGE_COOKIE)
    return preferred(chosen, kept, request.headers.get("accept-language", ""))


def _operations(api: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation of the API with its parameters, answers and an example, in the order of the routes."""
    found = []
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            shown = [response for code, response in operation["responses"].items() if code in ("200", "201", "202")]
            answer: dict[str, Any] = shown[0] if shown else {}
            content = answer.get("content", {}).get("application/json", {})
            found.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "tag": (operation.get("tags") or ["service"])[0],
                    "text": operation.get("description", ""),
                    "scopes": [scope for need in operation.get("security", []) for scopes in need.values() for scope in scopes],
                    "parameters": operation.get("parameters", []),
                    "responses": [(code, response.get("description", "")) for code, response in operation["responses"].items()],
                    "example": content.get("example"),
                }
            )
    return found
