"""What the rules would have sent over a recorded history, and how many of those alerts were false.

An alert about a figure was false if the figure's level was within the limit: the median of the first ``HINDSIGHT`` readings,
starting with the one that caused the alert. Whether an alert about a fact (a failed check or run) was false cannot be derived
from the record, so those are counted but not judged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from steel_assets.core.alerts.advance import advance
from steel_assets.core.alerts.conditions import Condition, Reading, judge
from steel_assets.core.alerts.incidents import Case, Event, Incident, Item
from steel_assets.core.alerts.rules import Rulebook

HINDSIGHT = 5
HOUR = timedelta(hours=1)


@dataclass
class Replay:
    """What would have been sent: messages by their main rule; for each rule the alerts, those judged, and those false."""

    events: list[Event] = field(default_factory=list)
    openings: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    start: datetime | None = None
    end: datetime | None = None


def replay(readings: Sequence[Reading], conditions: Sequence[Condition], rulebook: Rulebook, available: frozenset[str]) -> Replay:
    """Step through the recorded history moment by moment; each step uses only what was known then.

    Raises:
        UnknownRule: a condition names a rule that does not exist.
    """
    outcome = Replay()
    by_moment: defaultdict[datetime, list[Condition]] = defaultdict(list)
    for condition in [*judge(readings, rulebook), *conditions]:
        by_moment[condition.moment].append(condition)
    incidents: tuple[Incident, ...] = ()
    cases: tuple[Case, ...] = ()
    for moment in _ticks(sorted(by_moment)):
        if moment in by_moment or any(incident.since for incident in incidents):
            incidents, cases, events = advance(incidents, cases, by_moment.get(moment, ()), moment, rulebook, available)
            outcome.events += events
    figures = _figures(readings)
    for event in outcome.events:
        outcome.messages[event.rule] += 1
        for item in event.items:
            if item.state in ("new", "along"):
                outcome.openings[item.rule] += 1
                _judge(item, event.moment, figures, rulebook, outcome)
    if by_moment:
        outcome.start, outcome.end = min(by_moment), max(by_moment)
    return outcome


def _ticks(moments: Sequence[datetime]) -> Iterator[datetime]:
    """``moments`` and every hour between them, because reminders become due although nothing is recorded."""
    for before, after in pairwise(moments):
        yield before
        hours = int((after - before) / HOUR)
        yield from (tick for n in range(1, hours + 1) if (tick := before + n * HOUR) < after)
    yield from moments[-1:]


def _judge(
    item: Item, event: datetime, figures: dict[tuple[str, str], list[tuple[datetime, float]]], rulebook: Rulebook, outcome: Replay
) -> None:
    rule = rulebook.rule(item.rule)
    if rule.metric is None or rule.above is None:
        return
    after = [value for moment, value in figures.get((rule.metric, item.subject), []) if moment >= event][:HINDSIGHT]
    if len(after) == HINDSIGHT:
        outcome.judged[item.rule] += 1
        outcome.false[item.rule] += median(after) <= rule.above


def _figures(readings: Sequence[Reading]) -> dict[tuple[str, str], list[tuple[datetime, float]]]:
    figures: defaultdict[tuple[str, str], list[tuple[datetime, float]]] = defaultdict(list)
    for reading in sorted(readings, key=lambda reading: reading.moment):
        if reading.known and reading.value is not None:
            figures[(reading.metric, reading.subject)].append((reading.moment, reading.value))
    return dict(figures)
