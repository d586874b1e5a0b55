"""Limits of time, headers and pieces for a connection's request.

uvicorn waits without limit and keeps headers without limit: a slow-loris attack would hold connections open byte by byte, a flood
would fill memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from steel_assets.serving.bounds import (
    KIB,
    LARGEST_BODY,
    LARGEST_HEAD,
    LONGEST_HEADER,
    MOST_CHUNKS,
    MOST_HEADERS,
    MOST_PIECES,
    MOST_QUEUED,
    HeadTooLarge,
    TooLarge,
    check_headers,
    check_target,
)
from steel_assets.serving.errors import RequestRefused

REQUEST_SECONDS = 10.0
"""From the first byte of a request (or from connecting) to the last byte of its body."""

RAW_BODY = 2 * LARGEST_BODY
"""Bytes of a body as sent, including the chunk marks."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline for each request, limits of its parts, and errors in our form.

    An exception raised in here makes the parser stop: nothing behind it is parsed.
    """

    _deadline: asyncio.TimerHandle | None = None
    _head: int | None = 0
    _refused: RequestRefused | None = None
    _body = _chunks = _pieces = 0
    _arriving = False
    seconds = REQUEST_SECONDS

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._deadline is None:
            self._begin()
        self._pieces += 1
        if self._head is None:
            self._body += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._head is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse(HeadTooLarge(f"headers may take at most {LARGEST_HEAD // KIB} KiB"))
        elif self._body > RAW_BODY:
            self._refuse(TooLarge())
        if self._pieces > MOST_PIECES:
            self._refuse(RequestRefused(400, f"a request may come in at most {MOST_PIECES} pieces"))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0
        self._body = self._chunks = self._pieces = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._within(check_target, self.url)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS or len(value) > LONGEST_HEADER:
            self._within(check_headers, self.headers)

    def on_headers_complete(self) -> None:
        self._within(check_headers, self.headers)
        if len(self.pipeline) >= MOST_QUEUED:
            self._within(_too_many, MOST_QUEUED)
        super().on_headers_complete()
        self._head, self._arriving = None, True

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            self._within(_too_many_chunks, MOST_CHUNKS)

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refused or RequestRefused(400, msg))

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._arriving = False
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def _within(self, check: Callable[[Any], None], what: Any) -> None:
        """Run a check, and keep its exception, which the parser replaces by its own."""
        try:
            check(what)
        except RequestRefused as refused:
            self._refused = refused
            raise

    def _refuse(self, refused: RequestRefused) -> None:
        """Send an error, unless another answer has begun, and close the connection."""
        if self.cycle is not None and self.cycle.response_started and (self._arriving or not self.cycle.response_complete):
            self.transport.close()
            return
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


def _too_many(most: int) -> None:
    raise RequestRefused(400, f"at most {most} requests may be sent before the first is answered")


def _too_many_chunks(most: int) -> None:
    raise TooLarge(f"a body may come in at most {most} chunks")
