"""Where a cache keeps its entries: the narrow port beneath ``cache``, and the limits both sides share.

A cache store keeps opaque bytes under opaque names and may lose or refuse them at any time; ``cache`` decides what that means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

MIB = 2**20


@dataclass(frozen=True)
class Namespace:
    """A class of cached things: how long an entry lives and how many bytes all of them may take together."""

    ttl_seconds: float
    limit_bytes: int


NAMESPACES: Mapping[str, Namespace] = {
    "predictions": Namespace(ttl_seconds=3600, limit_bytes=100 * MIB),
    "training_data": Namespace(ttl_seconds=24 * 3600, limit_bytes=500 * MIB),
    "external_data": Namespace(ttl_seconds=2 * 3600, limit_bytes=200 * MIB),
}
"""The mission's classes."""


@dataclass(frozen=True)
class Usage:
    """What a namespace holds now."""

    entries: int
    bytes: int


class CacheStoreError(RuntimeError):
    """The cache store could not be used just now."""


class CacheStore(Protocol):
    """A port. Every method raises CacheStoreError when the store cannot be used, and nothing else."""

    @property
    def where(self) -> str:
        """The place in words, without credentials."""

    def read(self, namespace: str, name: str) -> bytes | None:
        """What was written under ``name`` and has neither expired nor been evicted."""

    def write(self, namespace: str, name: str, stored: bytes, ttl_seconds: float, limit_bytes: int) -> None:
        """Replace ``name``; whatever expires soonest leaves until all of the namespace fits in ``limit_bytes``."""

    def delete(self, namespace: str, name: str) -> None:
        """Forget ``name`` if it is there."""

    def usage(self, namespace: str) -> Usage:
        """Entries that have not expired, and their bytes."""
