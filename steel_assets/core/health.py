"""The colours green, yellow and red: the only place where they are derived from findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["green", "yellow", "red"]
STATUSES: tuple[Status, ...] = ("green", "yellow", "red")

SEVERE = frozenset({"critical", "high"})


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: its area, severity, and a sentence that describes it."""

    area: str
    status: Status
    text: str


def colour(severities: Iterable[str]) -> Status:
    """The colour of some severities: green without any, yellow if at most medium, else red."""
    found = set(severities)
    return "red" if found & SEVERE else "yellow" if found else "green"


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of some colours; green if there are none."""
    return max(statuses, key=STATUSES.index, default="green")
