"""A provider's quota of calls, in a ledger that all processes share and that survives restarts.

A day is any 24 hours, since it is not known when a provider's day begins; so no 24 hours ever contain more calls than allowed. A
call is booked before it is made, also a retry, and moved to its actual time of sending. The ledger is a file. With Redis it is
kept there too, for several machines, and the file is used while Redis is down (calls of other machines are then not known).
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock

from steel_assets.adapters.http.pace import MINUTE, gap_seconds
from steel_assets.adapters.machine.disk import private_folder, write_private

if TYPE_CHECKING:
    import redis

DAY = 86_400.0
REDIS_SECONDS = 1.0
LARGEST_FILE = 2**20

log = logging.getLogger("steel.quota")


class BudgetSpent(RuntimeError):
    """No call is left; the message says until when."""


class DamagedLedger(BudgetSpent):
    """It is not known how many calls are left; the message names the file."""


@dataclass(frozen=True)
class RateLimits:
    """What a provider allows."""

    calls_per_day: int
    calls_per_minute: int | None = None
    seconds_between_calls: float | None = None

    def book(self, booked: Sequence[float], now: float) -> list[float]:
        """The calls of the last day (seconds since 1970), and as the last one the time at which one more may be made.

        Raises:
            BudgetSpent: none may be made today.
        """
        recent = sorted(min(at, now + DAY) for at in booked if at > now - DAY)
        if len(recent) >= self.calls_per_day:
            free = recent[-self.calls_per_day] + DAY
            raise BudgetSpent(
                f"its {self.calls_per_day} calls in 24 hours are used; the next one is possible at "
                f"{datetime.fromtimestamp(free, UTC):%Y-%m-%d %H:%M} UTC (calls_per_day in the catalogue)"
            )
        allowed = now
        if recent:
            allowed = max(allowed, recent[-1] + gap_seconds(self.calls_per_minute, self.seconds_between_calls))
        if self.calls_per_minute and len(recent) >= self.calls_per_minute:
            allowed = max(allowed, recent[-self.calls_per_minute] + MINUTE)
        return [*recent, allowed]


class Ledger(Protocol):
    """Where calls are booked."""

    def book(self, limits: RateLimits, now: float) -> list[float]:
        """See ``RateLimits.book``; atomic between processes."""

    def move(self, booked: float, sent: float) -> None:
        """Move a booked call to the later time at which it was sent."""

    def calls(self) -> list[float]:
        """All calls booked."""


class FileLedger:
    """A small JSON file. A damaged one is moved aside and counts as used up, since too many calls could cost the key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def book(self, limits: RateLimits, now: float) -> list[float]:
        private_folder(self._path.parent)
        with FileLock(self._path.with_suffix(".lock")):
            try:
                before = self.calls()
            except DamagedLedger as error:
                self._spend(limits, now, error)
                raise
            calls = limits.book(before, now)
            self._write(calls)
            return calls

    def move(self, booked: float, sent: float) -> None:
        with FileLock(self._path.with_suffix(".lock")):
            self._write(_moved(self.calls(), booked, sent))

    def copy(self, calls: Sequence[float]) -> None:
        """Add the calls of another ledger to those known here."""
        private_folder(self._path.parent)
        with FileLock(self._path.with_suffix(".lock")):
            self._write(sorted({*self.calls(), *calls}))

    def calls(self) -> list[float]:
        """All calls booked.

        Raises:
            DamagedLedger: the file is damaged.
        """
        try:
            if self._path.stat().st_size > LARGEST_FILE:
                raise ValueError("it is too large")
            return _calls(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, TypeError, ValueError, RecursionError, OverflowError) as error:
            raise DamagedLedger(
                f"the ledger of its calls, {self._path}, is damaged, so all calls of 24 hours count as used; delete it if no "
                "call was made today"
            ) from error

    def _spend(self, limits: RateLimits, now: float, why: DamagedLedger) -> None:
        """Move the damaged file aside, and start a new one in which all calls of the day are used."""
        kept = self._path.with_name(f"{self._path.name}.damaged")
        with suppress(OSError):
            self._path.replace(kept)
            self._write([now] * limits.calls_per_day)
            log.warning("%s; it is set aside as %s", why, kept)

    def _write(self, calls: Sequence[float]) -> None:
        write_private(self._path, json.dumps(list(calls)).encode())


