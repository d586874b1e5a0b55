"""A provider's budget of calls, kept in a ledger that every process shares and no restart forgets.

A day is any 24 hours, not a date: when a provider's own day begins is not known, and no 24 hours ever see more calls than
allowed. A call is booked before it is made, retries too. The ledger is a file; where Redis is set up it is kept there too, for
several machines, and the file takes over while Redis is away (what other machines call meanwhile is unknown to it then).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock

from steel_assets.adapters.pace import LONGEST_GAP_SECONDS, MINUTE

if TYPE_CHECKING:
    import redis

DAY = 86_400.0
REDIS_SECONDS = 1.0


class BudgetSpent(RuntimeError):
    """No call is left; the message says until when."""


@dataclass(frozen=True)
class Limits:
    """What a provider allows."""

    calls_per_day: int
    calls_per_minute: int | None = None

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
        if self.calls_per_minute:
            if recent:
                allowed = max(allowed, recent[-1] + min(LONGEST_GAP_SECONDS, MINUTE / 2 / self.calls_per_minute))
            if len(recent) >= self.calls_per_minute:
                allowed = max(allowed, recent[-self.calls_per_minute] + MINUTE)
        return [*recent, allowed]


class Ledger(Protocol):
    """Where calls are booked."""

    def book(self, limits: Limits, now: float) -> list[float]:
        """See ``Limits.book``, in one step that no other process can come between."""

    def calls(self) -> list[float]:
        """All calls booked."""


class FileLedger:
    """A small JSON file. One that cannot be read counts as a budget that is spent: guessing could cost the key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def book(self, limits: Limits, now: float) -> list[float]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            calls = limits.book(self.calls(), now)
            self._write(calls)
            return calls

    def copy(self, calls: Sequence[float]) -> None:
        """Take over what another ledger says, and keep what only this one knows."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            self._write(sorted({*self.calls(), *calls}))

    def calls(self) -> list[float]:
        try:
            return [float(at) for at in json.loads(self._path.read_bytes())]
        except FileNotFoundError:
            return []
        except (TypeError, ValueError) as error:
            raise BudgetSpent(
                f"the ledger of its calls, {self._path}, is damaged; delete it if no call was made today"
            ) from error

    def _write(self, calls: Sequence[float]) -> None:
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w") as file:
            file.write(json.dumps(list(calls)))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)


class RedisLedger:
    """A string in Redis, changed in one transaction; mirrored in a file, which takes over while Redis is away."""

    def __init__(self, url: str, key: str, mirror: FileLedger) -> None:
        self._url = url
        self._key = key
        self._mirror = mirror

    def book(self, limits: Limits, now: float) -> list[float]:
        import redis

        calls: list[float] = []

        def change(pipe: redis.client.Pipeline) -> None:
            before = {*_read(pipe.get(self._key)), *self._mirror.calls()}
            calls[:] = limits.book(sorted(before), now)
            pipe.multi()
            pipe.set(self._key, json.dumps(calls), ex=int(2 * DAY))

        try:
            self._client().transaction(change, self._key)
        except redis.RedisError:
            return self._mirror.book(limits, now)
        self._mirror.copy(calls)
        return calls

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
        limits: Limits,
        ledger: Ledger,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits
        self._ledger = ledger
        self._clock = clock
        self._sleep = sleep

    def wait(self) -> float:
        """Book one more call and return when it may be made; the seconds waited. Raises BudgetSpent."""
        now = self._clock()
        pause = self._ledger.book(self.limits, now)[-1] - now
        if pause > 0:
            self._sleep(pause)
        return pause

    def used(self) -> int:
        """Calls booked in the last 24 hours. Raises BudgetSpent when the ledger is damaged."""
        return sum(at > self._clock() - DAY for at in self._ledger.calls())


def _read(stored: object) -> list[float]:
    """What Redis holds; a damaged entry holds nothing, since the mirror knows this machine's calls."""
    try:
        return [float(at) for at in json.loads(stored)] if isinstance(stored, bytes) else []
    except (TypeError, ValueError):
        return []
