"""Which messages about each case are due, and what people know after them.

A message is sent when a case opens; at once when it gets worse or gains something new (another market, a target, another series);
when an acknowledgement or a reminder is due; and when all of it ended. An incident that another one explains is listed in the
next message. An incident that ends while the rest lasts is mentioned in the next message too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from steel_assets.core.alerts.causes import by_cause, leading, with_causes
from steel_assets.core.alerts.incidents import Case, Event, Incident, Item, Kind, NotifiedIncident, State
from steel_assets.core.alerts.listing import NotificationContext, any_simulated, event, item, worst_of
from steel_assets.core.alerts.rules import Rulebook, Severity, worse

REST = timedelta(hours=8)
"""Least time between a message and a reminder of the same case."""

A_DAY = timedelta(days=1)


def adopted(incidents: Sequence[Incident], cases: Sequence[Case], rulebook: Rulebook) -> tuple[list[Incident], list[Case]]:
    """Incidents that an earlier release sent one by one, as cases: they are not sent again, but their end is."""
    alone = [
        incident for incident in incidents if incident.open and incident.notified_severity is not None and not incident.cause
    ]
    if not alone:
        return list(incidents), list(cases)
    caused = with_causes(incidents, cases, rulebook)
    names = {(incident.rule, incident.subject) for incident in alone}
    all_cases = list(cases)
    for cause, members in by_cause(incident for incident in caused if (incident.rule, incident.subject) in names).items():
        moments = [incident.notified_at for incident in members if incident.notified_at is not None]
        case = Case(
            cause=cause,
            id=_identity(cause, members),
            since=min(incident.since or incident.seen for incident in members),
            notified_severity=worst_of(incident.notified_severity or "low" for incident in members),
            notified_at=max(moments, default=max(incident.seen for incident in members)),
            notified_channels=tuple(dict.fromkeys(channel for incident in members for channel in incident.notified_channels)),
            messages=1,
            notified=tuple(
                NotifiedIncident(
                    rule=incident.rule, subject=incident.subject, severity=incident.notified_severity or incident.severity
                )
                for incident in members
            ),
            simulated=any(incident.simulated for incident in members),
        )
        all_cases = [*(case for case in all_cases if case.cause != cause), case]
    return caused, all_cases


def ended(cases: Sequence[Case], before: Sequence[Incident], after: Sequence[Incident]) -> list[Case]:
    """``cases`` with the incidents that ended since the last message in ``over``, without those that are open again."""
    gone = {(entry.rule, entry.subject): entry for entry, now in zip(before, after, strict=True) if entry.open and not now.open}
    back = {(incident.rule, incident.subject) for incident in after if incident.open}
    return [_with_ends(case, gone, back) for case in cases]


def _with_ends(case: Case, gone: dict[tuple[str, str], Incident], back: set[tuple[str, str]]) -> Case:
    news = [
        item(gone[key], "over")
        for incident in (*case.notified, *case.along)
        if (key := (incident.rule, incident.subject)) in gone
    ]
    still_over = [item for item in case.over if (item.rule, item.subject) not in back]
    over = (*still_over, *news)
    return case if over == case.over else case.model_copy(update={"over": over})


def notices(incidents: Sequence[Incident], context: NotificationContext) -> tuple[list[Incident], list[Event]]:
    """One event for each rule that is a notice (sent once, never open), listing everything it reports now."""
    due = [
        incident
        for incident in incidents
        if context.rulebook.rule(incident.rule).notice and incident.since is not None and not context.silent(incident)
    ]
    events = []
    for rule in dict.fromkeys(incident.rule for incident in due):
        items = [item(incident, "new") for incident in due if incident.rule == rule]
        first = next(incident for incident in due if incident.rule == rule)
        events.append(event(f"{first.id}-1", first.id, "notice", "", items, context, simulated=any_simulated(due)))
    done = {(incident.rule, incident.subject) for incident in due}
    noticed = [
        incident.model_copy(
            update={"since": None, "notified_severity": incident.severity, "notified_at": context.now, "messages": 1}
        )
        if (incident.rule, incident.subject) in done
        else incident
        for incident in incidents
    ]
    return noticed, events


def announce(
    cases: Sequence[Case], incidents: Sequence[Incident], context: NotificationContext
) -> tuple[list[Case], list[Event]]:
    """The cases after their due messages, and those messages."""
    known, groups = {case.cause: case for case in cases}, by_cause(incidents)
    lasting: list[Case] = []
    events: list[Event] = []
    for cause in dict.fromkeys((*known, *groups)):
        case, event = _of_case(known.get(cause), cause, groups.get(cause, []), context)
        lasting += [case] if case is not None else []
        events += [event] if event is not None else []
    return lasting, events


def _of_case(
    case: Case | None, cause: str, members: Sequence[Incident], context: NotificationContext
) -> tuple[Case | None, Event | None]:
    visible = [incident for incident in members if not context.silent(incident)]
    if case is None:
        if not any(incident.wrong for incident in visible):
            return None, None
        since = min(incident.since or incident.seen for incident in visible)
        blank = Case(cause=cause, id=_identity(cause, visible), since=since, notified_severity="low", notified_at=context.now)
        return _announced(_with_along(blank, visible, visible, context.rulebook), "opened", visible, context)
    fresh = [incident for incident in visible if not case.knows(incident.rule, incident.subject)]
    lasting = [incident for incident in members if case.knows(incident.rule, incident.subject)]
    if not lasting and not fresh:
        return _over(case, context)
    case = _with_along(case, fresh, lasting, context.rulebook)
    kind = _kind_of_message(case, visible, fresh, lasting, context)
    return _announced(case, kind, visible, context) if kind else (case, None)


def _with_along(case: Case, fresh: Sequence[Incident], leaders: Sequence[Incident], rulebook: Rulebook) -> Case:
    """``case`` with those of ``fresh`` that one of ``leaders`` explains, and that need no message of their own."""
    here = _keys(fresh)
    still_along = [incident for incident in case.along if (incident.rule, incident.subject) in here]
    known = {(incident.rule, incident.subject) for incident in still_along}
    joined = [
        NotifiedIncident(rule=incident.rule, subject=incident.subject, severity=incident.severity)
        for incident in fresh
        if (incident.rule, incident.subject) not in known and _explained(incident, leaders, rulebook)
    ]
    along = (*still_along, *joined)
    return case if along == case.along else case.model_copy(update={"along": along})


def _explained(incident: Incident, leaders: Sequence[Incident], rulebook: Rulebook) -> bool:
    leader = leading(incident, leaders, rulebook)
    return leader is not None and leader.rule in rulebook.rule(incident.rule).quietly


def _kind_of_message(
    case: Case, visible: Sequence[Incident], fresh: Sequence[Incident], lasting: Sequence[Incident], context: NotificationContext
) -> Kind | None:
    if not visible:
        return None
    policy, now = context.rulebook.policy, context.now
    severity = worst_of(incident.severity for incident in visible)
    if worse(severity, case.notified_severity):
        return "escalated"
    along = {(incident.rule, incident.subject) for incident in case.along}
    loud = [incident for incident in fresh if (incident.rule, incident.subject) not in along]
    if (loud or not lasting) and now - case.notified_at >= timedelta(minutes=policy.gather_minutes):
        return "grown"
    wrong = [incident for incident in visible if incident.wrong]
    due = now >= _reminder_due(case.notified_at, severity, context.rulebook)
    if case.over and due:
        return "reminder"
    if case.acknowledged is not None or not wrong:
        return None
    waits = worst_of(incident.severity for incident in wrong) == "critical" and not case.unanswered
    if waits and now - case.notified_at >= timedelta(minutes=policy.unanswered_minutes):
        return "unanswered"
    reminding = [incident.severity for incident in wrong if context.rulebook.rule(incident.rule).reminds]
    return "reminder" if due and reminding and not worse(policy.reminds_from, worst_of(reminding)) else None


def _reminder_due(notified_at: datetime, severity: Severity, rulebook: Rulebook) -> datetime:
    """The first reminder hour that is ``REST``, plus the policy's days for ``severity`` less one, after the last message."""
    days = rulebook.policy.reminder_days.get(severity, 1)
    rested = (notified_at + (days - 1) * A_DAY + REST).astimezone(rulebook.tzinfo)
    at = rulebook.policy.reminder_at
    due = rested.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return (due if due >= rested else due + A_DAY).astimezone(UTC)


