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
    alone = [one for one in incidents if one.open and one.told is not None and not one.cause]
    if not alone:
        return list(incidents), list(cases)
    caused = with_causes(incidents, cases, rulebook)
    names = {(one.rule, one.subject) for one in alone}
    found = list(cases)
    for cause, members in by_cause(one for one in caused if (one.rule, one.subject) in names).items():
        moments = [one.told_at for one in members if one.told_at is not None]
        case = Case(
            cause=cause,
            id=_identity(cause, members),
            since=min(one.since or one.seen for one in members),
            told=worst_of(one.told or "low" for one in members),
            told_at=max(moments, default=max(one.seen for one in members)),
            told_channels=tuple(dict.fromkeys(channel for one in members for channel in one.told_channels)),
            messages=1,
            heard=tuple(Heard(rule=one.rule, subject=one.subject, severity=one.told or one.severity) for one in members),
            simulated=any(one.simulated for one in members),
        )
        found = [*(one for one in found if one.cause != cause), case]
    return caused, found


def ended(cases: Sequence[Case], before: Sequence[Incident], after: Sequence[Incident]) -> list[Case]:
    """``cases``, with what is over of what people had heard; what came back before that was said is not."""
    gone = {(one.rule, one.subject): one for one, now in zip(before, after, strict=True) if one.open and not now.open}
    back = {(one.rule, one.subject) for one in after if one.open}
    return [_with_ends(case, gone, back) for case in cases]


def _with_ends(case: Case, gone: dict[tuple[str, str], Incident], back: set[tuple[str, str]]) -> Case:
    news = [item(gone[key], "over") for one in (*case.heard, *case.along) if (key := (one.rule, one.subject)) in gone]
    kept = [one for one in case.over if (one.rule, one.subject) not in back]
    over = (*kept, *news)
    return case if over == case.over else case.model_copy(update={"over": over})


def notices(incidents: Sequence[Incident], tellers: Tellers) -> tuple[list[Incident], list[Event]]:
    """What is told once and never stays open: all that one rule has to say now, in one event."""
    due = [
        one for one in incidents if tellers.rulebook.rule(one.rule).notice and one.since is not None and not tellers.silent(one)
    ]
    events = []
    for rule in dict.fromkeys(one.rule for one in due):
        items = [item(one, "new") for one in due if one.rule == rule]
        first = next(one for one in due if one.rule == rule)
        events.append(event(f"{first.id}-1", first.id, "notice", "", items, tellers, simulated=any_simulated(due)))
    done = {(one.rule, one.subject) for one in due}
    heard = [
        one.model_copy(update={"since": None, "told": one.severity, "told_at": tellers.now, "messages": 1})
        if (one.rule, one.subject) in done
        else one
        for one in incidents
    ]
    return heard, events


def told(cases: Sequence[Case], incidents: Sequence[Incident], tellers: Tellers) -> tuple[list[Case], list[Event]]:
    """The cases after what is to be told of them now was told."""
    known, groups = {case.cause: case for case in cases}, by_cause(incidents)
    kept: list[Case] = []
    events: list[Event] = []
    for cause in dict.fromkeys((*known, *groups)):
        case, said = _of_case(known.get(cause), cause, groups.get(cause, []), tellers)
        kept += [case] if case is not None else []
        events += [said] if said is not None else []
    return kept, events


def _of_case(case: Case | None, cause: str, members: Sequence[Incident], tellers: Tellers) -> tuple[Case | None, Event | None]:
    visible = [one for one in members if not tellers.silent(one)]
    if case is None:
        if not any(one.wrong for one in visible):
            return None, None
        since = min(one.since or one.seen for one in visible)
        blank = Case(cause=cause, id=_identity(cause, visible), since=since, told="low", told_at=tellers.now)
        return _said(_with_along(blank, visible, visible, tellers.rulebook), "opened", visible, tellers)
    fresh = [one for one in visible if not case.knows(one.rule, one.subject)]
    lasting = [one for one in members if case.knows(one.rule, one.subject)]
    if not lasting and not fresh:
        return _over(case, tellers)
    case = _with_along(case, fresh, lasting, tellers.rulebook)
    kind = _worth_telling(case, visible, fresh, lasting, tellers)
    return _said(case, kind, visible, tellers) if kind else (case, None)


