"""The alert state: incidents, cases, silences, and messages that wait for channels; one JSON document, written as a whole.

A message leaves a channel's queue only after the channel has sent it. It is claimed first (so that no other process sends it
too), sent, then marked. If the process dies in between, the batch is claimed again with the same key, by which a receiver can
recognise it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import AliasChoices, AwareDatetime, Field

from steel_assets.core.alerts.incidents import Case, Event, Incident, Silence
from steel_assets.core.types import Declaration
from steel_assets.core.watches.watch import WatchState

LEASE = timedelta(minutes=2)
"""How long a process may take to send one batch before it counts as dead."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)


class Waiting(Declaration):
    """An event, the channels that have not sent it yet, and the outcome for the others."""

    event: Event
    channels: tuple[str, ...]
    sent: Mapping[str, AwareDatetime] = {}
    refused: Mapping[str, str] = {}


class ChannelState(Declaration):
    """The state of sending over one channel.

    Attributes:
        sending: events of the batch that is being sent, or whose outcome is not known.
        lease_until: the process that claimed the batch may be sending until then.
        perhaps_sent: whether the last attempt ended without knowing if the channel accepted the batch.
        failing_since, failures, next_try, problem: of consecutive failed attempts.
    """

    sending: tuple[str, ...] = ()
    lease_until: AwareDatetime | None = None
    perhaps_sent: bool = False
    failing_since: AwareDatetime | None = None
    failures: int = 0
    next_try: AwareDatetime | None = None
    problem: str = ""


class LogCursor(Declaration):
    """The position up to which an event log was read.

    Attributes:
        position: the highest storage id read.
        moment: the time of that event.
        seen: the events read near it, for logs whose ids do not appear in order or are assigned again.
    """

    position: int
    moment: AwareDatetime
    seen: tuple[str, ...] = ()


class AlertState(Declaration):
    """All state of alerting that outlives a process, so that no alert is lost or sent twice.

    Attributes:
        cursors: name of an event log → the position read; releases before 0.2 called them ``marks``.
        watched: id of a price watch → its last evaluation.
        watched_as_of: moment of the publication on which watches were last evaluated.
        forgotten: when a damaged alert state was replaced by a new one; whether earlier watches were sent is not known.
    """

    incidents: tuple[Incident, ...] = ()
    cases: tuple[Case, ...] = ()
    silences: tuple[Silence, ...] = ()
    queue: tuple[Waiting, ...] = ()
    channels: Mapping[str, ChannelState] = {}
    cursors: Mapping[str, LogCursor] = Field(default={}, validation_alias=AliasChoices("cursors", "marks"))
    watched: Mapping[str, WatchState] = {}
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
    """What is sent over a channel at once: one event, or several as a digest.

    Attributes:
        key: the same for every attempt to send these events over this channel.
        repeat: whether an earlier attempt may have arrived.
    """

    channel: str
    key: str
    events: tuple[Event, ...]
    repeat: bool


def enqueued(alert_state: AlertState, events: list[Event]) -> AlertState:
    """``alert_state`` with ``events`` added, in order, to the queues of the channels that they are routed to."""
    return alert_state.model_copy(
        update={"queue": (*alert_state.queue, *(Waiting(event=event, channels=event.channels) for event in events))}
    )


def due(
    alert_state: AlertState, channel: str, *, rests: bool = False, quiet: Callable[[Event], bool] = lambda event: False
) -> list[Event]:
    """The events that wait for ``channel``, in order, without those held back by its rest or by quiet hours."""
    sending = alert_state.channels.get(channel, ChannelState()).sending
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
    """The next batch for ``channel``, claimed for ``LEASE``; None if nothing is to be sent now.

    Order is kept: no event is sent before a failed batch. While the channel ``rests``, only critical events are sent; ``quiet``
    events wait on their own. A batch that may have arrived is sent again in any case.
    """
    state, waiting = alert_state.channels.get(channel, ChannelState()), due(alert_state, channel, rests=rests, quiet=quiet)
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
    """The state after the channel accepted ``batch``, and the events that no channel waits for any more."""
    return _settled(_with(alert_state, batch.channel, ChannelState()), batch, {"sent": {batch.channel: now}})


def refused(alert_state: AlertState, batch: Batch, why: str) -> tuple[AlertState, list[Waiting]]:
    """The state after the channel refused ``batch`` for good, and the events that no channel waits for any more."""
    return _settled(_with(alert_state, batch.channel, ChannelState()), batch, {"refused": {batch.channel: why}})


def postponed(alert_state: AlertState, batch: Batch, now: datetime, why: str, *, perhaps_sent: bool) -> AlertState:
    """The state after the channel failed; the batch is tried again after a pause that doubles up to ``LONGEST_PAUSE``."""
    state = alert_state.channels.get(batch.channel, ChannelState())
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(state.failures, 10))
    undecided = perhaps_sent or batch.repeat
    return _with(
        alert_state,
        batch.channel,
        ChannelState(
            sending=state.sending if undecided else (),
            perhaps_sent=undecided,
            failing_since=state.failing_since or now,
            failures=state.failures + 1,
            next_try=now + pause,
            problem=why,
        ),
    )


def _ahead(moment: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Whether ``moment`` is in the future, by at most ``longest``; one further ahead is from before the clock was set back."""
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


def _with(alert_state: AlertState, channel: str, state: ChannelState) -> AlertState:
    return alert_state.model_copy(update={"channels": {**alert_state.channels, channel: state}})
