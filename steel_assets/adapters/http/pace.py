"""The pace of calls to one provider: at most as many a minute as it allows, and evenly spaced."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MINUTE = 60.0
LONGEST_GAP_SECONDS = 1.1
"""Some providers also count by the second (Alpha Vantage: one request a second on a free key)."""

LONGEST_CONNECT_SECONDS = 2.0
"""A call that was allowed and not sent within this time no longer delays others."""


def gap_seconds(calls_per_minute: int | None, seconds_between_calls: float | None) -> float:
    """The least time between two calls: the given one, or by the calls per minute."""
    if seconds_between_calls is not None:
        return seconds_between_calls
    return min(LONGEST_GAP_SECONDS, MINUTE / 2 / calls_per_minute) if calls_per_minute else 0.0


class Pace:
    """Allows ``calls_per_minute`` calls in any minute, across the threads of this process.

    Calls count from when they are sent, since that is when they arrive; opening a connection can take long. The caller reports
    sending by ``sent``; until then the next call waits, for a limited time.

    Args:
        reported: whether ``sent`` will be called for every call.
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
        """Wait until one more call may be made; return the seconds waited."""
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
        """Report that the call allowed last was sent, or never will be."""
        if not self._sent.is_set():
            self._recent[-1] = max(self._recent[-1], self._clock())
            self._sent.set()
