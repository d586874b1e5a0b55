"""The types of alerting.

A silence; an incident (trouble of one thing); a case (all incidents of one cause); an event (a message about a case); and its
items (what the message lists).
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
    """``name``, also read under the name ``former`` that releases up to 0.1 stored."""
    return AliasChoices(name, former)


class Silence(Declaration):
    """No messages about what matches, from ``start`` until ``until``, for example during maintenance. ``*`` matches any text."""

    id: str
    rule: str
    subject: str
    start: AwareDatetime
    until: AwareDatetime
    reason: str
    cause: str = "*"

    def covers(self, rule: str, subject: str, now: datetime, cause: str = "") -> bool:
        """Whether it holds back messages of ``rule`` about ``subject`` (and ``cause``) at ``now``; its fields may be patterns."""
        named = fnmatchcase(rule, self.rule) and fnmatchcase(subject, self.subject) and fnmatchcase(cause, self.cause)
        return self.start <= now < self.until and named


class Sighting(Declaration):
    """One condition, as remembered for the 2-of-3 rule."""

    moment: AwareDatetime
    firing: bool


class Incident(Declaration):
    """One thing under one rule: only watched, or wrong since ``since``, or open (wrong long enough to notify people).

    Attributes:
        id: of the present period of trouble; computed, so that the same period always has the same id.
        seen: moment of the newest condition.
        fine_since: when it became right again.
        cause: shared with other incidents (``causes.py``); empty while it is not open.
        hint: the cause that its observer stated, if any.
        facts: values from its observer for the text of the message.
        severity, worst: the present and the worst severity of this period.
        notified_severity, notified_at, notified_channels, messages: what was sent about it alone; since cases exist, only for
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
        """Whether it is wrong by the newest observation."""
        return self.since is not None and self.fine_since is None


class Item(Declaration):
    """One incident as listed in a message; ``state`` is its change since the message before.

    ``along``: new, and explained by another incident in the message.
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
    """An incident that was in a message, with the severity it had there."""

    rule: str
    subject: str
    severity: Severity


class Acknowledgement(Declaration):
    """Who looks after a case, since when, and their note."""

    by: str
    at: AwareDatetime
    note: str = ""


class Case(Declaration):
    """All open incidents of one cause, from the first message about them to the one that says that they ended.

    Attributes:
        notified: the incidents that were in a message.
        over: those of them that ended since the last message.
        along: incidents that another one explained when they joined; they get no message of their own while an incident lasts
            that was in one.
        notified_severity, notified_at, notified_channels: severity and time of the last message, and all channels that got one.
        messages: how many were sent.
        unanswered: whether a message was repeated because nobody acknowledged it.
        simulated: whether some of it is about simulated data.
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
    """One message that is due. Computed again from the same conditions it has the same ``id``.

    Attributes:
        rule, subject, value, worst, text, link: of the most important item.
        cause, items: of the case; empty in events of releases that sent each incident alone.
        acknowledged: who looks after it already.
        quiet: hours in which it is not sent.
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
