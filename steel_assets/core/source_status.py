"""The status of one endpoint group: whether it answers, and how old the answers are that are used instead.

Only a provider's own earlier values are used in place of a missing answer, never another provider's. They are used because they
are in the lake, with their age; this module only reports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pandas as pd

from steel_assets.core.group_freshness import RECENT

State = Literal["FRESH", "LAST_GOOD", "MISSING"]


class Settled(NamedTuple):
    """Days of a series' history that need not be requested again: the provider has no values there."""

    since: pd.Timestamp
    until: pd.Timestamp


@dataclass(frozen=True)
class CollectionRecord:
    """The last collection of a group.

    Attributes:
        attempted_at: its time, UTC.
        answered: series → when it was last answered (with or without new values); series never answered are absent.
        problems: series → what failed at the last collection, and the remedy.
        settled: series → the days of its history that need not be requested again.
    """

    attempted_at: pd.Timestamp
    answered: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    settled: Mapping[str, Settled] = field(default_factory=dict)

    def after(
        self,
        moment: pd.Timestamp,
        requested: list[str],
        problems: Mapping[str, str],
        settled: Mapping[str, Settled] | None = None,
    ) -> CollectionRecord:
        """The record after a further collection at ``moment``."""
        answered = {entry: at for entry, at in self.answered.items() if entry in requested}
        whole = {entry: days for entry, days in self.settled.items() if entry in requested} | dict(settled or {})
        return CollectionRecord(
            moment, answered | {series_id: moment for series_id in requested if series_id not in problems}, dict(problems), whole
        )

    def to_json(self) -> dict[str, object]:
        """The record as JSON values; ``from_json`` reads them."""
        answered = {entry: at.isoformat() for entry, at in self.answered.items()}
        settled = {entry: [day.isoformat() for day in days] for entry, days in self.settled.items()}
        return {
            "attempted_at": self.attempted_at.isoformat(),
            "answered": answered,
            "problems": dict(self.problems),
            "settled": settled,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CollectionRecord:
        """The record in ``values``.

        Raises:
            KeyError, TypeError, ValueError: it has another form.
        """
        answered = {entry: pd.Timestamp(at) for entry, at in values["answered"].items()}
        settled = {entry: Settled(*map(pd.Timestamp, days)) for entry, days in values.get("settled", {}).items()}
        return cls(pd.Timestamp(str(values["attempted_at"])), answered, dict(values["problems"]), settled)


@dataclass(frozen=True)
class SourceStatus:
    """The status of a group at a moment.

    Attributes:
        state: FRESH, every series was answered at the last collection; LAST_GOOD, at least one was not and its earlier values are
            used; MISSING, at least one was never answered.
        age: of the oldest answer used; zero if FRESH, None if MISSING.
        stale: series → time of its last answer, for LAST_GOOD.
        missing: series that were never answered.
    """

    state: State
    age: pd.Timedelta | None
    stale: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.state == "LAST_GOOD" and self.age is not None:
            return f"LAST_GOOD ({_age_in_words(self.age)} old)"
        return self.state


def source_status(
    requested: list[str], record: CollectionRecord | None, stored: Mapping[str, pd.Timestamp], now: pd.Timestamp
) -> SourceStatus:
    """The status of a group.

    Args:
        requested: its series.
        record: its last collection; None without a record.
        stored: series → when its newest row in the lake was collected.
    """
    answered = {**stored, **(record.answered if record else {})}
    missing = tuple(series_id for series_id in requested if series_id not in answered)
    if missing:
        return SourceStatus("MISSING", None, missing=missing)
    late = record is None or now - record.attempted_at > RECENT
    stale = {
        series_id: answered[series_id] for series_id in requested if late or (record is not None and series_id in record.problems)
    }
    if stale:
        return SourceStatus("LAST_GOOD", now - min(stale.values()), stale)
    return SourceStatus("FRESH", pd.Timedelta(0))


def _age_in_words(age: pd.Timedelta) -> str:
    hours = age / pd.Timedelta(hours=1)
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
