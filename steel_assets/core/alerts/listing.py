"""Lists incidents in a message, and makes the event: its channels, and its most important item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from steel_assets.core.alerts.causes import by_cause
from steel_assets.core.alerts.incidents import Event, Incident, Item, Kind, Silence, State
from steel_assets.core.alerts.rules import SEVERITIES, Rulebook, Severity


@dataclass(frozen=True)
class NotificationContext:
    """What messages depend on besides the incidents: rules, silences, configured channels, the moment."""

    now: datetime
    rulebook: Rulebook
    available: frozenset[str]
    silences: tuple[Silence, ...]

    def silent(self, incident: Incident) -> bool:
        """Whether a silence holds this incident back now."""
        return any(silence.covers(incident.rule, incident.subject, self.now, incident.cause) for silence in self.silences)

    def route(self, items: Iterable[Item]) -> tuple[str, ...]:
        """The channels for ``items``; a message about a channel is not sent over that channel."""
        listed = list(items)
        wanted = [
            channel
            for item in listed
            for channel in self.rulebook.route(self.rulebook.rule(item.rule), item.severity, item.subject, self.available)
        ]
        return tuple(channel for channel in dict.fromkeys(wanted) if channel not in {item.subject for item in listed})


def open_events(incidents: Iterable[Incident], now: datetime, rulebook: Rulebook) -> list[Event]:
    """One event for each open case, the most severe first, for pages and commands; none is sent."""
    nobody = NotificationContext(now, rulebook, frozenset(), ())
    events = [
        event(
            cause,
            cause,
            "opened",
            cause,
            [item(incident, "open") for incident in members],
            nobody,
            simulated=any_simulated(members),
            since=min(incident.since or incident.seen for incident in members),
        )
        for cause, members in by_cause(incident for incident in incidents if incident.rule in rulebook.rules).items()
    ]
    return sorted(events, key=lambda event: (-SEVERITIES.index(event.severity), event.since))


def event(
    name: str,
    case: str,
    kind: Kind,
    cause: str,
    items: Sequence[Item],
    context: NotificationContext,
    *,
    simulated: bool,
    since: datetime | None = None,
    about: Sequence[Item] | None = None,
    acknowledged: str = "",
) -> Event:
    """The event (message) that lists ``items``.

    Args:
        name, case: ids of the event, and of the case (or of the notice).
        about: the items that cause the message and determine its channels; None for all.
    """
    lead = _lead(items)
    lasting = [item.severity for item in items if item.state != "over"]
    return Event(
        id=name,
        incident=case,
        kind=kind,
        rule=lead.rule,
        subject=lead.subject,
        severity=worst_of(lasting or [lead.severity]),
        moment=context.now,
        since=since or lead.since,
        value=lead.value,
        worst=lead.worst,
        text=lead.text,
        link=lead.link,
        simulated=simulated,
        channels=context.route(about if about is not None else items),
        cause=cause,
        items=tuple(items),
        acknowledged=acknowledged,
    )


def _lead(items: Sequence[Item]) -> Item:
    """The item that gives an event its rule and subject: new items first, then by severity, then by time."""
    order = {"new": 0, "worse": 0, "along": 1, "open": 1, "over": 2}
    return min(items, key=lambda item: (order[item.state], -SEVERITIES.index(item.severity), item.since))


def item(incident: Incident, state: State) -> Item:
    """``incident`` as a message lists it."""
    return Item(
        rule=incident.rule,
        subject=incident.subject,
        state=state,
        severity=incident.severity,
        since=incident.since or incident.seen,
        value=incident.value,
        worst=incident.worst,
        text=incident.text,
        facts=incident.facts,
        link=incident.link,
    )


def any_simulated(incidents: Iterable[Incident]) -> bool:
    """Whether any of ``incidents`` is about simulated data."""
    return any(incident.simulated for incident in incidents)


def worst_of(severities: Iterable[Severity]) -> Severity:
    """The most severe of at least one."""
    return max(severities, key=SEVERITIES.index)
