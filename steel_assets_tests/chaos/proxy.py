"""A server between the connectors and the sandbox that passes answers on, or lets a fault loose on them."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Passing:
    """An answer of the sandbox on its way.

    Attributes:
        source: the provider asked.
        number: how many answers the fault has met before this one.
    """

    source: str
    body: bytes
    number: int


Fault = Callable[[socket.socket, Passing], None]
"""Does as it likes with a connection that waits for an answer."""


@dataclass
class Proxy:
    """A running proxy: ``fault`` may be set and taken away while it runs."""

    url: str = ""
    fault: Fault | None = None
    met: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def misbehaving(self, fault: Fault) -> Iterator[None]:
        """``fault`` for every answer inside the block."""
        self.fault, self.met = fault, 0
        try:
            yield
        finally:
            self.fault = None


def send(connection: socket.socket, body: bytes, status: int = 200, **headers: str) -> None:
    """A well-formed answer."""
    head = [f"HTTP/1.1 {status} -", f"content-length: {len(body)}", "connection: close"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)


@contextmanager
def proxying(upstream: str) -> Iterator[Proxy]:
    """A proxy in front of ``upstream`` (host:port as a URL)."""
    proxy, place = Proxy(), urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            behind = http.client.HTTPConnection(place, timeout=20)
            behind.request("GET", self.path, headers={"user-agent": self.headers.get("user-agent", "")})
            answer = behind.getresponse()
            body = answer.read()
            behind.close()
            self.close_connection = True
            with suppress(OSError):
                if proxy.fault is None:
                    send(self.connection, body, answer.status)
                else:
                    proxy.met += 1
                    proxy.fault(self.connection, Passing(self.path.split("/")[1], body, proxy.met - 1))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield proxy
    finally:
        proxy.stopping.set()
        server.shutdown()
        server.server_close()
