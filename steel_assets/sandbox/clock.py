"""The sandbox's clock, the only one that its answers depend on.

It shows the real time until it is set; a set clock does not advance until it is set again, so a day can be replayed exactly.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pandas as pd

FIRST_YEAR, LAST_YEAR = 2014, 2100


class ClockError(ValueError):
    """The sandbox cannot show the moment."""


class SandboxClock:
    """A moment in UTC: real, or set."""

    def __init__(self, moment: datetime | None = None) -> None:
        self._set: pd.Timestamp | None = None
        self.set(moment)

    def now(self) -> pd.Timestamp:
        """The moment the sandbox answers for."""
        return self._set if self._set is not None else pd.Timestamp(datetime.now(UTC))

    def set(self, moment: datetime | None) -> None:
        """Stop the clock at ``moment``; None returns to the real time.

        Raises:
            ClockError: the moment has no time zone, or is before 2014 or after 2100.
        """
        if moment is not None:
            if moment.tzinfo is None:
                raise ClockError(f"now: {moment.isoformat()} has no time zone; write it in UTC, for example 2026-03-02T08:00:00Z")
            if not FIRST_YEAR <= moment.year <= LAST_YEAR:
                raise ClockError(f"now: {moment.isoformat()} lies outside the simulated market, {FIRST_YEAR} to {LAST_YEAR}")
            moment = pd.Timestamp(moment).tz_convert("UTC")
        self._set = moment

    @staticmethod
    def seconds() -> float:
        """Seconds of real time, for limits on calls per minute."""
        return time.monotonic()
