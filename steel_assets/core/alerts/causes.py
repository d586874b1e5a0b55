"""Why things are wrong together: each open incident belongs to one cause, and people are told cause by cause.

The cause of an incident is what its subject names, a provider, a market or a job; else what its rule says (the machine, the
automation, the costs …). It is another one's when that one explains it: a market without new prices follows its provider, a stale
asset the daemon that is dead. Once people were told of it under a cause, it stays there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from steel_assets.core.alerts.incidents import Case, Incident
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.subjects import Place


def with_causes(incidents: Sequence[Incident], cases: Iterable[Case], rulebook: Rulebook) -> list[Incident]:
    """``incidents``, each open one with its cause; one that belongs to any of ``cases`` already keeps it."""
    every, settled = incidents, _settled(incidents, cases)
    found = {(one.rule, one.subject): _own(one, rulebook) for one in every} | settled
    free = [one for one in every if one.open and (one.rule, one.subject) not in settled]
    for one in sorted(free, key=lambda one: len(rulebook.rule(one.rule).follows)):
        leader = leading(one, every, rulebook)
        if leader is not None:
            found[(one.rule, one.subject)] = found[(leader.rule, leader.subject)]
    return [_caused(one, found[(one.rule, one.subject)]) for one in every]


def _settled(incidents: Iterable[Incident], cases: Iterable[Case]) -> dict[tuple[str, str], str]:
    listed = list(cases)
    causes = {case.cause for case in listed}
    joined = {(one.rule, one.subject): one.cause for one in incidents if one.open and one.cause in causes}
    return joined | {(one.rule, one.subject): case.cause for case in listed for one in case.heard}


def leading(one: Incident, others: Sequence[Incident], rulebook: Rulebook) -> Incident | None:
    """The open incident that explains ``one``; None when none does."""
    here = rulebook.subjects.place(one.subject)
    for rule in rulebook.rule(one.rule).follows:
        fitting = [other for other in others if other.rule == rule and other.open and other is not one]
        leaders = [other for other in fitting if _leads(other, here, rulebook)]
        if leaders:  # a provider before another check of the same market
            return min(leaders, key=lambda other: bool(_place(other, rulebook).market))
    return None


def _leads(other: Incident, here: Place, rulebook: Rulebook) -> bool:
    """A provider explains its own series and the markets that it prices, a market what is its own, the machine everything."""
    there, subjects = _place(other, rulebook), rulebook.subjects
    if there.provider:
        series = subjects.series_at(there, other.text)
        if here.market:
            return here.market in subjects.priced_by(series)
        return here.series in series if here.series else here.provider == there.provider and there.fits(here)
    if there.market:
        return there.market == here.market
    return rulebook.rule(other.rule).cause is not None


def _place(one: Incident, rulebook: Rulebook) -> Place:
    """Where ``one`` is: as its subject says, or as its observer did."""
    place = rulebook.subjects.place(one.subject)
    kind, _, name = one.hint.partition(":")
    if kind == "provider" and not place.provider:
        return Place(provider=name)
    return Place(market=name) if kind == "market" and not place.market else place


def _own(one: Incident, rulebook: Rulebook) -> str:
    place = _place(one, rulebook)
    if place.provider:
        return f"provider:{place.provider}"
    if place.market:
        return f"market:{place.market}"
    if one.rule in rulebook.rules:
        rule = rulebook.rule(one.rule)
        metric_of = [other.cause for other in rulebook.rules.values() if place.metric and other.metric == place.metric]
        kind = rule.cause or next((cause for cause in metric_of if cause), None)
        if kind == "channel":
            return f"channel:{one.subject.partition(':')[0]}"
        if kind == "automation":
            return _runner(one) or kind
        if kind is not None:
            return kind
    return f"{one.rule}:{one.subject}"


def _runner(one: Incident) -> str:
    """The job that a run or a schedule is of, or the sensor that stands still; sensors that fail do so together."""
    if one.rule in ("failed_run", "waiting_run"):
        return f"job:{one.subject}"
    kind, _, name = one.subject.partition(" ")
    if kind == "schedule":
        return f"job:{name}"
    return f"sensor:{name}" if kind == "sensor" and one.rule == "silent_automation" else ""


def _caused(one: Incident, cause: str) -> Incident:
    cause = cause if one.open else ""
    return one if one.cause == cause else one.model_copy(update={"cause": cause})


def by_cause(incidents: Iterable[Incident]) -> Mapping[str, list[Incident]]:
    """The open incidents of each cause, in the order of the causes' first."""
    found: dict[str, list[Incident]] = {}
    for one in incidents:
        if one.open:
            found.setdefault(one.cause, []).append(one)
    return found
