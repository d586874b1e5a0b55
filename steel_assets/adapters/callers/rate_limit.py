"""Limits the requests of a caller per hour: counted for all processes of this machine, and in Redis for all machines.

A request is allowed if both counts allow it. So a Redis that is down, slow or emptied never allows more on one machine than the
limit; only the requests on other machines are then not counted. The count in Redis is the ``limits`` library's. A high limit is
reserved in small lots, so that a busy caller does not need a call to Redis per request. A lot is at most 1/200 of what remains:
near the end, and for low limits, every request is counted singly.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from limits import RateLimitItemPerHour
from limits.aio.storage import RedisStorage

from steel_assets.adapters.callers.local_counts import Drawn, LocalCounts

HOUR = 3600
LARGEST_LOT = 1000
SKEW = 60
"""Seconds by which the clocks of this machine and of Redis may differ."""


class NotACount(ValueError):
    """The storage returned something that is not a count of requests."""


@dataclass(frozen=True)
class RateLimitState:
    """A caller's state after one request.

    Attributes:
        remaining: requests left in this window.
        resets_at: Unix time at which the next window begins.
    """

    allowed: bool
    limit: int
    remaining: int
    resets_at: float


class RateLimiter(Protocol):
    """The interface of rate limiters."""

    async def take(self, caller: str, limit: int) -> RateLimitState:
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
        counts: LocalCounts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """A limiter over a Redis server, or over the counts of this machine only.

        Args:
            timeout_seconds: the longest that a request waits for Redis.
            pause_seconds: how long Redis is not used after a failure; this machine counts alone meanwhile.
            counts: of this machine; None to count in this process only.
        """
        self._here = counts or LocalCounts()
        self._shared: RedisStorage | None = _redis(redis_url, timeout_seconds) if redis_url else None
        self._timeout = timeout_seconds
        self._pause = pause_seconds
        self._clock = clock
        self._alone_until = 0.0
        self._lots: dict[tuple[str, int], _Lot] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.failures = 0

    @property
    def shared(self) -> bool | None:
        """Whether requests are counted across machines just now; None without Redis."""
        return None if self._shared is None else self._clock() >= self._alone_until

    async def take(self, caller: str, limit: int) -> RateLimitState:
        """Count one request of ``caller``, who may make ``limit`` in an hour; return what is left."""
        lot = self._lots.setdefault((caller, limit), _Lot())
        if lot.permits and self._clock() < lot.resets_at:
            return self._spend(lot, limit)
        async with self._lock(caller):
            if self._clock() >= lot.resets_at:
                lot.permits, lot.remaining, lot.resets_at = 0, 1, 0.0
            if not lot.permits and lot.remaining:
                await self._draw(lot, caller, limit)
            return self._spend(lot, limit)

    async def _draw(self, lot: _Lot, caller: str, limit: int) -> None:
        """Refill an empty lot from what both counts allow."""
        wanted = max(1, min(LARGEST_LOT, lot.remaining // 200))
        drawn = await asyncio.to_thread(self._here.take, caller, wanted, limit, self._clock())
        if drawn.granted and self._shared is not None and self._clock() >= self._alone_until:
            try:
                elsewhere = await self._draw_shared(self._shared, caller, drawn.granted, limit)
            except Exception:  # noqa: BLE001  whatever a Redis that is away, full, or no Redis makes the library raise
                self.failures += 1
                self._alone_until = self._clock() + self._pause
            else:
                unused = drawn.granted - elsewhere.granted
                if unused or elsewhere.resets_at < drawn.resets_at - 1:
                    await asyncio.to_thread(self._here.settle, caller, unused, elsewhere.resets_at)
                binding = elsewhere if elsewhere.remaining <= drawn.remaining else drawn
                drawn = binding._replace(granted=elsewhere.granted)
        lot.permits, lot.remaining, lot.resets_at = drawn.granted, drawn.remaining + drawn.granted, drawn.resets_at

    async def _draw_shared(self, storage: RedisStorage, caller: str, calls: int, limit: int) -> Drawn:
        """Reserve requests in Redis. Raises whatever the library raises, NotACount, TimeoutError."""
        name = RateLimitItemPerHour(limit).key_for(caller)
        async with asyncio.timeout(self._timeout * 2):
            count = await storage.incr(name, HOUR, amount=calls)
            resets_at = await storage.get_expiry(name)
        if not isinstance(count, int) or count < calls:
            raise NotACount(f"after {calls} requests were counted the storage says {count!r}")
        if not self._clock() - SKEW < resets_at < self._clock() + HOUR + SKEW:
            raise NotACount(f"the window is said to end at {resets_at!r}")
        return Drawn(max(0, min(calls, limit - (count - calls))), max(0, limit - count), resets_at)

    def _spend(self, lot: _Lot, limit: int) -> RateLimitState:
        allowed = lot.permits > 0
        if allowed:
            lot.permits -= 1
            lot.remaining -= 1
        return RateLimitState(allowed, limit, max(0, lot.remaining), lot.resets_at)

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
