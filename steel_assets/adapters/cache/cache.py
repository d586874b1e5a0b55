"""The cache: bytes by key for a limited time. It saves time and calls to providers; nothing depends on it.

A cache that is down, full or damaged behaves like an empty one: no operation raises because of it, and an entry is returned only
if it equals, byte for byte, what was stored under that key.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from steel_assets.adapters.cache.redis_store import RedisCacheStore
from steel_assets.adapters.cache.sqlite_store import SqliteCacheStore
from steel_assets.adapters.cache.store import NAMESPACES, CacheStore, CacheStoreError, Namespace, Usage

__all__ = ["NAMESPACES", "Cache", "CacheStats", "LocalCache", "Namespace", "RedisCache", "Usage"]

CHECKSUM_BYTES = 32


@dataclass(frozen=True)
class CacheStats:
    """State of a cache, counted since this object was created.

    Attributes:
        where: the server or folder, without credentials.
        available: False if it could not be reached just now; ``usage`` is then empty.
        errors: operations that failed; they counted as a miss, or stored nothing.
        damaged: damaged entries found; they counted as a miss and were removed.
        last_error: the newest failure in words.
        usage: the present content of each namespace, by name.
    """

    where: str
    available: bool
    hits: int
    misses: int
    errors: int
    damaged: int
    last_error: str | None
    usage: Mapping[str, Usage]


class Cache(Protocol):
    """The interface of caches, tested by one conformance suite. Namespaces are those of ``NAMESPACES``."""

    def get(self, namespace: str, key: str) -> bytes | None:
        """The bytes stored under ``key``; None if missing, expired, evicted or damaged."""

    def put(self, namespace: str, key: str, content: bytes, ttl_seconds: float | None = None) -> bool:
        """Store ``content`` for ``ttl_seconds`` (None for the namespace's own); return whether it was stored."""

    def delete(self, namespace: str, key: str) -> None:
        """Remove ``key``, if it exists."""

    def stats(self) -> CacheStats:
        """State of the cache."""


class _CheckedCache:
    """A cache over a cache store: names are hashed, content has a checksum, failures are counted instead of raised."""

    def __init__(self, store: CacheStore, namespaces: Mapping[str, Namespace]) -> None:
        self.namespaces = namespaces
        self._store = store
        self._lock = threading.Lock()
        self._counts = {"hits": 0, "misses": 0, "errors": 0, "damaged": 0}
        self._last_error: str | None = None

    def get(self, namespace: str, key: str) -> bytes | None:
        self._namespace(namespace)
        content: bytes | None = None
        try:
            stored = self._store.read(namespace, _name(key))
            if stored is not None:
                content = _unwrapped(namespace, key, stored)
                if content is None:
                    self._count("damaged")
                    self._store.delete(namespace, _name(key))
        except CacheStoreError as error:
            self._failed(error)
        self._count("misses" if content is None else "hits")
        return content

    def put(self, namespace: str, key: str, content: bytes, ttl_seconds: float | None = None) -> bool:
        limits = self._namespace(namespace)
        ttl = limits.ttl_seconds if ttl_seconds is None else ttl_seconds
        if not 0 < ttl < math.inf:
            raise ValueError(f"an entry of {namespace} must live for more than 0 s and not for ever, got {ttl:g}")
        stored = _checksum(namespace, key, content) + content
        if len(stored) > limits.limit_bytes:
            return False
        try:
            self._store.write(namespace, _name(key), stored, ttl, limits.limit_bytes)
        except CacheStoreError as error:
            self._failed(error)
            return False
        return True

    def delete(self, namespace: str, key: str) -> None:
        self._namespace(namespace)
        try:
            self._store.delete(namespace, _name(key))
        except CacheStoreError as error:
            self._failed(error)

    def stats(self) -> CacheStats:
        try:
            usage = {namespace: self._store.usage(namespace) for namespace in self.namespaces}
        except CacheStoreError as error:
            usage = {}
            self._failed(error)
        with self._lock:
            return CacheStats(
                where=self._store.where, available=bool(usage), last_error=self._last_error, usage=usage, **self._counts
            )

    def _namespace(self, name: str) -> Namespace:
        if name not in self.namespaces:
            raise ValueError(f"there is no cache namespace {name!r}; there are {', '.join(self.namespaces)}")
        return self.namespaces[name]

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1

    def _failed(self, error: CacheStoreError) -> None:
        with self._lock:
            self._counts["errors"] += 1
            self._last_error = str(error)


class LocalCache(_CheckedCache):
    """Entries in a folder, shared by any number of threads and processes."""

    def __init__(self, folder: Path, namespaces: Mapping[str, Namespace] = NAMESPACES) -> None:
        super().__init__(SqliteCacheStore(folder), namespaces)


class RedisCache(_CheckedCache):
    """Entries in a Redis server (or anything that speaks its protocol)."""

    def __init__(
        self,
        url: str,
        namespaces: Mapping[str, Namespace] = NAMESPACES,
        *,
        timeout_seconds: float = 0.25,
        pause_seconds: float = 5.0,
    ) -> None:
        """A cache in a Redis server, which is connected at first use.

        Args:
            url: redis://, rediss:// (TLS) or unix://, with user and password if any, and options as redis-py reads them.
            timeout_seconds: for connecting, and for each answer.
            pause_seconds: how long the server is not used after a failure, so that a server that is down does not cost a timeout
                each time.

        Raises:
            ValueError: the URL is not valid; the message does not contain it.
        """
        super().__init__(RedisCacheStore(url, timeout_seconds=timeout_seconds, pause_seconds=pause_seconds), namespaces)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _checksum(namespace: str, key: str, content: bytes) -> bytes:
    return hashlib.sha256(f"{namespace}/{_name(key)}/".encode() + content).digest()


def _unwrapped(namespace: str, key: str, stored: bytes) -> bytes | None:
    """The content after its checksum; None if it is damaged, or was stored for another key."""
    content = stored[CHECKSUM_BYTES:]
    return content if stored[:CHECKSUM_BYTES] == _checksum(namespace, key, content) else None
