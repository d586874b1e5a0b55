"""The sandbox server: providers below their own paths, the clock at ``/clock``, halted series at ``/halts``.

``Sandbox`` runs it in a thread (tests, the demo), ``serve`` until interrupted. Every answer has the header ``X-Simulated: true``.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

import pandas as pd
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from steel_assets.catalog import Catalog
from steel_assets.sandbox.clock import ClockError, SandboxClock
from steel_assets.sandbox.market import SimulatedMarket
from steel_assets.sandbox.providers import providers

DEFAULT_SEED = 7
SECONDS_TO_START = 10.0


class SandboxError(RuntimeError):
    """The sandbox cannot run; the message says why and what to do."""


class Sandbox:
    """The server in a thread of this process.

    ``with Sandbox(catalog) as sandbox:`` starts it on a free port of this machine; ``sandbox.url`` is its address. It uses the
    real time until ``set_clock``.
    """

    def __init__(self, catalog: Catalog, seed: int = DEFAULT_SEED, port: int = 0, host: str = "127.0.0.1") -> None:
        self.clock = SandboxClock()
        self.market = SimulatedMarket(catalog, seed)
        self._app = application(self.market, self.clock)
        self._host, self._port = host, port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Its address, for example http://127.0.0.1:43117; providers are below, as ``/fred_api``."""
        return f"http://{self._host}:{self._port}"

    def set_clock(self, moment: datetime | None) -> None:
        """Answer as of ``moment`` (with a time zone) until set again; None for the real time.

        Raises:
            ClockError: the moment is not allowed.
        """
        self.clock.set(moment)

    def halt(self, series: str, since: date | None) -> None:
        """Hide values of ``series`` about ``since`` or later; None shows them again.

        Raises:
            KeyError: there is no such series.
        """
        self.market.halt(series, None if since is None else pd.Timestamp(since))

    def start(self) -> Self:
        """Start answering.

        Raises:
            SandboxError: the port is taken.
        """
        listener = _listener(self._host, self._port)
        self._port = listener.getsockname()[1]
        server = uvicorn.Server(_config(self._app))
        self._server, self._thread = server, threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + SECONDS_TO_START
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                server.should_exit = True
                listener.close()
                raise SandboxError(f"the sandbox did not start on {self.url}; see the log above")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Stop answering and free the port. A second call does nothing."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def serve(catalog: Catalog, host: str = "127.0.0.1", port: int = 8765, seed: int = DEFAULT_SEED) -> None:
    """Run the sandbox in this thread until it is interrupted.

    Raises:
        SandboxError: the port is taken.
    """
    listener = _listener(host, port)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(_config(application(SimulatedMarket(catalog, seed), SandboxClock()))).run([listener])


def application(market: SimulatedMarket, clock: SandboxClock) -> ASGIApp:
    """The sandbox as an ASGI application."""
    known = providers()
    there = [Mount(f"/{name}", routes=routes(market, clock)) for name, routes in known.items()]
    missing = [_unknown(name) for name, source in market.catalog.sources.items() if source.kind == "api" and name not in known]
    return _marked(Starlette(routes=[*_clock_routes(clock), *_halt_routes(market), *there, *missing]))


def _unknown(source: str) -> Mount:
    """The answer for a source that the sandbox does not have."""

    async def refuse(_: Request) -> Response:
        remedy = f"add providers/{source}.py, or say where it answers: STEEL_BASE_URLS__{source.upper()}"
        return JSONResponse({"error": f"the sandbox cannot answer as {source}; {remedy}"}, status_code=404)

    return Mount(f"/{source}", routes=[Route("/{path:path}", refuse)])


def _clock_routes(clock: SandboxClock) -> list[Route]:
    def shown() -> Response:
        return JSONResponse({"now": clock.now().isoformat().replace("+00:00", "Z"), "simulated": True})

    async def show(_: Request) -> Response:
        return shown()

    async def change(request: Request) -> Response:
        try:
            asked = json.loads(await request.body())["now"]
            clock.set(None if asked is None else datetime.fromisoformat(asked))
        except ClockError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        except (ValueError, TypeError, KeyError, RecursionError):
            remedy = 'send {"now": "2026-03-02T08:00:00Z"}, or {"now": null} for the real time'
            return JSONResponse({"error": f"the body is not a moment; {remedy}"}, status_code=422)
        return shown()

    return [Route("/clock", show, methods=["GET"]), Route("/clock", change, methods=["PUT"])]


def _halt_routes(market: SimulatedMarket) -> list[Route]:
    async def show(_: Request) -> Response:
        return JSONResponse({"halts": market.halts, "simulated": True})

    async def change(request: Request) -> Response:
        try:
            asked = json.loads(await request.body())
            since = asked["since"]
            market.halt(asked["series"], None if since is None else pd.Timestamp(date.fromisoformat(since)))
        except (ValueError, TypeError, KeyError, RecursionError):
            remedy = 'send {"series": "lme_rebar_m01", "since": "2026-03-02"}, or {"series": "lme_rebar_m01", "since": null}'
            return JSONResponse({"error": f"the body names no series and day; {remedy}"}, status_code=422)
        return await show(request)

    return [Route("/halts", show, methods=["GET"]), Route("/halts", change, methods=["PUT"])]


def _marked(app: ASGIApp) -> ASGIApp:
    """``app`` with a header on every answer that says it is simulated."""

    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_marked(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Simulated"] = "true"
            await send(message)

        await app(scope, receive, send_marked)

    return marked


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1)


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SandboxError(
            f"the sandbox cannot listen on {host}:{port}: {error}. Stop what runs there, or choose another port (0: a free one)"
        ) from error
    return listener
