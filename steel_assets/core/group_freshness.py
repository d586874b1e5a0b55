"""Whether an endpoint group is fresh, from the note of its last collection alone: ``core.source_status`` without pandas."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

RECENT = timedelta(hours=36)
"""An older collection is not recent; a daily one has half a day of slack."""


@dataclass(frozen=True)
class Noted:
    """The note of the last collection of a group (``source_status.CollectionRecord``), as far as freshness needs it.

    Attributes:
        attempted_at: time of the collection, UTC.
        answered: series that were ever answered.
        problems: series that failed in it.
    """

    attempted_at: datetime
    answered: frozenset[str]
    problems: frozenset[str]

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """The note in ``values``.

        Raises:
            KeyError, TypeError, ValueError: it has another form.
        """
        attempted = datetime.fromisoformat(values["attempted_at"])
        if attempted.tzinfo is None:
            raise ValueError("attempted_at must carry a time zone")
        return cls(attempted, frozenset(dict(values["answered"])), frozenset(dict(values["problems"])))

    def fresh(self, series: Collection[str], now: datetime) -> bool:
        """Whether all of the series ``series`` were answered in this collection, and it is recent at ``now``."""
        return now - self.attempted_at <= RECENT and self.answered.issuperset(series) and self.problems.isdisjoint(series)
