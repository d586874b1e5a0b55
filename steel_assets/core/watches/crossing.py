"""When a message about a watch is due: once, each time its condition becomes true. No clock, no storage."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from steel_assets.core.alerts.incidents import Event, Item
from steel_assets.core.alerts.rules import PRICE_WATCH, Rulebook
from steel_assets.core.watches.reading import WatchReading
from steel_assets.core.watches.watch import Watch, WatchState


def crossed(
    remembered: Mapping[str, WatchState],
    readings: Sequence[tuple[Watch, WatchReading]],
    now: datetime,
    rulebook: Rulebook,
    available: frozenset[str],
    *,
    simulated: bool,
    forgotten: datetime | None = None,
) -> tuple[dict[str, WatchState], list[Event]]:
    """The remembered state of the watches after ``readings`` at all of them, and the messages that are due.

    A watch without remembered state starts from its state when it was set. If a watch cannot be evaluated now, its state is kept.

    Args:
        available: channels that are configured.
        forgotten: when the remembered state was lost. Watches set before then start from this evaluation, because it is not known
            what was sent.
    """
    after: dict[str, WatchState] = {}
    events = []
    for watch, look in readings:
        begun = None if forgotten is not None and watch.created_at <= forgotten else watch.seen
        before, seen = remembered.get(watch.id, begun), look.seen(watch)
        if seen is None:
            after |= {} if before is None else {watch.id: before}
            continue
        if before is not None and _news(watch, before, seen):
            events.append(_event(watch, look, now, rulebook, available, simulated=simulated))
        elif before is not None and watch.kind == "move":
            seen = before  # its day is the last that was told, or the first that was looked at
        after[watch.id] = seen
    return after, events


def _news(watch: Watch, before: WatchState, seen: WatchState) -> bool:
    """A move is new on every further day of a price; anything else if it was not true before."""
    return seen.holds and (seen.day > before.day if watch.kind == "move" else not before.holds)


def _event(
    watch: Watch, reading: WatchReading, now: datetime, rulebook: Rulebook, available: frozenset[str], *, simulated: bool
) -> Event:
    rule = rulebook.rule(PRICE_WATCH)
    severity = rulebook.severity(rule, None)
    spell = hashlib.sha256(f"{PRICE_WATCH}\n{watch.id}\n{now.astimezone(UTC).isoformat()}".encode()).hexdigest()[:12]
    item = Item(rule=PRICE_WATCH, subject=watch.id, state="new", severity=severity, since=now, facts=reading.facts)
    return Event(
        id=f"{spell}-1",
        incident=spell,
        kind="notice",
        rule=PRICE_WATCH,
        subject=watch.id,
        severity=severity,
        moment=now,
        since=now,
        simulated=simulated,
        channels=rulebook.route(rule, severity, watch.id, available),
        items=(item,),
        quiet=watch.hours,
    )
