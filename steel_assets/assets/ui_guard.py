"""ASGI middleware that checks each request to the Dagster UI, websockets included, before it reaches the UI.

Dagster's webserver accepts any Host header, takes mutations as simple POST requests from any page and over websockets, and has
no users. So any web page that somebody opens on the machine could operate it. With this check it answers only its own pages and
programs on this machine; people elsewhere reach it through a proxy that authenticates them.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from steel_assets.core.same_origin import from_elsewhere

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
PICTURES = "/lake/"
"""Under this path the UI shows pictures of the lake (``ui_pictures.py``)."""

QUESTIONS = ("/graphql", "/report_asset", "/download_debug", "/logs", "/notebook", PICTURES)
"""Paths that do or tell something; every other is the page itself, its files, or nothing."""

SIMPLE = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""})
"""Content types of a post that a browser sends anywhere without asking (CORS, "simple requests")."""

ANSWER_HEADERS = [
    (b"content-type", b"application/json"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]
NO_FRAMES = [(b"x-frame-options", b"DENY"), (b"content-security-policy", b"frame-ancestors 'none'")]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Passes on requests of the UI's own pages and of programs, sent to one of the server's own names."""

    def __init__(self, app: App, hosts: Iterable[str] = ()) -> None:
        """Wrap an ASGI application.

        Args:
            hosts: further names under which the server is reached, besides those of this machine; ports are ignored.
        """
        self._app = app
        self._hosts = LOOPBACK | {host.strip().lower() for host in hosts if host.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403 (close a websocket with 1008) if it comes from another origin or host."""
        reason = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if reason is None:
            await self._app(scope, receive, _unframed(send) if scope["type"] == "http" else send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            body = json.dumps({"error": "forbidden", "message": reason, "status_code": 403}).encode()
            headers = [*ANSWER_HEADERS, *NO_FRAMES, (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope) -> str | None:
        """The reason why a request is refused; None if it is passed on."""
        headers = list(scope["headers"])
        hosts = [value.decode("latin-1").strip().lower() for name, value in headers if name == b"host"]
        if len(hosts) != 1 or _name(hosts[0]) not in self._hosts:
            return "it was asked for under another name; name the hosts it is reached by in STEEL_UI_HOSTS"
        method = scope.get("method", "GET")
        path = scope["path"].lower()
        asks = scope["type"] == "websocket" or any(question in path for question in QUESTIONS)
        if not asks and method in ("GET", "HEAD") and _opened_by_a_person(headers):
            return None
        reason = from_elsewhere(headers)
        if reason is not None:
            return reason
        if scope["type"] == "http" and "/graphql" in path:
            if method in ("GET", "HEAD") and b"query=" in scope["query_string"]:
                return "send a GraphQL request by POST with Content-Type: application/json"
            if method == "POST" and _content_type(headers) != "application/json":
                return "send a GraphQL request by POST with Content-Type: application/json"
        elif method not in ("GET", "HEAD") and _content_type(headers) in SIMPLE and _has_body(headers):
            return "send a report with Content-Type: application/json"
        return None


def _name(host: str) -> str:
    """The host in a Host header, without its port."""
    return host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host


def _opened_by_a_person(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a followed link opens a page of its own, which the page with the link can neither read nor frame."""
    found = dict(headers)
    return found.get(b"sec-fetch-mode") == b"navigate" and found.get(b"sec-fetch-dest") == b"document"


def _content_type(headers: list[tuple[bytes, bytes]]) -> str:
    return dict(headers).get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    found = dict(headers)
    return b"transfer-encoding" in found or found.get(b"content-length", b"0") != b"0"


def _unframed(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *NO_FRAMES]
        await send(message)

    return sending
