"""Answering HTTP for the services here: one function per call, errors as Google writes them, planned faults in between."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from steel_assets_tests.google.faults import Faults, NotServed, Refusal

log = logging.getLogger(__name__)

DECISIVE = ("if-", "x-goog-encryption-", "x-goog-copy-", "x-http-method-override", "content-encoding")
"""How headers begin that change what a call does."""


@dataclass(frozen=True)
class Call:
    """One request, read."""

    method: str
    names: dict[str, str]
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    url: str
    raw_path: str

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refusal(400, f"Parse Error: {error}", "parseError") from error
        if not isinstance(found, dict):
            raise Refusal(400, "Parse Error: the body is no JSON object", "parseError")
        return found

    def only(self, *known: str) -> None:
        """Refuse query parameters and headers that the call would ignore. ``fields`` and the like never change what is done."""
        unknown = set(self.query) - set(known) - {"prettyPrint", "fields", "projection", "alt"}
        unknown |= {name for name in self.headers if name.startswith(DECISIVE)}
        if unknown:
            raise NotServed(f"{self.method} with {', '.join(sorted(unknown))}")


Answer = Callable[[Call], "dict[str, Any] | Response | None"]


def route(path: str, method: str, answer: Answer, faults: Faults) -> Route:
    """A route that runs ``answer`` alone: calls are served one after the other, so each is atomic."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        fault = faults.strikes(request)
        if fault is not None and not fault.after:
            return fault.refusal.response()
        try:
            call = Call(
                request.method,
                {name: str(value) for name, value in request.path_params.items()},
                dict(request.query_params),
                request.headers,
                body,
                f"{request.url.scheme}://{request.headers['host']}{request.url.path}",
                request.scope["raw_path"].decode().partition("?")[0],
            )
            found = answer(call)
        except Refusal as refusal:
            return refusal.response()
        except Exception as error:
            log.exception("the test server failed")
            return NotServed(f"{request.method} {request.url.path}: {type(error).__name__}: {error}").response()
        if fault is not None:
            return fault.refusal.response()
        if isinstance(found, Response):
            return found
        return Response(status_code=204) if found is None else JSONResponse(found)

    return Route(path, endpoint, methods=[method])


def application(routes: list[Route], faults: Faults) -> Starlette:
    """The routes, and a refusal for everything else."""

    def unknown(call: Call) -> None:
        raise NotServed(f"{call.method} {re.sub('^https?://[^/]+', '', call.url)}")

    others = [route("/{path:path}", method, unknown, faults) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")]
    return Starlette(routes=routes + others)


def multipart(call: Call) -> tuple[dict[str, Any], bytes]:
    """Metadata and content of an upload in one piece, byte for byte. The type of the content is part of the metadata."""
    found = re.search(r"boundary=[\"']?([^\"';]+)", call.headers.get("content-type", ""))
    boundary = b"--" + found[1].encode() if found else b""
    try:
        _, metadata, rest = call.body.split(boundary, 2)
        head, content = rest[: rest.rindex(b"\r\n" + boundary + b"--")].split(b"\r\n\r\n", 1)
        body = json.loads(metadata.split(b"\r\n\r\n", 1)[1])
    except (ValueError, IndexError) as error:
        raise Refusal(400, "Malformed multipart body.", "badRequest") from error
    kind = re.search(rb"(?i)content-type: *([^\r\n]+)", head)
    return {"contentType": kind[1].decode() if kind else None} | body, content


@contextmanager
def running(app: Starlette, port: int = 0) -> Iterator[str]:
    """``app`` on a free port of this machine (or ``port``), in a thread; its address."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(2048)  # who asks before the server runs, waits
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
