"""The middleware: authentication, rate and size limits, and headers of every answer. Plain ASGI, outside FastAPI."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steel_assets.adapters.callers.rate_limit import RateLimiter, RateLimitState
from steel_assets.adapters.machine import traces
from steel_assets.core.alerts.message import ACKNOWLEDGE, UNSUBSCRIBE
from steel_assets.core.same_origin import from_elsewhere
from steel_assets.serving.access import FIRST_LOOK, PROXY_SECRET, AccessControl, Caller, Credentials
from steel_assets.serving.bounds import LARGEST_BODY, TooLarge, check_headers, check_target
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.meter import UNMEASURED, Meter
from steel_assets.serving.scopes import NO_KEY, RouteScopes

log = logging.getLogger("steel.serving")

ANSWER_SECONDS = 20.0
FORMS = frozenset({"/dashboard/login", "/dashboard/logout", ACKNOWLEDGE, UNSUBSCRIBE})
"""Paths of forms that a browser posts without further credentials, so pages of other servers must be refused."""

FORWARDED = frozenset({b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-original-host"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})

PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer a browser posts the login form with Origin: null
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
]
FOR_API = [*ALWAYS, (b"cache-control", b"no-store"), (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]
FOR_PAGES = [*ALWAYS, (b"cache-control", b"no-store"), (b"content-security-policy", PAGE_POLICY)]
FOR_STATIC = [*ALWAYS, (b"cache-control", b"public, max-age=3600")]


class AccessMiddleware:
    """Admits a request, counts it, passes it on and completes the answer."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        declared: RouteScopes,
        access: AccessControl,
        limiter: RateLimiter,
        meter: Meter,
        ready: Callable[[str, str | None], tuple[bytes, list[tuple[bytes, bytes]]] | None] = lambda path, key: None,
    ) -> None:
        """Wrap an ASGI application.

        Args:
            declared: which routes are public, and the scopes that the others need.
            ready: returns body and headers for a path whose answer is rendered already, for an API key's id (None: without one);
                None for every other path.
        """
        self._app = app
        self._declared = declared
        self._access = access
        self._limiter = limiter
        self._meter = meter
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on or refuse it, with limits and counts; the server's start and stop are passed on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        kept = [header for header in scope["headers"] if header[0] != b"cookie"]  # no route parses cookies, so they get none
        cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
        head = scope["method"] == "HEAD"  # a GET, of which the server sends the headers only
        arrived = scope["headers"]
        scope = {**scope, "headers": kept, "method": "GET" if head else scope["method"]}
        visit = _Visit(scope, receive, send, self._meter)
        try:
            check_target(scope.get("raw_path", b"") + scope["query_string"])
            check_headers(arrived)
            scope["steel.cookies"] = cookies.decode("latin-1")
            if head and scope["path"] == FIRST_LOOK:
                raise RequestRefused(405, "the one-time link is opened in a browser")
            self._refuse_forged(scope)
            caller = self._admit(scope, visit.headers)
            rate_limit = await self._count(caller, scope["path"])
            visit.rate_limit = rate_limit
            if rate_limit is not None and not rate_limit.allowed:
                wait = max(1, math.ceil(rate_limit.resets_at - time.time()))
                raise RequestRefused(
                    429, f"more than {rate_limit.limit} requests this hour; try again in {wait} s", retry_after=wait
                )
            plain = scope["method"] == "GET" and not scope["query_string"] and self._declared.may_get(scope["path"], caller)
            ready = self._ready(scope["path"], caller.key if caller else None) if plain else None
            if ready is not None:
                scope["steel.route"], scope["steel.predicted"] = scope["path"], True
                await visit.respond(200, *ready)
            else:
                visit.check_length()
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._app(scope, visit.receive, visit.send)
        except RequestRefused as refused:
            await visit.refuse(refused)
        except TimeoutError:
            await visit.refuse(RequestRefused(503, f"no answer within {ANSWER_SECONDS:g} s", retry_after=5))
        except Exception as error:
            log.exception("a request to %s failed", scope.get("steel.route", "an unknown path"))
            if visit.started and not visit.finished:
                raise  # the server hangs up on a half-sent answer
            await visit.refuse(
                RequestRefused(500, f"something is wrong inside the service ({type(error).__name__}); it was logged")
            )
        finally:
            visit.finish()

    def _refuse_forged(self, scope: Scope) -> None:
        """Refuse a form sent by a page of another server.

        Raises:
            RequestRefused: (403) it was.
        """
        if scope["method"] != "POST" or scope["path"] not in FORMS:
            return
        reason = from_elsewhere(scope["headers"])
        if reason is not None:
            raise RequestRefused(403, f"this form is answered to this server's own pages only: {reason}")

    def _admit(self, scope: Scope, headers: dict[bytes, bytes]) -> Caller | None:
        """The caller; None if the path needs none. The route checks what the caller may do.

        Raises:
            RequestRefused: the caller is unknown.
        """
        path: str = scope["path"]
        if self._declared.is_public(path):
            return None
        asking = _asking(scope, headers, self._access.vouching.header if self._access.vouching else None)
        if path == "/dashboard" or path.startswith("/dashboard/"):
            visitor = self._access.visitor(asking)
            if visitor is None and scope["method"] == "GET":
                raise RequestRefused(303, "/dashboard/login", error="log_in")
            caller = visitor
        else:
            caller = self._access.caller(asking)
        if caller is None:
            raise RequestRefused(401, NO_KEY)
        scope["steel.caller"] = caller
        return caller

    async def _count(self, caller: Caller | None, path: str) -> RateLimitState | None:
        """The caller's rate limit state; None for what is not limited: public paths, one-time links and the dashboard."""
        if caller is None or caller.limit_per_hour is None or path.startswith("/dashboard"):
            return None
        return await self._limiter.take(caller.id, caller.limit_per_hour)


