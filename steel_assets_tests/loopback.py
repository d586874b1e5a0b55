"""Servers on loopback for tests: one that answers as told, and one that misbehaves on the wire."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """What was asked: decoded path, the path as sent, query, headers."""

    path: str
    raw_path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Loopback:
    """A running server; ``asked`` remembers every request. ``answer`` may be exchanged while it runs."""

    answer: Callable[[Request], Reply]
    asked: list[Request] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(answer: Callable[[Request], Reply]) -> Iterator[Loopback]:
    """A server that answers each GET with ``answer(request)``."""
    loopback = Loopback(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(unquote(parts.path), parts.path, dict(parse_qsl(parts.query)), headers)
            loopback.asked.append(request)
            reply = loopback.answer(request)
            head = [f"HTTP/1.1 {reply.status} -", f"content-length: {len(reply.content)}"]
            head += [f"{name}: {value}" for name, value in reply.headers.items()]
            with suppress(OSError):
                self.wfile.write("\r\n".join([*head, "connection: close", "", ""]).encode() + reply.content)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    loopback.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def misbehaving(behave: Callable[[socket.socket], None], *, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """A server that reads a request and leaves the connection to ``behave``, which may do anything to it."""
    loopback = Loopback(lambda request: Reply())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stop = threading.Event()

    def converse(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(10)
            wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
            wrapped.recv(65536)
            loopback.asked.append(Request("", "", {}, {}))
            behave(wrapped)

    def accept() -> None:
        while not stop.is_set():
            with suppress(TimeoutError, OSError):
                connection, _ = listener.accept()
                threading.Thread(target=converse, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    loopback.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield loopback
    finally:
        stop.set()
        thread.join()
        listener.close()
