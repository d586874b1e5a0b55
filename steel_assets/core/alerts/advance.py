"""One step of alerting: new conditions change incidents and cases, and some changes are messages.

Conditions make incidents (observing.py), incidents have causes (causes.py), incidents of one cause share messages as one case
(notifying.py). During a silence conditions are still processed, and only messages are held back; what is still wrong when it ends
is sent then. Conditions that change nothing cause no write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from steel_assets.core.alerts.causes import with_causes
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Case, Event, Incident, Silence
from steel_assets.core.alerts.listing import NotificationContext
from steel_assets.core.alerts.notifying import adopted, announce, ended, notices
from steel_assets.core.alerts.observing import may_matter, observed
from steel_assets.core.alerts.rules import Rulebook

MEMORY = timedelta(days=10)
"""How long a notice, or a single bad value, is remembered."""


def advance(
    incidents: Sequence[Incident],
    cases: Sequence[Case],
    conditions: Iterable[Condition],
    now: datetime,
    rulebook: Rulebook,
    available: frozenset[str],
    silences: Sequence[Silence] = (),
    complete: frozenset[str] = frozenset(),
) -> tuple[tuple[Incident, ...], tuple[Case, ...], list[Event]]:
    """The incidents and cases after ``conditions`` became known at ``now``, and the messages (events) that are due.

    Args:
        available: channels that are configured.
        complete: rules for which ``conditions`` names every existing subject; open incidents about other subjects of these rules
            are ended.

    Raises:
        UnknownRule: a condition names a rule that does not exist.
    """
    known = [incident for incident in incidents if incident.rule in rulebook.rules]
    known, cases = adopted(known, cases, rulebook)
    watched = _watched(known, conditions, now, rulebook, complete)
    moved = [_moved(incident, now, rulebook) for incident in watched]
    cases = ended(cases, watched, moved)
    caused = with_causes(moved, cases, rulebook)
    tellers = NotificationContext(now, rulebook, available, tuple(silences))
    caused, noticed = notices(caused, tellers)
    cases, events = announce(cases, caused, tellers)
    remembered = [
        incident
        for incident in caused
        if incident.since is not None or (may_matter(incident, rulebook) and now - incident.seen < MEMORY)
    ]
    return tuple(remembered), tuple(cases), [*noticed, *events]


def _watched(
    known: Sequence[Incident], conditions: Iterable[Condition], now: datetime, rulebook: Rulebook, complete: frozenset[str]
) -> list[Incident]:
    watched = {(incident.rule, incident.subject): incident for incident in known}
    named = set()
    for condition in sorted(conditions, key=lambda condition: condition.moment):
        key = (condition.rule, condition.subject)
        named.add(key)
        before = watched.get(key)
        rulebook.rule(condition.rule)
        if condition.firing or before is not None:
            watched[key] = observed(before, condition, rulebook)
    gone = {"fine_since": now, "text": "It is no longer there to be watched.", "facts": {}}
    return [
        incident.model_copy(update=gone)
        if incident.rule in complete and (incident.rule, incident.subject) not in named and incident.wrong
        else incident
        for incident in watched.values()
    ]


def _moved(incident: Incident, now: datetime, rulebook: Rulebook) -> Incident:
    """``incident``, opened after ``opens_after_minutes`` of being wrong, ended after ``closes_after_minutes`` of being right."""
    rule = rulebook.rule(incident.rule)
    if incident.since is None or rule.notice:
        return incident
    if incident.wrong:
        due = incident.open or now - incident.since >= timedelta(minutes=rule.opens_after_minutes)
        return incident if due == incident.open else incident.model_copy(update={"open": due})
    if incident.open and incident.fine_since and now - incident.fine_since < timedelta(minutes=rule.closes_after_minutes):
        return incident
    return Incident(rule=incident.rule, subject=incident.subject, seen=incident.seen, recent=incident.recent)
