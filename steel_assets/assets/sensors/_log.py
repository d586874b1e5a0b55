"""Reads Dagster's event log from the position that the alert state recorded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.assets.dagster_internals import events_in_order, indexed_events
from steel_assets.core.alerts.alert_state import LogCursor

OVERLAP = 500
"""How many ids are read again where ids do not appear in order (Postgres assigns them before it commits)."""

BATCH = 500

SETTLED = timedelta(minutes=5)
"""After this time no event with a lower id can appear any more."""


@dataclass(frozen=True)
class NewEvents:
    """The new events of a log.

    Attributes:
        events: not read before, oldest first.
        context: these and the ones read again, for conclusions that need several events.
        cursor: the position to store together with what the events led to.
    """

    events: Sequence[dg.EventLogRecord]
    context: Sequence[dg.EventLogRecord]
    cursor: LogCursor

    def cursor_without(self, unread: Sequence[dg.EventLogRecord]) -> LogCursor:
        """The position with which ``unread``, some of ``events``, are new again next time, and the others are not."""
        if not unread:
            return self.cursor
        first, names = min(unread, key=_id), {_name(record) for record in unread}
        seen = {_name(record) for record in self.context if _id(record) > _id(first) - OVERLAP} - names
        return LogCursor(position=_id(first) - 1, moment=moment_of(first), seen=tuple(sorted(seen)))


def news(
    instance: dg.DagsterInstance, kind: dg.DagsterEventType, cursor: LogCursor | None, now: datetime, first_look: timedelta
) -> NewEvents | None:
    """Events of ``kind`` after ``cursor``; None if there is nothing new.

    Without a cursor, or if the log was wiped since (its ids start again), the events of the last ``first_look`` are new.
    """
    latest = _read(instance, kind, None, 1, ascending=False)
    if not latest or (cursor is not None and _all_read(instance, latest[0], cursor, now)):
        return None
    if cursor is None or latest[0].storage_id < cursor.position:
        since = now - first_look if cursor is None else cursor.moment
        found = [
            record for record in _read(instance, kind, None, OVERLAP + BATCH, ascending=False) if moment_of(record) >= since
        ][::-1]
        position = 0
    else:
        found = _read(instance, kind, max(cursor.position - _overlap(instance), 0), OVERLAP + BATCH, ascending=True)
        position = cursor.position
    seen = set(cursor.seen) if cursor else set()
    fresh = [record for record in found if _name(record) not in seen]
    last = max(fresh, key=_id) if fresh else latest[0]
    if cursor is not None and not fresh and last.storage_id == position:
        return None
    position = max(position, _id(last))
    names = {_name(record) for record in [*found, last] if _id(record) > position - OVERLAP}
    return NewEvents(fresh, found, LogCursor(position=position, moment=moment_of(last), seen=tuple(sorted(names))))


def every(instance: dg.DagsterInstance, kind: dg.DagsterEventType) -> Iterator[dg.EventLogRecord]:
    """All events of ``kind`` that are recorded, oldest first."""
    after = 0
    while found := _read(instance, kind, after, BATCH, ascending=True):
        yield from found
        after = found[-1].storage_id


def moment_of(record: dg.EventLogRecord) -> datetime:
    """When the event happened, UTC."""
    return datetime.fromtimestamp(record.timestamp, tz=UTC)


def _read(
    instance: dg.DagsterInstance, kind: dg.DagsterEventType, after: int | None, limit: int, *, ascending: bool
) -> list[dg.EventLogRecord]:
    return list(indexed_events(instance, kind, after, limit, ascending=ascending))


def _overlap(instance: dg.DagsterInstance) -> int:
    """How many ids to read again: 1 where ids appear in order, which shows whether the last event is still the same."""
    return 1 if events_in_order(instance) else OVERLAP


def _all_read(instance: dg.DagsterInstance, latest: dg.EventLogRecord, cursor: LogCursor, now: datetime) -> bool:
    """Whether ``latest`` was read and no event with a lower id can still appear."""
    settled = _overlap(instance) == 1 or now - cursor.moment > SETTLED
    return settled and latest.storage_id == cursor.position and _name(latest) in cursor.seen


def _id(record: dg.EventLogRecord) -> int:
    return record.storage_id


def _name(record: dg.EventLogRecord) -> str:
    """The id and the time of an event: ids can be assigned again after a run was deleted, the pair cannot."""
    return f"{record.storage_id}@{record.timestamp:.3f}"
