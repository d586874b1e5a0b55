"""API keys with special treatment in the sandbox; any other key is a paid subscription without limits."""

from __future__ import annotations

from collections import deque

BAD_KEY = "invalid"
"""Refused like an unknown key."""

FREE_KEY = "free"
"""Limited to the provider's free plan: its calls and its endpoints."""

PACED_KEY = "paced"
"""A subscription limited to one call in 200 ms (Trading Economics)."""

SPENT_KEY = "exhausted"
"""A subscription whose monthly calls are used up (Trading Economics)."""


class CallsPerMinute:
    """At most ``limit`` calls in any minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._calls: deque[float] = deque()

    def allows(self, seconds: float) -> bool:
        """Whether a call at ``seconds`` (of a monotonic clock) is within the limit; if so it counts."""
        while self._calls and self._calls[0] <= seconds - 60:
            self._calls.popleft()
        if len(self._calls) >= self.limit:
            return False
        self._calls.append(seconds)
        return True
