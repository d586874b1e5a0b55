"""Requests at a steady rate, each due at its own moment whether or not those before it were answered.

wrk asks its next question only after an answer, so that a service which stalls is asked less just then and its tail looks
better than it is. Here a late answer makes the next ones late too, and latency counts from the moment a request was due.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Steady:
    """What was measured; latencies in milliseconds from the moment each request was due."""

    per_second: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    errors: int


class _Connection(asyncio.Protocol):
    """A keep-alive connection that carries one request at a time."""

    def __init__(self, request: bytes, answered: Callable[[_Connection, float, bool], None]) -> None:
        self._request = request
        self._answered = answered
        self._transport: asyncio.WriteTransport | None = None
        self._due: float | None = None
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  TCP can be written

    def ask(self, due: float) -> None:
        assert self._transport is not None
        self._due, self._heard = due, b""
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if end and len(body) >= int(length):
            self._end(head.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due is not None:
            self._end(False)

    def _end(self, good: bool) -> None:
        due, self._due = self._due, None
        assert due is not None
        self._answered(self, due, good)


def steady(url: str, path: str, key: str, *, per_second: int, seconds: int, connections: int) -> Steady:
    """Ask ``per_second`` times a second for ``seconds``, over at most ``connections`` at once."""
    return asyncio.run(_steady(url, path, key, per_second, seconds, connections))


async def _steady(url: str, path: str, key: str, per_second: int, seconds: int, connections: int) -> Steady:
    place = urlsplit(url)
    request = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nX-API-Key: {key}\r\n\r\n".encode()
    latencies: list[float] = []
    errors = 0
    free: deque[_Connection] = deque()
    waiting: deque[float] = deque()
    done = asyncio.Event()
    wanted = per_second * seconds

    def answered(connection: _Connection, due: float, good: bool) -> None:
        nonlocal errors
        latencies.append(1000 * (time.perf_counter() - due))
        errors += not good
        if waiting:
            connection.ask(waiting.popleft())
        else:
            free.append(connection)
        if len(latencies) == wanted:
            done.set()

    loop = asyncio.get_running_loop()
    for _ in range(connections):
        _, made = await loop.create_connection(lambda: _Connection(request, answered), place.hostname, place.port)
        free.append(made)
    began = time.perf_counter()
    for number in range(wanted):
        due = began + number / per_second
        if (left := due - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        if free:
            free.popleft().ask(due)
        else:
            waiting.append(due)
    await asyncio.wait_for(done.wait(), 30)
    ranked = sorted(latencies)
    passed = time.perf_counter() - began
    return Steady(wanted / passed, ranked[wanted // 2], ranked[int(0.99 * wanted)], ranked[-1], errors)
