"""Whether an endpoint group is fresh, from what is noted of its last collection alone: ``core.source_status`` without pandas."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

RECENT = timedelta(hours=36)
"""A collection older than this is no news; the daily one leaves half a day of slack."""


@dataclass(frozen=True)
class Noted:
    """What is noted of the last collection of a group (``source_status.CollectionRecord``), as far as freshness takes it.

    Attributes:
        attempted_at: when it was, UTC.
        answered: series that were ever answered.
        problems: series that failed at it.
    """

    attempted_at: datetime
    answered: frozenset[str]
    problems: frozenset[str]

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Raises KeyError, TypeError, ValueError for what is no record."""
        attempted = datetime.fromisoformat(values["attempted_at"])
        if attempted.tzinfo is None:
            raise ValueError("attempted_at must carry a time zone")
        return cls(attempted, frozenset(dict(values["answered"])), frozenset(dict(values["problems"])))

    def fresh(self, series: Collection[str], now: datetime) -> bool:
        """Whether every one of the series ``series`` was answered at this collection, and it is recent at ``now``."""
        return now - self.attempted_at <= RECENT and self.answered.issuperset(series) and self.problems.isdisjoint(series)
