"""Price watches in the object store: one document per owner, changed by compare-and-set, so that the limit holds.

``watches/<owner>.json``. The service writes them; the outbox, which evaluates them, only reads. A damaged document is
quarantined, and its owner's watches are lost.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from steel_assets.adapters.lake.damaged import Damaged as SetAside
from steel_assets.adapters.lake.damaged import why_not
from steel_assets.adapters.objects.checksummed import checksummed, unseal
from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.alerts.tokens import removal
from steel_assets.core.watches.reading import Published, check
from steel_assets.core.watches.watch import Watch, WatchError, watch_of

FOLDER = "watches/"
MOST = 20
"""Largest number of watches of one owner."""

MOST_OWNERS = 200
ATTEMPTS = 50


class TooManyWatches(WatchError):
    """The owner has the largest number of watches already."""


class WatchStore:
    """The watches in a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def add(self, owner: str, declared: Mapping[str, Any], published: Published, now: datetime) -> Watch:
        """Set a watch; if ``owner`` has one with the same condition, return that without writing.

        Args:
            declared: its fields, without id, owner and time.
            published: the publication in force, on which it is first evaluated.

        Raises:
            WatchError: it is not valid, or about something that is not published or not in the future.
            TooManyWatches: the limit is reached.
            Conflict: other processes kept changing the owner's watches.
            ObjectStoreError: it could not be stored.
        """
        new = watch_of({**declared, "id": secrets.token_hex(6), "owner": owner, "created_at": now})
        check(new, published.units)
        look = published.read(new)
        if new.kind == "odds" and look.holds is None:
            raise WatchError(look.problem)
        new = new.model_copy(update={"seen": look.seen(new)})
        if self._store.version(_key(owner)) is None and sum(1 for _ in self._store.list(FOLDER)) >= MOST_OWNERS:
            raise TooManyWatches(f"{MOST_OWNERS} keys have watches already, which is the most; steel watch list shows them")

        def with_new(own: tuple[Watch, ...]) -> tuple[Watch, ...]:
            if any(watch.asked == new.asked for watch in own):
                return own
            if len(own) >= MOST:
                raise TooManyWatches(f"this key has {MOST} watches, the largest number allowed; remove one first")
            return (*own, new)

        own = self._change(owner, with_new)
        return next(watch for watch in own if watch.asked == new.asked)

    def of(self, owner: str) -> tuple[Watch, ...]:
        """The watches of ``owner``, oldest first. Raises ObjectStoreError."""
        try:
            content = self._store.get(_key(owner))
        except ObjectNotFound:
            return ()
        try:
            document = unseal(content)
            found = tuple(map(Watch.model_validate, document["watches"]))
            if set(document) != {"watches"} or any(watch.owner != owner for watch in found):
                raise ValueError("it holds watches of somebody else")
        except (KeyError, TypeError, ValueError) as error:
            SetAside(self._store).set_aside(_key(owner), content, why_not(error))
            return ()
        return found

    def all(self) -> list[Watch]:
        """All watches, by owner.

        Raises:
            ObjectStoreError: they cannot be read.
        """
        owners = [key.removeprefix(FOLDER).removesuffix(".json") for key in self._store.list(FOLDER)]
        return [watch for owner in sorted(owners) for watch in self.of(owner)]

    def remove(self, owner: str, name: str) -> bool:
        """Remove a watch of ``owner`` by its id; False if there is none. Raises Conflict, ObjectStoreError."""
        gone = [watch for watch in self.of(owner) if watch.id == name]
        if gone:
            self._change(owner, lambda mine: tuple(watch for watch in mine if watch.id != name))
        return bool(gone)

    def remove_by_link(self, key: bytes, token: str) -> bool:
        """Remove the watch that ``token`` names; False if it is gone. Raises BadToken, Conflict, ObjectStoreError."""
        name = removal(key, token)
        return any(self.remove(watch.owner, name) for watch in self.all() if watch.id == name)

    def _change(self, owner: str, edit: Callable[[tuple[Watch, ...]], tuple[Watch, ...]]) -> tuple[Watch, ...]:
        for _ in range(ATTEMPTS):
            version = self._store.version(_key(owner))
            before = self.of(owner)
            after = edit(before)
            if after == before:
                return before
            try:
                self._store.put_if(_key(owner), _sealed(after), version)
            except (Conflict, ObjectNotFound):
                time.sleep(random.uniform(0.002, 0.02))  # noqa: S311  spreads waiting processes, keeps no secret
                continue
            return after
        raise Conflict(f"{self._store.uri(_key(owner))} was changed by other processes {ATTEMPTS} times in a row; try again")


def _key(owner: str) -> str:
    return f"{FOLDER}{owner}.json"


def _sealed(watches: Iterable[Watch]) -> bytes:
    return checksummed({"watches": [watch.model_dump(mode="json") for watch in watches]})
