"""Politeness towards one provider: no more calls a minute than it allows, and never in a burst."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MINUTE = 60.0
LONGEST_GAP_SECONDS = 1.1
"""Some providers also count by the second (Alpha Vantage: one request a second on a free key)."""


class Pace:
    """Lets ``calls_per_minute`` calls through in any minute, across threads of this process."""

    def __init__(
        self,
        calls_per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._recent: deque[float] = deque(maxlen=calls_per_minute)
        self._gap = min(LONGEST_GAP_SECONDS, MINUTE / 2 / calls_per_minute)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Return when one more call may be made; the seconds waited."""
        with self._lock:
            asked = self._clock()
            allowed = asked
            if self._recent:
                allowed = max(allowed, self._recent[-1] + self._gap)
            if len(self._recent) == self._recent.maxlen:
                allowed = max(allowed, self._recent[0] + MINUTE)
            if allowed > asked:
                self._sleep(allowed - asked)
            self._recent.append(allowed)
            return allowed - asked
