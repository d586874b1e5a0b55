"""Where one endpoint group of a provider stands: what it last answered stands in for what it fails to answer, and is named so.

Only a provider's own last good answer ever stands in for it, never another one's; and it does so by staying in the lake, where
it is, with the age it has. This module only says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pandas as pd

from steel_assets.core.group_freshness import RECENT

State = Literal["FRESH", "LAST_GOOD", "MISSING"]


class Settled(NamedTuple):
    """The days of a series' history that need not be asked for again: what is missing there, the provider does not have."""

    since: pd.Timestamp
    until: pd.Timestamp


@dataclass(frozen=True)
class CollectionRecord:
    """How the last collection of a group went.

    Attributes:
        attempted_at: when it was, UTC.
        answered: series → when it was last answered (with news or without); a series that never was is absent.
        problems: series → what failed at the last collection, and the remedy.
        settled: series → the days of its history that need not be asked for again.
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
        """As plain values; ``from_json`` reads them."""
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
        """Raises KeyError, TypeError, ValueError for what is no record."""
        answered = {entry: pd.Timestamp(at) for entry, at in values["answered"].items()}
        settled = {entry: Settled(*map(pd.Timestamp, days)) for entry, days in values.get("settled", {}).items()}
        return cls(pd.Timestamp(str(values["attempted_at"])), answered, dict(values["problems"]), settled)


@dataclass(frozen=True)
class SourceStatus:
    """State of a group at a moment.

    Attributes:
        state: FRESH, every series was answered at the last collection; LAST_GOOD, at least one was not and its last good answer
            stands in; MISSING, at least one was never answered.
        age: of the oldest answer that stands in; zero when FRESH, None when MISSING.
        stale: series → since when it stands in, for LAST_GOOD.
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
    """Where a group stands.

    Args:
        requested: its series.
        record: how its last collection went; None when there is no record.
        stored: series → when the newest row of it in the lake was collected.
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
