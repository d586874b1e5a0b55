"""The nouns of alerting: a silence, an incident (the trouble of one thing), an event (one moment of it that is worth telling)."""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import AwareDatetime

from steel_assets.core.alerts.rules import Severity
from steel_assets.core.types import Declaration

Kind = Literal["opened", "escalated", "reminder", "recovered", "notice"]


class Silence(Declaration):
    """Maintenance: no messages about what matches, from ``start`` until ``until``. ``*`` stands for anything."""

    id: str
    rule: str
    subject: str
    start: AwareDatetime
    until: AwareDatetime
    reason: str

    def covers(self, rule: str, subject: str, now: datetime) -> bool:
        return self.start <= now < self.until and fnmatchcase(rule, self.rule) and fnmatchcase(subject, self.subject)


class Sighting(Declaration):
    """One condition, as remembered for the 2-of-3 rule."""

    moment: AwareDatetime
    firing: bool


class Incident(Declaration):
    """One thing under one rule: watched, or wrong since ``since``, or open (people are to be told).

    Attributes:
        id: of the present spell of trouble; the same spell always has the same one.
        seen: moment of the newest condition.
        fine_since: when it became right again.
        severity, worst: the worst of this spell.
        told: the severity that people last heard of; None before they heard anything.
        messages: how many there were.
    """

    rule: str
    subject: str
    seen: AwareDatetime
    recent: tuple[Sighting, ...] = ()
    id: str = ""
    since: AwareDatetime | None = None
    fine_since: AwareDatetime | None = None
    open: bool = False
    severity: Severity = "low"
    value: float | None = None
    worst: float | None = None
    text: str = ""
    link: str = ""
    simulated: bool = False
    told: Severity | None = None
    told_at: AwareDatetime | None = None
    told_channels: tuple[str, ...] = ()
    messages: int = 0

    @property
    def wrong(self) -> bool:
        return self.since is not None and self.fine_since is None


class Event(Declaration):
    """One thing to tell. ``id`` is the same however often it is worked out from the same conditions."""

    id: str
    incident: str
    kind: Kind
    rule: str
    subject: str
    severity: Severity
    moment: AwareDatetime
    since: AwareDatetime
    value: float | None = None
    worst: float | None = None
    text: str = ""
    link: str = ""
    simulated: bool = False
    channels: tuple[str, ...] = ()
