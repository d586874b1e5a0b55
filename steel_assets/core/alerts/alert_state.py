"""The alert state: incidents, cases, silences, and what waits to be sent over which channel; one JSON document, written whole.

A message leaves the queue of a channel only when the channel has it: claimed (so that no other process sends it too), sent,
then marked. A batch that was claimed and never marked, because its process died, is claimed again with the same key, so
that a receiver can tell it is the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import AliasChoices, AwareDatetime, Field

from steel_assets.core.alerts.incidents import Case, Event, Incident, Silence
from steel_assets.core.types import Declaration
from steel_assets.core.watches.watch import Seen

LEASE = timedelta(minutes=2)
"""How long a process may take to send one batch before it counts as dead."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)


class Waiting(Declaration):
    """An event, the channels that still have to get it, and what became of the others."""

    event: Event
    channels: tuple[str, ...]
    sent: Mapping[str, AwareDatetime] = {}
    refused: Mapping[str, str] = {}


class Channel(Declaration):
    """How sending over one channel goes.

    Attributes:
        sending: the events of the batch that is on its way, or whose fate is not known.
        lease_until: until when the process that claimed it may be at work.
        perhaps_sent: True when the last attempt ended without saying whether the channel took the batch.
        failing_since, failures, next_try, problem: of attempts that failed in a row.
    """

    sending: tuple[str, ...] = ()
    lease_until: AwareDatetime | None = None
    perhaps_sent: bool = False
    failing_since: AwareDatetime | None = None
    failures: int = 0
    next_try: AwareDatetime | None = None
    problem: str = ""


class LogCursor(Declaration):
    """How far a log of events was read.

    Attributes:
        position: the highest storage id seen.
        moment: when that event happened.
        seen: the events near it that were read, for logs whose ids do not appear in order or are given again.
    """

    position: int
    moment: AwareDatetime
    seen: tuple[str, ...] = ()


class AlertState(Declaration):
    """Everything of alerting that is stored between two processes, so that no alert is lost or sent twice.

    Attributes:
        cursors: name of an event log to how far it was read; releases before 0.2 called them ``marks``.
        watched: id of a price watch → what was seen of it last.
        watched_as_of: moment of the publication in which watches were seen last.
        forgotten: when a damaged alert state was replaced by a new one; of earlier watches it is not known what was told.
    """

    incidents: tuple[Incident, ...] = ()
    cases: tuple[Case, ...] = ()
    silences: tuple[Silence, ...] = ()
    queue: tuple[Waiting, ...] = ()
    channels: Mapping[str, Channel] = {}
    cursors: Mapping[str, LogCursor] = Field(default={}, validation_alias=AliasChoices("cursors", "marks"))
    watched: Mapping[str, Seen] = {}
    watched_as_of: AwareDatetime | None = None
    forgotten: AwareDatetime | None = None

    @property
    def open_incidents(self) -> list[Incident]:
        """Open incidents, the most severe first."""
        order = ("critical", "high", "medium", "low")
        return sorted(
            (incident for incident in self.incidents if incident.open),
            key=lambda incident: (order.index(incident.severity), incident.since),
        )


class Batch(Declaration):
    """What goes over a channel in one piece: one event, or several as a digest.

    Attributes:
        key: the same for every attempt to send these events over this channel.
        repeat: True when an earlier attempt may have arrived.
    """

    channel: str
    key: str
    events: tuple[Event, ...]
    repeat: bool


def enqueued(alert_state: AlertState, events: list[Event]) -> AlertState:
    """``alert_state`` with ``events`` waiting, in order, for the channels they are routed to."""
    return alert_state.model_copy(
        update={"queue": (*alert_state.queue, *(Waiting(event=event, channels=event.channels) for event in events))}
    )


def due(
    alert_state: AlertState, channel: str, *, rests: bool = False, quiet: Callable[[Event], bool] = lambda event: False
) -> list[Event]:
    """What waits for ``channel``, in order, without what waits for the end of its rest or of hours that are quiet."""
    sending = alert_state.channels.get(channel, Channel()).sending
    waiting = [waiting.event for waiting in alert_state.queue if channel in waiting.channels]
    if rests:
        waiting = [event for event in waiting if event.severity == "critical" or event.id in sending]
    return [event for event in waiting if event.id in sending or not quiet(event)]