def _announced(case: Case, kind: Kind, visible: Sequence[Incident], context: NotificationContext) -> tuple[Case, Event]:
    """One message about ``case``, and the case with what people know afterwards."""
    states = _states(case, visible)
    items = [*(item(incident, states[(incident.rule, incident.subject)]) for incident in visible), *case.over]
    changed = [item for item in items if item.state in ("new", "worse")]
    routed = items if kind in ("reminder", "unanswered") or not changed else changed
    news = event(
        f"{case.id}-{case.messages + 1}",
        case.id,
        kind,
        case.cause,
        items,
        context,
        simulated=case.simulated or any_simulated(visible),
        since=case.since,
        about=routed,
        acknowledged=case.acknowledged.by if case.acknowledged else "",
    )
    over = {(item.rule, item.subject) for item in case.over}
    silent = [
        incident
        for incident in case.notified
        if (incident.rule, incident.subject) not in over and (incident.rule, incident.subject) not in _keys(visible)
    ]
    notified = [
        *silent,
        *(NotifiedIncident(rule=incident.rule, subject=incident.subject, severity=incident.severity) for incident in visible),
    ]
    after = case.model_copy(
        update={
            "notified_severity": news.severity,
            "notified_at": context.now,
            "notified_channels": tuple(dict.fromkeys((*case.notified_channels, *news.channels))),
            "messages": case.messages + 1,
            "notified": tuple(notified),
            "over": (),
            "along": (),
            "simulated": news.simulated,
            "unanswered": kind == "unanswered" or (case.unanswered and kind != "escalated"),
        }
    )
    return after, news


