"""What the conditions of one thing add up to over time, and which moments of it are worth telling.

An incident opens once, is told again when it gets worse, once a day while it lasts, and when it is over. A silence holds
messages back, not the watching: what is still wrong when it ends is told then. No clock, no storage: only arguments. What is
fine, and what stays as it is, changes nothing, so that nothing has to be written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Event, Incident, Kind, Sighting, Silence
from steel_assets.core.alerts.rules import AlertRule, Rulebook, worse

MEMORY = timedelta(days=10)
"""How long a notice, or a single bad figure, is remembered."""

PATIENCE = timedelta(minutes=10)
"""While something stays as wrong as it is, how often that is written down."""

REST = timedelta(hours=8)
"""Least time between a message and the daily reminder of the same incident."""


def advance(
    incidents: Sequence[Incident],
    conditions: Iterable[Condition],
    now: datetime,
    rulebook: Rulebook,
    available: frozenset[str],
    silences: Sequence[Silence] = (),
    complete: frozenset[str] = frozenset(),
) -> tuple[tuple[Incident, ...], list[Event]]:
    """The incidents after ``conditions`` became known at ``now``, and what is to be told.

    Args:
        available: channels that are set up.
        complete: rules of which ``conditions`` names every subject there is; the others of that rule are gone, and so over.

    Raises:
        UnknownRule: a condition names a rule that does not exist.
    """
    watched = {(one.rule, one.subject): one for one in incidents if one.rule in rulebook.rules}
    named = set()
    for condition in sorted(conditions, key=lambda one: one.moment):
        key = (condition.rule, condition.subject)
        named.add(key)
        before = watched.get(key)
        rulebook.rule(condition.rule)
        if condition.firing or before is not None:
            watched[key] = _observed(before, condition, rulebook)
    for key, one in watched.items():
        if one.rule in complete and key not in named and one.wrong:
            watched[key] = one.model_copy(update={"fine_since": now, "text": "It is no longer there to be watched."})
    events: list[Event] = []
    kept: list[Incident] = []
    for one in watched.values():
        after, told = _decided(one, now, rulebook, available, silences)
        events += told
        if after.since is not None or (_may_matter(after, rulebook) and now - after.seen < MEMORY):
            kept.append(after)
    return tuple(kept), events


def _observed(before: Incident | None, condition: Condition, rulebook: Rulebook) -> Incident:
    rule = rulebook.rule(condition.rule)
    base = before or Incident(rule=condition.rule, subject=condition.subject, seen=condition.moment)
    if before is not None and (_old(before, condition, rule) or _nothing_new(before, condition, rulebook)):
        return before
    recent = (*base.recent, Sighting(moment=condition.moment, firing=condition.firing))[-3:]
    wrong = _noisily_wrong(base, recent) if rule.noisy else condition.firing
    news: dict[str, object] = {"seen": condition.moment, "recent": recent}
    if condition.firing:
        news |= {"value": condition.value, "text": condition.text, "link": condition.link, "simulated": condition.simulated}
    if wrong and (base.since is None or rule.notice):
        since = min(one.moment for one in recent if one.firing) if rule.noisy else condition.moment
        news |= {"since": since, "id": _identity(condition, since), "told": None, "worst": None, "messages": 0, "severity": "low"}
    if wrong:
        news["fine_since"] = None
    elif base.since is not None and base.fine_since is None:
        news |= {"fine_since": condition.moment, "value": condition.value}
    after = base.model_copy(update=news)
    return after.model_copy(update=_worst(after, condition, rulebook)) if condition.firing and wrong else after


def _old(before: Incident, condition: Condition, rule: AlertRule) -> bool:
    once = rule.noisy or rule.notice
    return condition.moment < before.seen or (once and condition.moment == before.seen)


def _nothing_new(before: Incident, condition: Condition, rulebook: Rulebook) -> bool:
    """As wrong as it was a few minutes ago: a book that does not change is not written."""
    rule = rulebook.rule(condition.rule)
    severity = condition.severity or rulebook.severity(rule, condition.value)
    lasting = before.wrong and condition.firing and before.recent[-1].firing and not rule.notice
    return lasting and not worse(severity, before.severity) and condition.moment - before.seen < PATIENCE


def _may_matter(one: Incident, rulebook: Rulebook) -> bool:
    """Not wrong, and yet worth remembering: a notice (so that it is not told twice), a bad figure among the last two."""
    rule = rulebook.rule(one.rule)
    return rule.notice or (rule.noisy and any(sighting.firing for sighting in one.recent[-2:]))


def _noisily_wrong(base: Incident, recent: Sequence[Sighting]) -> bool:
    """Two bad ones of three make it wrong, two good ones in a row make it right again."""
    if base.wrong:
        return any(one.firing for one in recent[-2:])
    return sum(one.firing for one in recent) >= 2


def _worst(incident: Incident, condition: Condition, rulebook: Rulebook) -> dict[str, object]:
    severity = condition.severity or rulebook.severity(rulebook.rule(condition.rule), condition.value)
    figures = [figure for figure in (incident.worst, condition.value) if figure is not None]
    return {
        "severity": severity if worse(severity, incident.severity) else incident.severity,
        "worst": max(figures) if figures else None,
    }


def _decided(
    one: Incident, now: datetime, rulebook: Rulebook, available: frozenset[str], silences: Sequence[Silence]
) -> tuple[Incident, list[Event]]:
    rule = rulebook.rule(one.rule)
    if one.since is None:
        return one, []
    silenced = any(silence.covers(one.rule, one.subject, now) for silence in silences)
    if rule.notice:
        if silenced:
            return one, []
        told = [_event(one, "notice", now, rulebook, available)]
        return _heard(one, now, told).model_copy(update={"since": None}), told
    if one.wrong:
        opened = one.open or now - one.since >= timedelta(minutes=rule.opens_after_minutes)
        one = one.model_copy(update={"open": opened})
        kind = None if silenced else _worth_telling(one, now, rulebook)
        told = [_event(one, kind, now, rulebook, available)] if kind else []
        return _heard(one, now, told), told
    return _mended(one, rule, now, rulebook, available)


def _mended(
    one: Incident, rule: AlertRule, now: datetime, rulebook: Rulebook, available: frozenset[str]
) -> tuple[Incident, list[Event]]:
    """Over, once it was right for long enough; said to those who had heard of it, silence or not."""
    if one.open and one.fine_since and now - one.fine_since < timedelta(minutes=rule.closes_after_minutes):
        return one, []
    told = [_event(one, "recovered", now, rulebook, available)] if one.told else []
    forgotten = Incident(rule=one.rule, subject=one.subject, seen=one.seen, recent=one.recent)
    return forgotten, told


def _worth_telling(one: Incident, now: datetime, rulebook: Rulebook) -> Kind | None:
    if not one.open:
        return None
    if one.told is None:
        return "opened"
    if worse(one.severity, one.told):
        return "escalated"
    quiet = worse(rulebook.policy.reminds_from, one.severity)
    return "reminder" if one.told_at and not quiet and now >= _reminder_due(one.told_at, rulebook) else None


def _reminder_due(told_at: datetime, rulebook: Rulebook) -> datetime:
    """The first reminder hour at least ``REST`` after people were told."""
    rested = (told_at + REST).astimezone(rulebook.tzinfo)
    due = rested.replace(
        hour=rulebook.policy.reminder_at.hour, minute=rulebook.policy.reminder_at.minute, second=0, microsecond=0
    )
    return (due if due >= rested else due + timedelta(days=1)).astimezone(UTC)


def _heard(one: Incident, now: datetime, told: Sequence[Event]) -> Incident:
    if not told:
        return one
    channels = tuple(dict.fromkeys((*one.told_channels, *told[0].channels)))
    return one.model_copy(update={"told": one.severity, "told_at": now, "told_channels": channels, "messages": one.messages + 1})


def _event(one: Incident, kind: Kind, now: datetime, rulebook: Rulebook, available: frozenset[str]) -> Event:
    routed = rulebook.route(rulebook.rule(one.rule), one.severity, one.subject, available)
    heard = tuple(channel for channel in one.told_channels if channel in available)
    return Event(
        id=f"{one.id}-{one.messages + 1}",
        incident=one.id,
        kind=kind,
        rule=one.rule,
        subject=one.subject,
        severity=one.severity,
        moment=now,
        since=one.since or now,
        value=one.value,
        worst=one.worst,
        text=one.text,
        link=one.link,
        simulated=one.simulated,
        channels=heard if kind == "recovered" else routed,
    )


def _identity(condition: Condition, since: datetime) -> str:
    spell = f"{condition.rule}\n{condition.subject}\n{since.astimezone(UTC).isoformat()}"
    return hashlib.sha256(spell.encode()).hexdigest()[:12]
