"""Keeps the snapshot up to date in the background; no request ever waits for it.

Every few seconds: has anything changed on disk, has the cache a newer forecast? When something changed a short-lived process
reads the publication and hands its parts back one by one. A store that is remote is simply read again after a while.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from steel_assets.serving.changes import fingerprint
from steel_assets.serving.reading import Reading, ReadingFailed, begin
from steel_assets.serving.snapshot import Snapshot

log = logging.getLogger("steel.serving")

LOOK_SECONDS = 2.0
REMOTE_SECONDS = 60.0
SURELY_SECONDS = 300.0
RETRY_SECONDS = 15.0
REST_SECONDS = 8.0
"""Between two readings: a running pipeline writes all the time, and reading must not compete with it."""


class Cached(Protocol):
    """What is needed of the cache."""

    def get(self, namespace: str, key: str) -> bytes | None:
        """See ``adapters.cache.Cache``."""


@dataclass(frozen=True)
class Places:
    """Where the publication is looked for.

    Attributes:
        lake, warehouse: local folder and file, or None where they are remote.
        kept: file that holds the last good snapshot of these places across restarts.
        name: names the places; a kept snapshot of other places is not used.
    """

    lake: Path | None
    warehouse: Path | None
    kept: Path
    name: str


class Refresher:
    """Owns the snapshot. Read ``current`` freely: it is replaced whole, never changed."""

    def __init__(
        self,
        places: Places,
        cache: Cached | None = None,
        *,
        first: Reading | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            first: a reading that was begun already.
            environment: settings for the readings, beside those of this process.
        """
        self.current = Snapshot()
        self.places = places
        self._cache = cache
        self._begun = first
        self._environment = environment
        self._clock = clock
        self._seen: int | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take the kept snapshot and begin to look; call it inside the running loop."""
        with suppress(OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            name, _, content = self.places.kept.read_bytes().partition(b"\n")
            if name.decode() == self.places.name:
                self.current = Snapshot.from_json(content)
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _forever(self) -> None:
        due = rested = 0.0
        waiting = False
        while True:
            try:
                waiting = await self._changed() or waiting
                if (waiting and time.monotonic() >= rested) or time.monotonic() >= due:
                    waiting = False
                    whole = await self.read()
                    rested = time.monotonic() + REST_SECONDS
                    due = time.monotonic() + (self._period() if whole else RETRY_SECONDS)
                await self._ask_cache()
            except Exception:
                log.exception("the publication could not be refreshed; the last good copy is served")
                due = time.monotonic() + RETRY_SECONDS
            await asyncio.sleep(LOOK_SECONDS)

    def _period(self) -> float:
        return SURELY_SECONDS if self.places.lake and self.places.warehouse else REMOTE_SECONDS

    async def _changed(self) -> bool:
        if not self.places.lake or not self.places.warehouse:
            return False
        now = await asyncio.to_thread(fingerprint, self.places.lake, self.places.warehouse)
        changed, self._seen = now != self._seen, now
        return changed

    async def _ask_cache(self) -> None:
        if self._cache is None:
            return
        for market in [one["id"] for one in (self.current["catalogue"] or {}).get("markets", [])]:
            content = await asyncio.to_thread(self._cache.get, "predictions", market)
            if content is not None:
                self.current = self.current.with_cached(market, content)

    async def read(self) -> bool:
        """Read every part now; True when all of them could be read."""
        reading, self._begun = self._begun or begin(self._environment), None
        loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(reading.receive, lambda part: loop.call_soon_threadsafe(self._take, part))
        except ReadingFailed as error:
            log.warning("the publication could not be read (%s); the last good copy is served", error)
            return False
        except asyncio.CancelledError:
            reading.process.kill()
            raise
        await asyncio.to_thread(self._keep)
        return not self.current.problems

    def _take(self, part: dict[str, Any]) -> None:
        self.current = self.current.with_part(part["part"], part["content"], part["problem"], self._clock())

    def _keep(self) -> None:
        """Keep the snapshot for the next start; a full disk costs that convenience and nothing else."""
        if not self.current["latest"]:
            return
        try:
            self.places.kept.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.places.kept.parent, prefix=".", suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self.places.name.encode() + b"\n" + self.current.to_json())
                Path(temporary).replace(self.places.kept)
            finally:
                Path(temporary).unlink(missing_ok=True)
        except OSError as error:
            log.warning("the last good forecasts could not be kept on disk: %s", error)
