"""How many requests a caller may still make this hour: counted in Redis for all processes together, else in this one.

Every count is the ``limits`` library's; what is added is that a generous limit is drawn in small lots, so that a busy caller
does not cost one question to Redis per request. A lot is at most 1/200 of what remains: near the end, and for small limits,
every single request is counted on its own, and never more than the limit is let through.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from limits import RateLimitItemPerHour
from limits.aio.storage import MemoryStorage, RedisStorage, Storage

HOUR = 3600
LARGEST_LOT = 1000
SKEW = 60
"""Seconds by which the clocks of this machine and of Redis may differ."""


class NotACount(ValueError):
    """The storage answered something that cannot be a count of requests."""


@dataclass(frozen=True)
class Standing:
    """Where a caller stands after asking for one request.

    Attributes:
        remaining: requests left in this window.
        resets_at: Unix time at which the next window begins.
    """

    allowed: bool
    limit: int
    remaining: int
    resets_at: float


class RateLimiter(Protocol):
    """A port."""

    async def take(self, caller: str, limit: int) -> Standing:
        """Count one request of ``caller``, who may make ``limit`` an hour. Never raises because of storage."""


@dataclass
class _Lot:
    permits: int = 0
    remaining: int = 0
    resets_at: float = 0.0


class HourlyRateLimiter:
    """Fixed windows of an hour that begin with a caller's first request."""

    def __init__(
        self,
        redis_url: str | None = None,
        *,
        timeout_seconds: float = 0.05,
        pause_seconds: float = 2.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            timeout_seconds: the longest a request waits for Redis.
            pause_seconds: how long Redis is left alone after a failure; this process counts by itself meanwhile.
        """
        self._here = MemoryStorage()
        self._shared: RedisStorage | None = _redis(redis_url, timeout_seconds) if redis_url else None
        self._timeout = timeout_seconds
        self._pause = pause_seconds
        self._clock = clock
        self._alone_until = 0.0
        self._lots: dict[tuple[str, int, bool], _Lot] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.failures = 0

    @property
    def shared(self) -> bool | None:
        """Whether requests are counted across processes just now; None without Redis."""
        return None if self._shared is None else self._clock() >= self._alone_until

    async def take(self, caller: str, limit: int) -> Standing:
        if self._shared is not None and self._clock() >= self._alone_until:
            lot = self._lots.get((caller, limit, True))
            if lot and lot.permits and self._clock() < lot.resets_at:
                return self._spend(lot, limit)
            try:
                async with asyncio.timeout(self._timeout * 4), self._lock(caller):
                    return await self._draw(self._shared, caller, limit, shared=True)
            except Exception:  # noqa: BLE001  whatever a Redis that is away, full, or no Redis makes the library raise
                self.failures += 1
                self._alone_until = self._clock() + self._pause
        async with self._lock(caller):
            return await self._draw(self._here, caller, limit, shared=False)

    async def _draw(self, storage: Storage, caller: str, limit: int, *, shared: bool) -> Standing:
        """Spend from the caller's lot, drawing a new one when it is empty."""
        lot = self._lots.setdefault((caller, limit, shared), _Lot())
        if self._clock() >= lot.resets_at:
            lot.permits, lot.remaining, lot.resets_at = 0, 1, 0.0
        if not lot.permits and lot.remaining:
            item = RateLimitItemPerHour(limit)
            name = item.key_for(caller)
            wanted = max(1, min(LARGEST_LOT, lot.remaining // 200))
            async with asyncio.timeout(self._timeout if shared else None):
                count = await storage.incr(name, HOUR, amount=wanted)
            if not isinstance(count, int) or count < wanted:
                raise NotACount(f"after {wanted} requests were counted the storage says {count!r}")
            lot.permits = max(0, min(wanted, limit - (count - wanted)))
            lot.remaining = max(0, limit - count) + lot.permits
            if not lot.resets_at:
                async with asyncio.timeout(self._timeout if shared else None):
                    resets_at = await storage.get_expiry(name)
                if not self._clock() - SKEW < resets_at < self._clock() + HOUR + SKEW:
                    raise NotACount(f"the window is said to end at {resets_at!r}")
                lot.resets_at = resets_at
        return self._spend(lot, limit)

    def _spend(self, lot: _Lot, limit: int) -> Standing:
        allowed = lot.permits > 0
        if allowed:
            lot.permits -= 1
            lot.remaining -= 1
        return Standing(allowed, limit, max(0, lot.remaining), lot.resets_at)

    def _lock(self, caller: str) -> asyncio.Lock:
        return self._locks.setdefault(caller, asyncio.Lock())


def _redis(url: str, timeout_seconds: float) -> RedisStorage:
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
    }
    return RedisStorage(f"async+{url}", wrap_exceptions=True, implementation="redispy", key_prefix="steel:limits", **options)
