"""The pages for people: dashboard, login, documentation. Rendered here; the browser adds charts and refreshes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steel_assets.serving import words as spoken
from steel_assets.serving.access import SESSION_COOKIE, Caller
from steel_assets.serving.keys import SESSION_SECONDS
from steel_assets.serving.page import page
from steel_assets.serving.service import Service
from steel_assets.serving.words import LANGUAGES, Words, preferred

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
LANGUAGE_COOKIE = "steel_language"
YEAR = 365 * 24 * 3600


def routes(service: Service, openapi: Callable[[], dict[str, Any]]) -> APIRouter:
    """The pages; ``openapi`` describes the API for its documentation."""
    router = APIRouter(include_in_schema=False)

    @router.get("/dashboard")
    async def dashboard(
        request: Request,
        market: Annotated[str | None, Query(max_length=64)] = None,
        horizon: Annotated[str | None, Query(max_length=4)] = None,
        lang: Annotated[str | None, Query(max_length=2)] = None,
    ) -> Response:
        language = _language(request, lang)
        caller: Caller = request.scope["steel.caller"]
        context = page(
            service.snapshot,
            service.meter.minutes,
            service.meter.use(),
            service.incidents(),
            words=Words(language),
            market=market,
            horizon=int(horizon) if horizon and horizon.isascii() and horizon.isdigit() else None,
            now=service.now(),
            open_here=service.access.open_here,
            user=None if caller.id == "local" else caller.id,
        )
        response = HTMLResponse(_render("dashboard.html", language, request, **context))
        if lang in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR, path="/dashboard", httponly=True, samesite="lax")
        return response

    @router.get("/dashboard/login")
    async def login(request: Request, lang: Annotated[str | None, Query(max_length=2)] = None) -> Response:
        return HTMLResponse(_render("login.html", _language(request, lang), request, wrong=False))

    @router.post("/dashboard/login")
    async def log_in(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=5)
        session = service.access.log_in(form.get("key", [""])[0])
        if session is None:
            return HTMLResponse(_render("login.html", _language(request, None), request, wrong=True), 401)
        response = RedirectResponse("/dashboard", 303)
        secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
        response.set_cookie(
            SESSION_COOKIE, session, max_age=SESSION_SECONDS, path="/dashboard", httponly=True, samesite="strict", secure=secure
        )
        return response

    @router.post("/dashboard/logout")
    async def log_out() -> Response:
        response = RedirectResponse("/dashboard/login", 303)
        response.delete_cookie(SESSION_COOKIE, path="/dashboard")
        return response

    @router.get("/docs")
    async def documentation(request: Request) -> Response:
        return HTMLResponse(_render("docs.html", "en", request, api=openapi(), operations=_operations(openapi())))

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return RedirectResponse("/static/icon.svg", 308)

    return router


def _language(request: Request, chosen: str | None) -> str:
    return preferred(chosen, request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))


@lru_cache(maxsize=1)
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in ("price", "share", "signed_share", "signed", "direction", "money", "figure"):
        templates.filters[name] = getattr(spoken, name)
    templates.filters["pretty_json"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    templates.globals["static"] = _static
    return templates


@lru_cache
def _static(name: str) -> str:
    """Address of a file of ``static/`` that changes with its content: after an upgrade no browser mixes old and new."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def _render(template: str, language: str, request: Request, **context: Any) -> str:
    words = Words(language)

    def link(**changes: str) -> str:
        kept = {name: value for name, value in request.query_params.items() if name in ("market", "horizon")}
        return "?" + urlencode({**kept, **changes})

    return _templates().get_template(template).render(t=words, language=language, languages=LANGUAGES, link=link, **context)


def _operations(api: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation of the API with its parameters, answers and an example, in the order of the routes."""
    found = []
    for path, methods in api["paths"].items():
        for method, one in methods.items():
            answer = one["responses"].get("200") or one["responses"].get("202") or {}
            content = answer.get("content", {}).get("application/json", {})
            found.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "tag": (one.get("tags") or ["service"])[0],
                    "text": one.get("description", ""),
                    "needs_key": bool(one.get("security")),
                    "parameters": one.get("parameters", []),
                    "responses": [(code, said.get("description", "")) for code, said in one["responses"].items()],
                    "example": content.get("example"),
                }
            )
    return found