def _over(case: Case, context: NotificationContext) -> tuple[None, Event | None]:
    """The last message of a case whose incidents all ended; None if its rules are no longer in the catalogue.

    It is sent to the channels that had a message before, also during a silence.
    """
    items = list(case.over) or [
        Item(rule=known.rule, subject=known.subject, state="over", severity=known.severity, since=case.since)
        for known in case.notified
        if known.rule in context.rulebook.rules
    ]
    if not items:
        return None, None
    channels = tuple(channel for channel in case.notified_channels if channel in context.available)
    ending = event(
        f"{case.id}-{case.messages + 1}",
        case.id,
        "recovered",
        case.cause,
        items,
        context,
        simulated=case.simulated,
        since=case.since,
    )
    return None, ending.model_copy(update={"channels": channels, "severity": case.notified_severity})


def _states(case: Case, visible: Sequence[Incident]) -> dict[tuple[str, str], State]:
    """The change of each incident since the message before; without any earlier message none is ``along``."""
    before = {(incident.rule, incident.subject): incident.severity for incident in case.notified}
    along = {(incident.rule, incident.subject) for incident in case.along}
    alone = not any((incident.rule, incident.subject) not in along for incident in visible)
    states: dict[tuple[str, str], State] = {}
    for entry in visible:
        key = (entry.rule, entry.subject)
        if key in before:
            states[key] = "worse" if worse(entry.severity, before[key]) else "open"
        else:
            states[key] = "along" if key in along and not alone else "new"
    return states


def _keys(incidents: Iterable[Incident]) -> set[tuple[str, str]]:
    return {(incident.rule, incident.subject) for incident in incidents}


def _identity(cause: str, members: Iterable[Incident]) -> str:
    spells = "\n".join((cause, *sorted(incident.id for incident in members)))
    return hashlib.sha256(spells.encode()).hexdigest()[:12]