class RedisLedger:
    """A string in Redis, changed in one transaction, with a copy in a file that is used while Redis is down."""

    def __init__(self, url: str, key: str, mirror: FileLedger) -> None:
        self._url = url
        self._key = key
        self._mirror = mirror

    def book(self, limits: RateLimits, now: float) -> list[float]:
        import redis

        calls: list[float] = []
        try:
            mirrored = self._mirror.calls()
        except DamagedLedger:
            return self._mirror.book(limits, now)  # which sets it aside

        def change(pipe: redis.client.Pipeline) -> None:
            before = {*_read(pipe.get(self._key)), *mirrored}
            calls[:] = limits.book(sorted(before), now)
            pipe.multi()
            pipe.set(self._key, json.dumps(calls), ex=int(2 * DAY))

        try:
            self._client().transaction(change, self._key)
        except redis.RedisError:
            return self._mirror.book(limits, now)
        self._mirror.copy(calls)
        return calls

    def move(self, booked: float, sent: float) -> None:
        import redis

        def change(pipe: redis.client.Pipeline) -> None:
            calls = _moved(_read(pipe.get(self._key)), booked, sent)
            pipe.multi()
            pipe.set(self._key, json.dumps(calls), ex=int(2 * DAY))

        with suppress(redis.RedisError):
            self._client().transaction(change, self._key)
        self._mirror.move(booked, sent)

    def calls(self) -> list[float]:
        import redis

        try:
            return sorted({*_read(self._client().get(self._key)), *self._mirror.calls()})
        except redis.RedisError:
            return self._mirror.calls()

    def _client(self) -> redis.Redis:
        import redis

        return redis.Redis.from_url(self._url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)


class Quota:
    """Allows calls within a provider's limits, across processes."""

    def __init__(
        self,
        limits: RateLimits,
        ledger: Ledger,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits
        self._ledger = ledger
        self._clock = clock
        self._sleep = sleep
        self._booked: float | None = None

    def wait(self) -> float:
        """Book one more call and wait until it may be made; return the seconds waited.

        Raises:
            BudgetSpent: no call is left today.
        """
        now = self._clock()
        allowed = self._ledger.book(self.limits, now)[-1]
        self._booked = allowed
        pause = allowed - now
        if pause > 0:
            self._sleep(pause)
        return pause

    def sent(self) -> None:
        """Report that the call allowed last was sent, or never will be."""
        booked, self._booked = self._booked, None
        if booked is not None and self._clock() > booked:
            self._ledger.move(booked, self._clock())

    def used(self) -> int:
        """Calls booked in the last 24 hours.

        Raises:
            BudgetSpent: the ledger is damaged.
        """
        return sum(at > self._clock() - DAY for at in self._ledger.calls())


def _moved(calls: Sequence[float], booked: float, sent: float) -> list[float]:
    return sorted(sent if at == booked else at for at in calls)


def _calls(content: bytes) -> list[float]:
    """The times in a ledger.

    Raises:
        TypeError, ValueError, RecursionError, OverflowError: ``content`` has another form.
    """
    said = json.loads(content)
    if not isinstance(said, list) or not all(type(at) in (int, float) and math.isfinite(at) for at in said):
        raise ValueError("it holds something that is no moment")
    return [float(at) for at in said]


def _read(stored: object) -> list[float]:
    """The ledger in Redis; a damaged one counts as empty, since the file has this machine's calls."""
    try:
        return _calls(stored) if isinstance(stored, bytes) else []
    except (TypeError, ValueError, RecursionError, OverflowError):
        return []
