"""How long a connection may take to say what it wants, and in how many words.

uvicorn waits for ever and keeps headers without end: a slow-loris holds a connection open byte by byte, a flood fills memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from steel_assets.serving.errors import Refused

REQUEST_SECONDS = 10.0
"""From the first byte of a request (or from connecting) to the last byte of its body."""

LARGEST_HEAD = 64 * 1024
"""Bytes that may arrive before the headers are complete; what came in one piece is read to its end."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline for each request to arrive whole, a limit to its headers, and our shape of errors."""

    _deadline: asyncio.TimerHandle | None = None
    _head: int | None = 0
    seconds = REQUEST_SECONDS

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._begin()
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse(Refused(431, f"headers may take at most {LARGEST_HEAD // 1024} KiB"))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(Refused(400, msg))

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def _refuse(self, refused: Refused) -> None:
        """Answer before there is a request that could be passed on, and hang up."""
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(refused.body)),
            (b"connection", b"close"),
        ]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[refused.status], *lines, b"\r\n", refused.body]))
        self.transport.close()

    def _begin(self) -> None:
        self._deadline = self.loop.call_later(self.seconds, self._too_slow)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.abort()
