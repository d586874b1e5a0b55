"""The types of alerting.

A silence, an incident (the trouble of one thing), a case (all incidents of one cause), an event (one moment of a case that is
that is sent as a message) and its items (what the message lists).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import AliasChoices, AwareDatetime, Field

from steel_assets.core.alerts.rules import Hours, Severity
from steel_assets.core.types import Declaration

Kind = Literal["opened", "escalated", "grown", "reminder", "unanswered", "recovered", "notice"]

State = Literal["new", "worse", "along", "open", "over"]


def _formerly(former: str, name: str) -> AliasChoices:
    """``name``, read also as ``former``, as releases up to 0.1 stored it."""
    return AliasChoices(name, former)


class Silence(Declaration):
    """Maintenance: no messages about what matches, from ``start`` until ``until``. ``*`` stands for anything."""

    id: str
    rule: str
    subject: str
    start: AwareDatetime
    until: AwareDatetime
    reason: str
    cause: str = "*"

    def covers(self, rule: str, subject: str, now: datetime, cause: str = "") -> bool:
        """Whether it holds back what ``rule`` says about ``subject`` (and ``cause``) at ``now``; its names may be patterns."""
        named = fnmatchcase(rule, self.rule) and fnmatchcase(subject, self.subject) and fnmatchcase(cause, self.cause)
        return self.start <= now < self.until and named


class Sighting(Declaration):
    """One condition, as remembered for the 2-of-3 rule."""

    moment: AwareDatetime
    firing: bool


class Incident(Declaration):
    """One thing under one rule: watched, or wrong since ``since``, or open (long enough that people are notified).

    Attributes:
        id: of the present spell of trouble; the same spell always has the same one.
        seen: moment of the newest condition.
        fine_since: when it became right again.
        cause: why it is open, with others (``causes.py``); empty while it is not.
        hint: the cause that its observer knows, if it does.
        facts: what its observer knows of it, for the words of the message.
        severity, worst: the worst of this spell.
        notified_severity, notified_at, notified_channels, messages: what was sent about it alone; since there are cases, only of
            notices.
    """

    rule: str
    subject: str
    seen: AwareDatetime
    recent: tuple[Sighting, ...] = ()
    id: str = ""
    since: AwareDatetime | None = None
    fine_since: AwareDatetime | None = None
    open: bool = False
    cause: str = ""
    hint: str = ""
    severity: Severity = "low"
    value: float | None = None
    worst: float | None = None
    text: str = ""
    facts: Mapping[str, str] = {}
    link: str = ""
    simulated: bool = False
    notified_severity: Severity | None = Field(default=None, validation_alias=_formerly("told", "notified_severity"))
    notified_at: AwareDatetime | None = Field(default=None, validation_alias=_formerly("told_at", "notified_at"))
    notified_channels: tuple[str, ...] = Field(default=(), validation_alias=_formerly("told_channels", "notified_channels"))
    messages: int = 0

    @property
    def wrong(self) -> bool:
        """Whether what it is about is wrong now, as far as was last observed."""
        return self.since is not None and self.fine_since is None


class Item(Declaration):
    """One incident as a message lists it; ``state`` is what is to be said of it since the message before.

    ``along``: new, and no more than what another one takes along.
    """

    rule: str
    subject: str
    state: State
    severity: Severity
    since: AwareDatetime
    value: float | None = None
    worst: float | None = None
    text: str = ""
    facts: Mapping[str, str] = {}
    link: str = ""


class NotifiedIncident(Declaration):
    """An incident that was in a message, and the severity it had there."""

    rule: str
    subject: str
    severity: Severity


class Acknowledgement(Declaration):
    """Who looks after a case, since when, and what they said."""

    by: str
    at: AwareDatetime
    note: str = ""


class Case(Declaration):
    """All open incidents of one cause, from the first message about them to the one that says that they are over.

    Attributes:
        notified: the incidents that were in a message.
        over: of those, what is over since the last message.
        along: what another one explained when it joined; no message of its own while something lasts that was in one.
        notified_severity, notified_at, notified_channels: how bad the last message said that it is, when, and over which channels
            any was sent.
        messages: how many there were.
        unanswered: whether a message was repeated because nobody acknowledged it.
        simulated: whether anything of it was.
    """

    cause: str
    id: str
    since: AwareDatetime
    notified_severity: Severity = Field(validation_alias=_formerly("told", "notified_severity"))
    notified_at: AwareDatetime = Field(validation_alias=_formerly("told_at", "notified_at"))
    notified_channels: tuple[str, ...] = Field(default=(), validation_alias=_formerly("told_channels", "notified_channels"))
    messages: int = 0
    notified: tuple[NotifiedIncident, ...] = Field(default=(), validation_alias=_formerly("heard", "notified"))
    over: tuple[Item, ...] = ()
    along: tuple[NotifiedIncident, ...] = ()
    acknowledged: Acknowledgement | None = None
    unanswered: bool = False
    simulated: bool = False

    def knows(self, rule: str, subject: str) -> bool:
        """Whether that incident was in a message of this case."""
        return any((incident.rule, incident.subject) == (rule, subject) for incident in self.notified)


class Event(Declaration):
    """One message that is due. Computed again from the same conditions, it has the same ``id``.

    Attributes:
        rule, subject, value, worst, text, link: of the item that matters most.
        cause, items: of the case; empty in events of releases that told each incident alone.
        acknowledged: who looks after it already.
        quiet: hours in which it does not go out.
    """

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
    cause: str = ""
    items: tuple[Item, ...] = ()
    acknowledged: str = ""
    quiet: Hours | None = None