def _with_along(case: Case, fresh: Sequence[Incident], leaders: Sequence[Incident], rulebook: Rulebook) -> Case:
    """``case``, with those of ``fresh`` that one of ``leaders`` explains, and that need not be told by themselves."""
    here = _keys(fresh)
    kept = [one for one in case.along if (one.rule, one.subject) in here]
    known = {(one.rule, one.subject) for one in kept}
    joined = [
        Heard(rule=one.rule, subject=one.subject, severity=one.severity)
        for one in fresh
        if (one.rule, one.subject) not in known and _explained(one, leaders, rulebook)
    ]
    along = (*kept, *joined)
    return case if along == case.along else case.model_copy(update={"along": along})


def _explained(one: Incident, leaders: Sequence[Incident], rulebook: Rulebook) -> bool:
    leader = leading(one, leaders, rulebook)
    return leader is not None and leader.rule in rulebook.rule(one.rule).quietly


def _worth_telling(
    case: Case, visible: Sequence[Incident], fresh: Sequence[Incident], lasting: Sequence[Incident], tellers: Tellers
) -> Kind | None:
    if not visible:
        return None
    policy, now = tellers.rulebook.policy, tellers.now
    severity = worst_of(one.severity for one in visible)
    if worse(severity, case.told):
        return "escalated"
    along = {(one.rule, one.subject) for one in case.along}
    loud = [one for one in fresh if (one.rule, one.subject) not in along]
    if (loud or not lasting) and now - case.told_at >= timedelta(minutes=policy.gather_minutes):
        return "grown"
    wrong = [one for one in visible if one.wrong]
    due = now >= _reminder_due(case.told_at, severity, tellers.rulebook)
    if case.over and due:
        return "reminder"
    if case.acknowledged is not None or not wrong:
        return None
    waits = worst_of(one.severity for one in wrong) == "critical" and not case.unanswered
    if waits and now - case.told_at >= timedelta(minutes=policy.unanswered_minutes):
        return "unanswered"
    reminding = [one.severity for one in wrong if tellers.rulebook.rule(one.rule).reminds]
    return "reminder" if due and reminding and not worse(policy.reminds_from, worst_of(reminding)) else None


def _reminder_due(told_at: datetime, severity: Severity, rulebook: Rulebook) -> datetime:
    """The first reminder hour once people were left alone for the days of ``severity``, the last of them for ``REST`` only."""
    days = rulebook.policy.reminder_days.get(severity, 1)
    rested = (told_at + (days - 1) * A_DAY + REST).astimezone(rulebook.tzinfo)
    at = rulebook.policy.reminder_at
    due = rested.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return (due if due >= rested else due + A_DAY).astimezone(UTC)


def _said(case: Case, kind: Kind, visible: Sequence[Incident], tellers: Tellers) -> tuple[Case, Event]:
    """One message about ``case``, and what people know afterwards."""
    states = _states(case, visible)
    items = [*(item(one, states[(one.rule, one.subject)]) for one in visible), *case.over]
    changed = [one for one in items if one.state in ("new", "worse")]
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
    over = {(one.rule, one.subject) for one in case.over}
    silent = [one for one in case.heard if (one.rule, one.subject) not in over and (one.rule, one.subject) not in _keys(visible)]
    heard = [*silent, *(Heard(rule=one.rule, subject=one.subject, severity=one.severity) for one in visible)]
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
        Item(rule=one.rule, subject=one.subject, state="over", severity=one.severity, since=case.since)
        for one in case.heard
        if one.rule in tellers.rulebook.rules
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
    before = {(one.rule, one.subject): one.severity for one in case.heard}
    along = {(one.rule, one.subject) for one in case.along}
    alone = not any((one.rule, one.subject) not in along for one in visible)
    found: dict[tuple[str, str], State] = {}
    for one in visible:
        key = (one.rule, one.subject)
        if key in before:
            found[key] = "worse" if worse(one.severity, before[key]) else "open"
        else:
            found[key] = "along" if key in along and not alone else "new"
    return found


def _keys(incidents: Iterable[Incident]) -> set[tuple[str, str]]:
    return {(one.rule, one.subject) for one in incidents}


def _identity(cause: str, members: Iterable[Incident]) -> str:
    spells = "\n".join((cause, *sorted(one.id for one in members)))
    return hashlib.sha256(spells.encode()).hexdigest()[:12]