class _Visit:
    """One request in progress: its headers, its body's length, its answer's headers, its time."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, meter: Meter) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.rate_limit: RateLimitState | None = None
        self.started = self.finished = False
        self.status = 500
        self._scope = scope
        self._receive = receive
        self._send = send
        self._meter = meter
        self._began = time.perf_counter()
        self._received = 0
        meter.in_flight += 1

    def check_length(self) -> None:
        """Refuse a body whose declared length is too large, before any of it is read.

        Raises:
            TooLarge: it is.
        """
        length = self.headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > LARGEST_BODY:
            raise TooLarge

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > LARGEST_BODY:
                raise TooLarge
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            path: str = self._scope["path"]
            page = path == "/docs" or path.startswith("/dashboard")
            every = FOR_STATIC if path.startswith("/static/") else FOR_PAGES if page else FOR_API
            message["headers"] = [*message["headers"], *every, *self._rate_headers()]
        elif not message.get("more_body", False):
            self.finished = True
        await self._send(message)

    async def respond(self, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send a complete answer; ``headers`` include its length."""
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, refused: RequestRefused) -> None:
        if self.started:
            return
        if refused.status == 303:
            await self.respond(303, b"", [(b"content-length", b"0"), (b"location", str(refused).encode())])
            return
        await refused.response()(self._scope, self._receive, self.send)

    def finish(self) -> None:
        self._meter.in_flight -= 1
        found: Any = self._scope.get("route")
        route = self._scope.get("steel.route") or getattr(found, "path", None) or "(none)"
        method = self._scope["method"] if self._scope["method"] in METHODS else "OTHER"
        predicted = self._scope.get("steel.predicted", False) and self.status == 200
        seconds, now = time.perf_counter() - self._began, time.time()
        self._meter.record(method, route, self.status, seconds, predicted=predicted)
        if not route.startswith(UNMEASURED):
            error = str(self.status) if self.status >= 500 else None
            traces.record(f"{method} {route}", now - seconds, now, self._about(method, route), error=error)

    def _about(self, method: str, route: str) -> dict[str, str | int]:
        """Attributes of its trace: nothing written by the caller except a market that exists."""
        found: dict[str, str | int] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": self.status,
        }
        market = self._scope.get("path_params", {}).get("market")
        return found | {"steel.market": market} if market and self.status == 200 else found

    def _rate_headers(self) -> list[tuple[bytes, bytes]]:
        if self.rate_limit is None:
            return []
        return [
            (b"x-ratelimit-limit", b"%d" % self.rate_limit.limit),
            (b"x-ratelimit-remaining", b"%d" % self.rate_limit.remaining),
            (b"x-ratelimit-reset", b"%d" % math.ceil(self.rate_limit.resets_at)),
        ]


def _asking(scope: Scope, headers: dict[bytes, bytes], user_header: bytes | None) -> Credentials:
    key = headers.get(b"x-api-key")
    bearer = headers.get(b"authorization", b"")
    if key is None and bearer[:7].lower() == b"bearer ":
        key = bearer[7:]
    vouched = [value for name, value in scope["headers"] if name == user_header]
    return Credentials(
        api_key=key.decode("latin-1") if key is not None else None,
        cookie=scope["steel.cookies"],
        host=headers.get(b"host", b"").decode("latin-1"),
        client=scope["client"][0] if scope.get("client") else None,
        forwarded=any(name in FORWARDED or name.startswith(b"x-forwarded") for name in headers),
        vouched_user=vouched[0].decode("latin-1") if len(vouched) == 1 else None,
        proxy_secret=headers.get(PROXY_SECRET, b"").decode("latin-1"),
    )
