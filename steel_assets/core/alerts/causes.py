"""The cause of each open incident (a provider, a market, the machine, …). Incidents of one cause share their messages.

The cause is the provider, market or job that an incident's subject names, else the cause that its rule declares (the machine, the
automation, the costs, …). If another incident explains it, its cause is that one's: a market without new prices follows its
provider, a stale asset the daemon that is dead. After a message was sent under a cause, the incident keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from steel_assets.core.alerts.incidents import Case, Incident
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.subjects import Place


def with_causes(incidents: Sequence[Incident], cases: Iterable[Case], rulebook: Rulebook) -> list[Incident]:
    """``incidents``, each open one with its cause; one that belongs to a case already keeps that case's cause."""
    every, settled = incidents, _settled(incidents, cases)
    cause_of = {(incident.rule, incident.subject): _own(incident, rulebook) for incident in every} | settled
    free = [incident for incident in every if incident.open and (incident.rule, incident.subject) not in settled]
    for entry in sorted(free, key=lambda incident: len(rulebook.rule(incident.rule).follows)):
        leader = leading(entry, every, rulebook)
        if leader is not None:
            cause_of[(entry.rule, entry.subject)] = cause_of[(leader.rule, leader.subject)]
    return [_caused(incident, cause_of[(incident.rule, incident.subject)]) for incident in every]


def _settled(incidents: Iterable[Incident], cases: Iterable[Case]) -> dict[tuple[str, str], str]:
    listed = list(cases)
    causes = {case.cause for case in listed}
    joined = {
        (incident.rule, incident.subject): incident.cause for incident in incidents if incident.open and incident.cause in causes
    }
    return joined | {(known.rule, known.subject): case.cause for case in listed for known in case.notified}


def leading(incident: Incident, others: Sequence[Incident], rulebook: Rulebook) -> Incident | None:
    """The open incident that explains ``incident``, or None."""
    here = rulebook.subjects.place(incident.subject)
    for rule in rulebook.rule(incident.rule).follows:
        fitting = [other for other in others if other.rule == rule and other.open and other is not incident]
        leaders = [other for other in fitting if _leads(other, here, rulebook)]
        if leaders:  # a provider before another check of the same market
            return min(leaders, key=lambda other: bool(_place(other, rulebook).market))
    return None


def _leads(other: Incident, here: Place, rulebook: Rulebook) -> bool:
    """A provider explains its own series and the markets priced by it, a market its own assets, the machine everything."""
    there, subjects = _place(other, rulebook), rulebook.subjects
    if there.provider:
        series = subjects.series_at(there, other.text)
        if here.market:
            return here.market in subjects.priced_by(series)
        return here.series in series if here.series else here.provider == there.provider and there.fits(here)
    if there.market:
        return there.market == here.market
    return rulebook.rule(other.rule).cause is not None


def _place(incident: Incident, rulebook: Rulebook) -> Place:
    """The place of ``incident`` in the pipeline: from its observer's facts, or else from its subject."""
    place = rulebook.subjects.place(incident.subject)
    kind, _, name = incident.hint.partition(":")
    if kind == "provider" and not place.provider:
        return Place(provider=name)
    return Place(market=name) if kind == "market" and not place.market else place


def _own(incident: Incident, rulebook: Rulebook) -> str:
    place = _place(incident, rulebook)
    if place.provider:
        return f"provider:{place.provider}"
    if place.market:
        return f"market:{place.market}"
    if incident.rule in rulebook.rules:
        rule = rulebook.rule(incident.rule)
        metric_of = [other.cause for other in rulebook.rules.values() if place.metric and other.metric == place.metric]
        kind = rule.cause or next((cause for cause in metric_of if cause), None)
        if kind == "channel":
            return f"channel:{incident.subject.partition(':')[0]}"
        if kind == "automation":
            return _runner(incident) or kind
        if kind is not None:
            return kind
    return f"{incident.rule}:{incident.subject}"


def _runner(incident: Incident) -> str:
    """The job of a run or schedule, or the sensor that stands still; sensors that fail share one cause."""
    if incident.rule in ("failed_run", "waiting_run"):
        return f"job:{incident.subject}"
    kind, _, name = incident.subject.partition(" ")
    if kind == "schedule":
        return f"job:{name}"
    return f"sensor:{name}" if kind == "sensor" and incident.rule == "silent_automation" else ""


def _caused(incident: Incident, cause: str) -> Incident:
    cause = cause if incident.open else ""
    return incident if incident.cause == cause else incident.model_copy(update={"cause": cause})


def by_cause(incidents: Iterable[Incident]) -> Mapping[str, list[Incident]]:
    """The open incidents of each cause, in the order in which causes first occur."""
    incidents_of: dict[str, list[Incident]] = {}
    for incident in incidents:
        if incident.open:
            incidents_of.setdefault(incident.cause, []).append(incident)
    return incidents_of