def claimed(
    alert_state: AlertState,
    channel: str,
    now: datetime,
    digest_above: int,
    *,
    rests: bool = False,
    quiet: Callable[[Event], bool] = lambda event: False,
) -> tuple[AlertState, Batch | None]:
    """The next batch for ``channel``, claimed for ``LEASE``; None when there is nothing to send, or not yet.

    Order is kept: nothing overtakes a batch that failed. Only what is critical does not wait while the channel ``rests``; what is
    ``quiet`` waits by itself. A batch that may have arrived is sent again whatever rests.
    """
    state, waiting = alert_state.channels.get(channel, Channel()), due(alert_state, channel, rests=rests, quiet=quiet)
    if not waiting or _ahead(state.lease_until, now, LEASE) or _ahead(state.next_try, now, LONGEST_PAUSE):
        return alert_state, None
    undecided = tuple(event for event in waiting if event.id in state.sending)
    events = undecided or (tuple(waiting) if len(waiting) > digest_above else (waiting[0],))
    repeat = bool(undecided) and (state.perhaps_sent or state.lease_until is not None)
    ids = tuple(event.id for event in events)
    key = hashlib.sha256("\n".join((channel, *ids)).encode()).hexdigest()[:20]
    claim = state.model_copy(update={"sending": ids, "lease_until": now + LEASE, "perhaps_sent": repeat})
    return _with(alert_state, channel, claim), Batch(channel=channel, key=key, events=events, repeat=repeat)


def delivered(alert_state: AlertState, batch: Batch, now: datetime) -> tuple[AlertState, list[Waiting]]:
    """The channel has ``batch``; also what no channel waits for any more."""
    return _settled(_with(alert_state, batch.channel, Channel()), batch, {"sent": {batch.channel: now}})


def refused(alert_state: AlertState, batch: Batch, why: str) -> tuple[AlertState, list[Waiting]]:
    """The channel will never take ``batch``, whatever is tried; also what no channel waits for any more."""
    return _settled(_with(alert_state, batch.channel, Channel()), batch, {"refused": {batch.channel: why}})


def postponed(alert_state: AlertState, batch: Batch, now: datetime, why: str, *, perhaps_sent: bool) -> AlertState:
    """The channel failed; the batch is tried again, after a pause that doubles up to ``LONGEST_PAUSE``."""
    state = alert_state.channels.get(batch.channel, Channel())
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(state.failures, 10))
    undecided = perhaps_sent or batch.repeat
    return _with(
        alert_state,
        batch.channel,
        Channel(
            sending=state.sending if undecided else (),
            perhaps_sent=undecided,
            failing_since=state.failing_since or now,
            failures=state.failures + 1,
            next_try=now + pause,
            problem=why,
        ),
    )


def _ahead(moment: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Whether ``moment`` is still to come. One further ahead than the longest pause is ignored: the clock was put back since."""
    return moment is not None and now < moment <= now + longest


def _settled(
    alert_state: AlertState, batch: Batch, outcome: Mapping[str, Mapping[str, object]]
) -> tuple[AlertState, list[Waiting]]:
    ids = {event.id for event in batch.events}
    unfinished: list[Waiting] = []
    finished: list[Waiting] = []
    for waiting in alert_state.queue:
        if waiting.event.id in ids and batch.channel in waiting.channels:
            rest = tuple(channel for channel in waiting.channels if channel != batch.channel)
            news = {name: {**getattr(waiting, name), **added} for name, added in outcome.items()}
            waiting = waiting.model_copy(update={"channels": rest, **news})
        (unfinished if waiting.channels else finished).append(waiting)
    return alert_state.model_copy(update={"queue": tuple(unfinished)}), finished


def _with(alert_state: AlertState, channel: str, state: Channel) -> AlertState:
    return alert_state.model_copy(update={"channels": {**alert_state.channels, channel: state}})
