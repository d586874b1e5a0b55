"""Case by case: what is to be told of the incidents of one cause, and what people have heard by then.

A case is told when it opens, at once when it gets worse or grows by something that people have not heard of (another market, a
target, another series), when it waits for an answer or is due for a reminder, and when all of it is over. What an incident takes
along is listed in its next message. What is over while the rest lasts is said in the next message too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from steel_assets.core.alerts.causes import by_cause, leading, with_causes
from steel_assets.core.alerts.incidents import Case, Event, Heard, Incident, Item, Kind, State
from steel_assets.core.alerts.listing import Tellers, any_simulated, event, item, worst_of
from steel_assets.core.alerts.rules import Rulebook, Severity, worse

REST = timedelta(hours=8)
"""Least time between a message and a reminder of the same case."""

A_DAY = timedelta(days=1)


def adopted(incidents: Sequence[Incident], cases: Sequence[Case], rulebook: Rulebook) -> tuple[list[Incident], list[Case]]:
    """Incidents that an earlier release told one by one, as cases: they are not told again, and their end is."""
    alone = [incident for incident in incidents if incident.open and incident.told is not None and not incident.cause]
    if not alone:
        return list(incidents), list(cases)
    caused = with_causes(incidents, cases, rulebook)
    names = {(incident.rule, incident.subject) for incident in alone}
    found = list(cases)
    for cause, members in by_cause(incident for incident in caused if (incident.rule, incident.subject) in names).items():
        moments = [incident.told_at for incident in members if incident.told_at is not None]
        case = Case(
            cause=cause,
            id=_identity(cause, members),
            since=min(incident.since or incident.seen for incident in members),
            told=worst_of(incident.told or "low" for incident in members),
            told_at=max(moments, default=max(incident.seen for incident in members)),
            told_channels=tuple(dict.fromkeys(channel for incident in members for channel in incident.told_channels)),
            messages=1,
            heard=tuple(
                Heard(rule=incident.rule, subject=incident.subject, severity=incident.told or incident.severity)
                for incident in members
            ),
            simulated=any(incident.simulated for incident in members),
        )
        found = [*(case for case in found if case.cause != cause), case]
    return caused, found


def ended(cases: Sequence[Case], before: Sequence[Incident], after: Sequence[Incident]) -> list[Case]:
    """``cases``, with what is over of what people had heard; what came back before that was said is not."""
    gone = {(one.rule, one.subject): one for one, now in zip(before, after, strict=True) if one.open and not now.open}
    back = {(incident.rule, incident.subject) for incident in after if incident.open}
    return [_with_ends(case, gone, back) for case in cases]


def _with_ends(case: Case, gone: dict[tuple[str, str], Incident], back: set[tuple[str, str]]) -> Case:
    news = [item(gone[key], "over") for heard in (*case.heard, *case.along) if (key := (heard.rule, heard.subject)) in gone]
    kept = [item for item in case.over if (item.rule, item.subject) not in back]
    over = (*kept, *news)
    return case if over == case.over else case.model_copy(update={"over": over})


def notices(incidents: Sequence[Incident], tellers: Tellers) -> tuple[list[Incident], list[Event]]:
    """What is told once and never stays open: all that one rule has to say now, in one event."""
    due = [
        incident
        for incident in incidents
        if tellers.rulebook.rule(incident.rule).notice and incident.since is not None and not tellers.silent(incident)
    ]
    events = []
    for rule in dict.fromkeys(incident.rule for incident in due):
        items = [item(incident, "new") for incident in due if incident.rule == rule]
        first = next(incident for incident in due if incident.rule == rule)
        events.append(event(f"{first.id}-1", first.id, "notice", "", items, tellers, simulated=any_simulated(due)))
    done = {(incident.rule, incident.subject) for incident in due}
    heard = [
        incident.model_copy(update={"since": None, "told": incident.severity, "told_at": tellers.now, "messages": 1})
        if (incident.rule, incident.subject) in done
        else incident
        for incident in incidents
    ]
    return heard, events


def announce(cases: Sequence[Case], incidents: Sequence[Incident], tellers: Tellers) -> tuple[list[Case], list[Event]]:
    """The cases after what is to be told of them now was told."""
    known, groups = {case.cause: case for case in cases}, by_cause(incidents)
    kept: list[Case] = []
    events: list[Event] = []
    for cause in dict.fromkeys((*known, *groups)):
        case, event = _of_case(known.get(cause), cause, groups.get(cause, []), tellers)
        kept += [case] if case is not None else []
        events += [event] if event is not None else []
    return kept, events


def _of_case(case: Case | None, cause: str, members: Sequence[Incident], tellers: Tellers) -> tuple[Case | None, Event | None]:
    visible = [incident for incident in members if not tellers.silent(incident)]
    if case is None:
        if not any(incident.wrong for incident in visible):
            return None, None
        since = min(incident.since or incident.seen for incident in visible)
        blank = Case(cause=cause, id=_identity(cause, visible), since=since, told="low", told_at=tellers.now)
        return _announced(_with_along(blank, visible, visible, tellers.rulebook), "opened", visible, tellers)
    fresh = [incident for incident in visible if not case.knows(incident.rule, incident.subject)]
    lasting = [incident for incident in members if case.knows(incident.rule, incident.subject)]
    if not lasting and not fresh:
        return _over(case, tellers)
    case = _with_along(case, fresh, lasting, tellers.rulebook)
    kind = _worth_telling(case, visible, fresh, lasting, tellers)
    return _announced(case, kind, visible, tellers) if kind else (case, None)


def _with_along(case: Case, fresh: Sequence[Incident], leaders: Sequence[Incident], rulebook: Rulebook) -> Case:
    """``case``, with those of ``fresh`` that one of ``leaders`` explains, and that need not be told by themselves."""
    here = _keys(fresh)
    kept = [heard for heard in case.along if (heard.rule, heard.subject) in here]
    known = {(heard.rule, heard.subject) for heard in kept}
    joined = [
        Heard(rule=incident.rule, subject=incident.subject, severity=incident.severity)
        for incident in fresh
        if (incident.rule, incident.subject) not in known and _explained(incident, leaders, rulebook)
    ]
    along = (*kept, *joined)
    return case if along == case.along else case.model_copy(update={"along": along})


def _explained(incident: Incident, leaders: Sequence[Incident], rulebook: Rulebook) -> bool:
    leader = leading(incident, leaders, rulebook)
    return leader is not None and leader.rule in rulebook.rule(incident.rule).quietly


def _worth_telling(
    case: Case, visible: Sequence[Incident], fresh: Sequence[Incident], lasting: Sequence[Incident], tellers: Tellers
) -> Kind | None:
    if not visible:
        return None
    policy, now = tellers.rulebook.policy, tellers.now
    severity = worst_of(incident.severity for incident in visible)
    if worse(severity, case.told):
        return "escalated"
    along = {(heard.rule, heard.subject) for heard in case.along}
    loud = [incident for incident in fresh if (incident.rule, incident.subject) not in along]
    if (loud or not lasting) and now - case.told_at >= timedelta(minutes=policy.gather_minutes):
        return "grown"
    wrong = [incident for incident in visible if incident.wrong]
    due = now >= _reminder_due(case.told_at, severity, tellers.rulebook)
    if case.over and due:
        return "reminder"
    if case.acknowledged is not None or not wrong:
        return None
    waits = worst_of(incident.severity for incident in wrong) == "critical" and not case.unanswered
    if waits and now - case.told_at >= timedelta(minutes=policy.unanswered_minutes):
        return "unanswered"
    reminding = [incident.severity for incident in wrong if tellers.rulebook.rule(incident.rule).reminds]
    return "reminder" if due and reminding and not worse(policy.reminds_from, worst_of(reminding)) else None


def _reminder_due(told_at: datetime, severity: Severity, rulebook: Rulebook) -> datetime:
    """The first reminder hour once people were left alone for the days of ``severity``, the last of them for ``REST`` only."""
    days = rulebook.policy.reminder_days.get(severity, 1)
    rested = (told_at + (days - 1) * A_DAY + REST).astimezone(rulebook.tzinfo)
    at = rulebook.policy.reminder_at
    due = rested.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return (due if due >= rested else due + A_DAY).astimezone(UTC)


def _announced(case: Case, kind: Kind, visible: Sequence[Incident], tellers: Tellers) -> tuple[Case, Event]:
    """One message about ``case``, and what people know afterwards."""
    states = _states(case, visible)
    items = [*(item(incident, states[(incident.rule, incident.subject)]) for incident in visible), *case.over]
    changed = [item for item in items if item.state in ("new", "worse")]
    routed = items if kind in ("reminder", "unanswered") or not changed else changed
    told_of = event(
        f"{case.id}-{case.messages + 1}",
        case.id,
        kind,
        case.cause,
        items,
        tellers,
        simulated=case.simulated or any_simulated(visible),
        since=case.since,
        about=routed,
        acknowledged=case.acknowledged.by if case.acknowledged else "",
    )
    over = {(item.rule, item.subject) for item in case.over}
    silent = [
        heard
        for heard in case.heard
        if (heard.rule, heard.subject) not in over and (heard.rule, heard.subject) not in _keys(visible)
    ]
    heard = [*silent, *(Heard(rule=incident.rule, subject=incident.subject, severity=incident.severity) for incident in visible)]
    after = case.model_copy(
        update={
            "told": told_of.severity,
            "told_at": tellers.now,
            "told_channels": tuple(dict.fromkeys((*case.told_channels, *told_of.channels))),
            "messages": case.messages + 1,
            "heard": tuple(heard),
            "over": (),
            "along": (),
            "simulated": told_of.simulated,
            "unanswered": kind == "unanswered" or (case.unanswered and kind != "escalated"),
        }
    )
    return after, told_of


def _over(case: Case, tellers: Tellers) -> tuple[None, Event | None]:
    """All of it is right again; said to those who had heard of it, silence or not. Of rules that are gone nothing is said."""
    items = list(case.over) or [
        Item(rule=heard.rule, subject=heard.subject, state="over", severity=heard.severity, since=case.since)
        for heard in case.heard
        if heard.rule in tellers.rulebook.rules
    ]
    if not items:
        return None, None
    channels = tuple(channel for channel in case.told_channels if channel in tellers.available)
    ending = event(
        f"{case.id}-{case.messages + 1}",
        case.id,
        "recovered",
        case.cause,
        items,
        tellers,
        simulated=case.simulated,
        since=case.since,
    )
    return None, ending.model_copy(update={"channels": channels, "severity": case.told})


def _states(case: Case, visible: Sequence[Incident]) -> dict[tuple[str, str], State]:
    """What is to be said of each incident since the message before; beside nothing that was told, nothing is along."""
    before = {(heard.rule, heard.subject): heard.severity for heard in case.heard}
    along = {(heard.rule, heard.subject) for heard in case.along}
    alone = not any((incident.rule, incident.subject) not in along for incident in visible)
    found: dict[tuple[str, str], State] = {}
    for one in visible:
        key = (one.rule, one.subject)
        if key in before:
            found[key] = "worse" if worse(one.severity, before[key]) else "open"
        else:
            found[key] = "along" if key in along and not alone else "new"
    return found


def _keys(incidents: Iterable[Incident]) -> set[tuple[str, str]]:
    return {(incident.rule, incident.subject) for incident in incidents}


def _identity(cause: str, members: Iterable[Incident]) -> str:
    spells = "\n".join((cause, *sorted(incident.id for incident in members)))
    return hashlib.sha256(spells.encode()).hexdigest()[:12]
