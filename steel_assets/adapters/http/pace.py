"""Politeness towards one provider: no more calls a minute than it allows, and never in a burst."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MINUTE = 60.0
LONGEST_GAP_SECONDS = 1.1
"""Some providers also count by the second (Alpha Vantage: one request a second on a free key)."""

LONGEST_CONNECT_SECONDS = 2.0
"""A call that has not been sent so long after it was allowed keeps no other one waiting."""


def gap_seconds(calls_per_minute: int | None, seconds_between_calls: float | None) -> float:
    """The least time between two calls: as told, or by the allowance of a minute."""
    if seconds_between_calls is not None:
        return seconds_between_calls
    return min(LONGEST_GAP_SECONDS, MINUTE / 2 / calls_per_minute) if calls_per_minute else 0.0


class Pace:
    """Lets ``calls_per_minute`` calls through in any minute, across threads of this process.

    What counts is when a call was sent, as that is when it arrives; opening a connection takes a while, the first one longest.
    Who has waited tells by ``sent``; until then the next one waits, for a while.

    Args:
        reported: ``sent`` will be called for every call.
    """

    def __init__(
        self,
        calls_per_minute: int | None,
        *,
        seconds_between_calls: float | None = None,
        reported: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._recent: deque[float] = deque(maxlen=calls_per_minute or 1)
        self._gap = gap_seconds(calls_per_minute, seconds_between_calls)
        self._window = MINUTE if calls_per_minute else 0.0
        self._clock = clock
        self._sleep = sleep
        self._turn = threading.Lock()
        self._reported = reported
        self._sent = threading.Event()
        self._sent.set()

    def wait(self) -> float:
        """Return when one more call may be made; the seconds waited."""
        with self._turn:
            asked = self._clock()
            self._sent.wait(LONGEST_CONNECT_SECONDS)
            allowed = now = self._clock()
            if self._recent:
                allowed = max(allowed, self._recent[-1] + self._gap)
            if len(self._recent) == self._recent.maxlen:
                allowed = max(allowed, self._recent[0] + self._window)
            if allowed > now:
                self._sleep(allowed - now)
            self._recent.append(allowed)
            if self._reported:
                self._sent.clear()
            return allowed - asked

    def sent(self) -> None:
        """The call that was allowed last is on its way, or will never be."""
        if not self._sent.is_set():
            self._recent[-1] = max(self._recent[-1], self._clock())
            self._sent.set()
