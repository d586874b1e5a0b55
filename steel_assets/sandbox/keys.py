"""API keys that the sandbox treats specially; any other key is a paid subscription without limits."""

from __future__ import annotations

from collections import deque

BAD_KEY = "invalid"
"""Refused, as an unknown key is."""

FREE_KEY = "free"
"""Held to the provider's free plan: its limits on calls, its closed endpoints."""

PACED_KEY = "paced"
"""A subscription held to one call in 200 ms (Trading Economics)."""

SPENT_KEY = "exhausted"
"""A subscription whose month is used up (Trading Economics)."""


class CallsPerMinute:
    """At most ``limit`` calls in any minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._calls: deque[float] = deque()

    def allows(self, seconds: float) -> bool:
        """Whether a call at ``seconds`` (of a clock that never goes back) is within the limit; if so it counts."""
        while self._calls and self._calls[0] <= seconds - 60:
            self._calls.popleft()
        if len(self._calls) >= self.limit:
            return False
        self._calls.append(seconds)
        return True
