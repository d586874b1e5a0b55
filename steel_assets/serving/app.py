"""The application: routes, the middleware around them, and background tasks between start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp

from steel_assets import __version__
from steel_assets.serving import acknowledge, api, dashboard, operations, watches
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.middleware import AccessMiddleware
from steel_assets.serving.scopes import PublicFiles, declared
from steel_assets.serving.service import Service

STATIC = Path(__file__).parent / "static"
DESCRIPTION = (
    "Tomorrow's steel price, and how far to trust it. Send your key in the header `X-API-Key` (`steel keys create` makes one). "
    "Every key may make a number of requests an hour; answers carry `X-RateLimit-Limit`, `X-RateLimit-Remaining` and "
    "`X-RateLimit-Reset` (Unix seconds). Errors are `{error, message, status_code, retry_after}`."
)


def create_app(service: Service) -> ASGIApp:
    """The whole service as one ASGI application.

    Raises:
        UndeclaredRoute: a route does not declare who may call it.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.refresher.start()
        background = [asyncio.create_task(service.access.watch()), asyncio.create_task(_every_minute(service))]
        yield
        for task in background:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await service.refresher.stop()
        await asyncio.to_thread(service.meter.close_minute)

    app = FastAPI(
        title="Steel Assets",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,  # a route of ours, which says that it is public
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the redirect would be absolute: to http, with the key, where TLS ends at a proxy
        lifespan=lifespan,
        license_info={"name": "Apache-2.0"},
    )
    app.include_router(api.routes(service))
    app.include_router(operations.routes(service))
    app.include_router(dashboard.routes(service, app.openapi))
    app.include_router(watches.routes(service))
    app.include_router(acknowledge.routes(service))
    app.mount("/static", PublicFiles(directory=STATIC), name="static")
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestRefused, _refused)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _broken)
    return AccessMiddleware(
        app,
        declared=declared(app.routes),
        access=service.access,
        limiter=service.limiter,
        meter=service.meter,
        ready=service.ready_answer,
    )


async def _every_minute(service: Service) -> None:
    while True:
        left = 60 - service.now() % 60
        await asyncio.sleep(min(1.0, left))
        if left <= 1.0:
            await asyncio.to_thread(service.meter.close_minute)
        else:
            service.meter.note_uptime()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class
    said = [f"{_field(problem)}: {problem['msg'].removeprefix('Value error, ')}" for problem in error.errors()]
    return RequestRefused(422, "; ".join(said)).response()


def _field(problem: dict[str, Any]) -> str:
    """The field that a request's validation error is about; the body if it is none, or not JSON."""
    where = () if problem["type"] == "json_invalid" else problem["loc"][1:]
    return ".".join(map(str, where)) or "body"


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = ", ".join(sorted(_methods(request)))
    return RequestRefused(error.status_code, str(error.detail)).response(headers)


def _methods(request: Request) -> set[str]:
    """Every method of the path; the error itself names only those of the first route with it."""
    routes = iter_route_contexts(list(request.app.routes))
    there = [route for route in routes if route.methods and route.path_regex.fullmatch(request.scope["path"])]
    return {method for route in there for method in route.methods or ()}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101  registered for this class
    return error.response()


async def _gone(request: Request, error: Exception) -> Response:
    """The client has disconnected; in the counts this is not an error of the service."""
    return RequestRefused(400, "the request was broken off").response()


async def _broken(request: Request, error: Exception) -> Response:
    """The answer to a request that hit a bug; the middleware logs it."""
    return RequestRefused(500, f"something is wrong inside the service ({type(error).__name__}); it was logged").response()
