"""A provider's budget of calls, kept in a ledger that every process shares and no restart forgets.

A day is any 24 hours, not a date: when a provider's own day begins is not known, and no 24 hours ever see more calls than
allowed. A call is booked before it is made, retries too, and moved to when it was sent: that is when it arrives. The ledger is a
file; where Redis is set up it is kept there too, for several machines, and the file takes over while Redis is away (what other
machines call meanwhile is unknown to it then).
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
    """Nobody knows how many calls are left; the message names the file."""


@dataclass(frozen=True)
class RateLimits:
    """What a provider allows."""

    calls_per_day: int
    calls_per_minute: int | None = None
    seconds_between_calls: float | None = None

    def book(self, booked: Sequence[float], now: float) -> list[float]:
        """The calls of the last day (seconds since 1970), and as the last one the moment at which one more may be made.

        Raises:
            BudgetSpent: none may be made today.
        """
        recent = sorted(min(at, now + DAY) for at in booked if at > now - DAY)
        if len(recent) >= self.calls_per_day:
            free = recent[-self.calls_per_day] + DAY
            raise BudgetSpent(
                f"its {self.calls_per_day} calls of 24 hours are used; the next one is free at "
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
        """See ``RateLimits.book``, in one step that no other process can come between."""

    def move(self, booked: float, sent: float) -> None:
        """A call that was booked for one moment was sent at a later one."""

    def calls(self) -> list[float]:
        """All calls booked."""


class FileLedger:
    """A small JSON file. One that is damaged is set aside and counts as a budget spent just now: less could cost the key."""

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
        """Take over what another ledger says, and keep what only this one knows."""
        private_folder(self._path.parent)
        with FileLock(self._path.with_suffix(".lock")):
            self._write(sorted({*self.calls(), *calls}))

    def calls(self) -> list[float]:
        """All calls booked. Raises DamagedLedger."""
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
        """Keep the damaged file beside, and begin a new one in which every call of the day is used."""
        kept = self._path.with_name(f"{self._path.name}.damaged")
        with suppress(OSError):
            self._path.replace(kept)
            self._write([now] * limits.calls_per_day)
            log.warning("%s; it is set aside as %s", why, kept)

    def _write(self, calls: Sequence[float]) -> None:
        write_private(self._path, json.dumps(list(calls)).encode())


class RedisLedger:
    """A string in Redis, changed in one transaction; mirrored in a file, which takes over while Redis is away."""

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
    """Lets calls through as a provider's limits allow, whoever makes them."""

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
        """Book one more call and return when it may be made; the seconds waited. Raises BudgetSpent."""
        now = self._clock()
        allowed = self._ledger.book(self.limits, now)[-1]
        self._booked = allowed
        pause = allowed - now
        if pause > 0:
            self._sleep(pause)
        return pause

    def sent(self) -> None:
        """The call that was allowed last is on its way, or will never be."""
        booked, self._booked = self._booked, None
        if booked is not None and self._clock() > booked:
            self._ledger.move(booked, self._clock())

    def used(self) -> int:
        """Calls booked in the last 24 hours. Raises BudgetSpent when the ledger is damaged."""
        return sum(at > self._clock() - DAY for at in self._ledger.calls())


def _moved(calls: Sequence[float], booked: float, sent: float) -> list[float]:
    return sorted(sent if at == booked else at for at in calls)


def _calls(content: bytes) -> list[float]:
    """The moments in a ledger. Raises TypeError, ValueError, RecursionError, OverflowError for anything else."""
    said = json.loads(content)
    if not isinstance(said, list) or not all(type(at) in (int, float) and math.isfinite(at) for at in said):
        raise ValueError("it holds something that is no moment")
    return [float(at) for at in said]


def _read(stored: object) -> list[float]:
    """What Redis holds; a damaged entry holds nothing, since the mirror knows this machine's calls."""
    try:
        return _calls(stored) if isinstance(stored, bytes) else []
    except (TypeError, ValueError, RecursionError, OverflowError):
        return []
