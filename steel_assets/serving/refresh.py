"""Keeps the snapshot up to date in the background; no request waits for it.

Every two seconds it checks the versions of the published pointer and of the alert state, which is cheap in any store. What
changed is fetched, the publication through the cache, whose copy is used only if it equals, byte for byte, what the pointer
names. A publication that is damaged, or from which answers cannot be made, is refused as a whole, and the former one is kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from steel_assets.adapters.alerts.stored_state import STATE_KEY, read_alert_state
from steel_assets.adapters.lake.snapshots import AGAIN, Pointer, SnapshotDamaged, SnapshotStore, fits, parsed
from steel_assets.adapters.machine.disk import private_folder, write_private
from steel_assets.adapters.objects.checksummed import Damaged
from steel_assets.adapters.objects.object_store import ObjectStore, ObjectStoreError
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.serving.incidents import incidents
from steel_assets.serving.rehearsal import rehearse
from steel_assets.serving.snapshot import Snapshot

log = logging.getLogger("steel.serving")

LOOK_SECONDS = 2.0
RETRY_SECONDS = 15.0
SURELY_SECONDS = 300.0
"""After this time the forecasts' plausibility is checked against the clock again."""

NAMESPACE = "predictions"
NOTHING_THERE = f"nothing is published here any more, or nothing was since an older release; what was read last is kept; {AGAIN}"
UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""Exceptions that a damaged copy, or a publication of another form, may raise in its reader."""


class Cached(Protocol):
    """The methods of a cache that are needed."""

    def get(self, namespace: str, key: str) -> bytes | None:
        """See ``adapters.cache.cache.Cache``."""

    def put(self, namespace: str, key: str, content: bytes) -> bool:
        """See ``adapters.cache.cache.Cache``."""


class Refresher:
    """Owns the snapshot. ``current`` can be read at any time: it is replaced as a whole, never changed."""

    def __init__(
        self,
        store: Callable[[], ObjectStore],
        kept: Path | None = None,
        name: str = "",
        cache: Cached | None = None,
        *,
        signing_key: bytes | None = None,
        clock: Callable[[], float] = time.time,
        pages: bool = True,
    ) -> None:
        """A refresher that starts with the snapshot kept by an earlier process.

        Args:
            store: makes the object store of publications; called once, in the background.
            kept: file with the last good snapshot of this store, across restarts; None without one.
            name: of the store; a kept snapshot of another store is not used.
            cache: in front of the store, if there is one.
            signing_key: the publication must be signed with it.
            pages: refuse a publication also if a page cannot be made from it; False if no pages are served.
        """
        self._pages = pages
        self.current = Snapshot()
        self._connect = store
        self._store: ObjectStore | None = None
        self._kept = kept
        self._name = name
        self._cache = cache
        self._signing_key = signing_key
        self._clock = clock
        self._token: str | None = None
        self._book_token: str | None = None
        self._latest: dict[str, Any] | None = None
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Load the kept snapshot and start refreshing; call it inside the running event loop."""
        with suppress(*UNREADABLE):
            name, _, content = self._kept.read_bytes().partition(b"\n") if self._kept else (b"", b"", b"")
            if content and name.decode() == self._name:
                self.current = rehearse(Snapshot.from_json(content, self._clock()), self._clock())
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """End the background task and wait until it has."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _forever(self) -> None:
        while True:
            try:
                former, self.current = self.current, await asyncio.to_thread(self.refreshed)
                if self.current.version != former.version:
                    await asyncio.to_thread(self._keep, self.current)
            except Exception:
                log.exception("the publication could not be read; the last good copy is served")
            await asyncio.sleep(LOOK_SECONDS)

    def refreshed(self) -> Snapshot:
        """The snapshot after reading the store once; this may take long, and the result is not served yet."""
        found = self.current
        try:
            self._store = self._store or self._connect()
            found = self._with_publication(SnapshotStore(self._store, self._signing_key), found)
            return self._with_alerts(self._store, found)
        except ObjectStoreError as error:
            log.warning("the store of publications is away (%s); the last good copy is served", error)
            self._due = 0.0
            return found.without(f"{error}")

    def _with_publication(self, snapshots: SnapshotStore, snapshot: Snapshot) -> Snapshot:
        token = snapshots.token()
        if token == self._token and time.monotonic() < self._due:
            return snapshot
        try:
            after = snapshot.without(NOTHING_THERE if snapshot["latest"] else None)
            if token is not None:
                after = self._taken(snapshots, token, snapshot)
        except UNREADABLE as error:
            shape = f"it is of another shape ({type(error).__name__}: {error}); {AGAIN}"
            why = f"{error}" if isinstance(error, SnapshotDamaged) else shape
            log.warning("what is published is refused (%s); what was served before stays", why)
            after = snapshot.without(why[:500])
        rest = SURELY_SECONDS if after.away is None and not after.refused else RETRY_SECONDS
        self._token, self._due = token, time.monotonic() + rest
        return after

    def _taken(self, snapshots: SnapshotStore, token: str, snapshot: Snapshot) -> Snapshot:
        """The snapshot with the present publication, read again if it changed."""
        now = self._clock()
        if token == self._token and self._latest is not None and snapshot.away is None:
            return snapshot.believing(self._latest, now)
        pointer = snapshots.pointer()
        if pointer is None:
            raise SnapshotDamaged(f"the pointer vanished while it was read; {AGAIN}")
        parts = parsed(self._content(snapshots, pointer))
        after = rehearse(snapshot.with_published(parts, pointer, now), now, pages=self._pages)
        self._latest = parts["latest"].content
        return after

    def _content(self, snapshots: SnapshotStore, pointer: Pointer) -> bytes:
        """From the cache where it has it, else from the store and into the cache."""
        cached = self._cache.get(NAMESPACE, pointer.version) if self._cache else None
        if cached is not None and fits(cached, pointer):
            return cached
        content = snapshots.content(pointer)
        if self._cache:
            self._cache.put(NAMESPACE, pointer.version, content)
        return content

    def _with_alerts(self, store: ObjectStore, snapshot: Snapshot) -> Snapshot:
        """The open incidents in the alert state; if it is damaged, the former ones."""
        token = store.version(STATE_KEY)
        published = (snapshot["catalogue"] or {}).get("rulebook")
        seen = f"{token} {snapshot.version}"
        if seen == self._book_token:
            return snapshot
        try:
            rulebook = Rulebook.model_validate(published) if published else None
            now = datetime.fromtimestamp(self._clock(), UTC)
            told, problem = incidents(read_alert_state(store), rulebook, now), None
        except (Damaged, ValueError) as error:
            told, problem = None, f"{error}"
        self._book_token = seen
        return snapshot.with_part("incidents", told, problem, self._clock())

    def _keep(self, snapshot: Snapshot) -> None:
        """Store the snapshot for the next start; a full disk prevents only that."""
        if self._kept is None or not snapshot["latest"]:
            return
        try:
            private_folder(self._kept.parent)
            write_private(self._kept, self._name.encode() + b"\n" + snapshot.to_json())
        except OSError as error:
            log.warning("the last good forecasts could not be kept on disk: %s", error)
