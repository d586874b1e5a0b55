"""The interface of storage for cache entries, used by ``cache``, and the limits of namespaces.

A cache store keeps opaque bytes under opaque names and may lose or refuse them at any time; ``cache`` handles that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

MIB = 2**20


@dataclass(frozen=True)
class Namespace:
    """A kind of cached entries: how long one lives, and how many bytes all may take together."""

    ttl_seconds: float
    limit_bytes: int


NAMESPACES: Mapping[str, Namespace] = {
    "predictions": Namespace(ttl_seconds=3600, limit_bytes=100 * MIB),
    "training_data": Namespace(ttl_seconds=24 * 3600, limit_bytes=500 * MIB),
    "external_data": Namespace(ttl_seconds=2 * 3600, limit_bytes=200 * MIB),
}
"""All kinds of cached entries."""


@dataclass(frozen=True)
class Usage:
    """The present content of a namespace."""

    entries: int
    bytes: int


class CacheStoreError(RuntimeError):
    """The cache store cannot be used just now."""


class CacheStore(Protocol):
    """The interface of cache stores. Every method raises CacheStoreError if the store cannot be used, and nothing else."""

    @property
    def where(self) -> str:
        """The place in words, without credentials."""

    def read(self, namespace: str, name: str) -> bytes | None:
        """What was written under ``name`` and has neither expired nor been evicted."""

    def write(self, namespace: str, name: str, stored: bytes, ttl_seconds: float, limit_bytes: int) -> None:
        """Store ``name``; entries that expire soonest are removed until the namespace fits in ``limit_bytes``."""

    def delete(self, namespace: str, name: str) -> None:
        """Remove ``name``, if it exists."""

    def usage(self, namespace: str) -> Usage:
        """Entries that have not expired, and their bytes."""
