"""Green, yellow or red, and why: the one place where a colour is made of what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["green", "yellow", "red"]
STATUSES: tuple[Status, ...] = ("green", "yellow", "red")

SEVERE = frozenset({"critical", "high"})


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: in which area, how bad, and a sentence that says what."""

    area: str
    status: Status
    text: str


def colour(severities: Iterable[str]) -> Status:
    """The colour that some severities add up to: none green, at most medium yellow, else red."""
    found = set(severities)
    return "red" if found & SEVERE else "yellow" if found else "green"


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of some colours; green without any."""
    return max(statuses, key=STATUSES.index, default="green")
