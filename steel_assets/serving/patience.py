"""How long a connection may take to say what it wants. uvicorn waits for ever; a slow-loris holds one open byte by byte."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 10.0
"""From the first byte of a request (or from connecting) to the last byte of its body."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline for each request to arrive whole."""

    _deadline: asyncio.TimerHandle | None = None
    seconds = REQUEST_SECONDS

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._begin()
        super().data_received(data)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

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
