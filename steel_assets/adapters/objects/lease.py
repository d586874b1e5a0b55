"""A lease in the object store that its holder renews, so that one process at a time works, over all machines.

A waiting process takes it over once it is not renewed any more.

Clocks of machines are not compared: a lease has expired when it stayed unchanged for its whole length by the waiting process's
clock. That is also how long a takeover takes after the holder was killed. Whether the lease is still held is read from the store,
since the clock of a machine that slept stood still.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore, ObjectStoreError
from steel_assets.core.problem import Problem

SECONDS = 180.0
RENEWALS = 3
"""Renewals within the length of a lease: one or two may fail before it is taken over."""

LARGEST = 4096


class LeaseHeld(Problem):
    """Another process holds the lease, and renewed it all the time."""


class LeaseLost(Problem):
    """The lease was taken over, because this process did not renew it for too long."""


class Lease:
    """A lease that this process holds. Threads may share it."""

    def __init__(self, store: ObjectStore, key: str, token: str, document: dict[str, Any], seconds: float) -> None:
        self._store, self._key, self._token, self._document, self._seconds = store, key, token, document, seconds
        self._over, self._lost = threading.Event(), threading.Event()
        self._renewer = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewer.start()

    def check(self) -> None:
        """Check in the store that the lease is held.

        Raises:
            LeaseLost: it is held by another process by now.
            ObjectStoreError: the store cannot be read.
        """
        if self._lost.is_set() or self._held() is None:
            raise LeaseLost(
                f"{self._store.uri(self._key)} was taken over: this process stood still, or could not renew it, "
                f"for {self._seconds:g} s"
            )

    def give_back(self) -> None:
        """Release the lease at once; one that was lost is not touched."""
        self._over.set()
        self._renewer.join()
        with suppress(Conflict, ObjectStoreError):
            token = self._held()
            if token is not None:
                self._store.put_if(self._key, _written({**self._document, "free": True}), token)

    def _renew(self) -> None:
        while not self._over.wait(self._seconds / RENEWALS):
            self._document["renewals"] += 1
            with suppress(ObjectStoreError):  # the next renewal may succeed
                try:
                    content = _written(self._document)
                    self._store.put_if(self._key, content, self._token)
                    self._token = _token_of(self._store, self._key, content)
                except (Conflict, ObjectNotFound):
                    token = (
                        self._held()
                    )  # a renewal that got through, and of which no answer came back, belongs to no other process
                    if token is None:
                        self._lost.set()
                        return
                    self._token = token

    def _held(self) -> str | None:
        """The version of the lease in the store; None if it is held by another process."""
        token, held = _look(self._store, self._key)
        return token if held.get("holder") == self._document["holder"] else None


@contextmanager
def leased(
    store: ObjectStore, key: str, about: Mapping[str, str], *, wait_seconds: float, seconds: float = SECONDS
) -> Iterator[Lease]:
    """Hold the lease under ``key`` during the block.

    Args:
        about: who holds it and for what, for people.
        wait_seconds: how long to wait for another holder; with less than ``seconds`` the lease of a killed process is never taken
            over.
        seconds: its length; the same for all processes that share a lease.

    Raises:
        LeaseHeld: another process held it all the time.
        ObjectStoreError: the store cannot be reached.
    """
    lease = _taken(store, key, about, wait_seconds, seconds)
    try:
        yield lease
    finally:
        lease.give_back()


def _taken(store: ObjectStore, key: str, about: Mapping[str, str], wait_seconds: float, seconds: float) -> Lease:
    begun = time.monotonic()
    seen, since = "", begun
    while True:
        token, held = _look(store, key)
        now = time.monotonic()
        if token is not None and token != seen:
            seen, since = token, now
        if token is None or held.get("free") is True or now - since >= seconds:
            document = {**about, "holder": uuid.uuid4().hex, "renewals": 0}
            content = _written(document)
            with suppress(Conflict, ObjectNotFound):
                store.put_if(key, content, token)
                return Lease(store, key, _token_of(store, key, content), document, seconds)
        elif now - begun >= wait_seconds:
            holder = ", ".join(f"{name} {held[name]}" for name in about if name in held)
            raise LeaseHeld(f"another one is at work ({holder or 'it does not say who'}), and was for all of {wait_seconds:g} s")
        time.sleep(min(seconds / 10, 5.0))


def _look(store: ObjectStore, key: str) -> tuple[str | None, dict[str, Any]]:
    """The lease's version and content; a damaged one has no content, and expires if it does not change."""
    token = store.version(key)
    try:
        content = store.get(key) if token is not None else b"{}"
        holder = json.loads(content) if len(content) <= LARGEST else {}
    except (ObjectNotFound, ValueError, RecursionError):
        holder = {}
    return token, holder if isinstance(holder, dict) else {}


def _token_of(store: ObjectStore, key: str, content: bytes) -> str:
    """The version of what was just written.

    Raises:
        Conflict: it was replaced since.
    """
    token = store.version(key)
    if token is None or store.get(key) != content:
        raise Conflict(f"{key} was changed by another writer")
    return token


def _written(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
