"""The outbox of alerts: due messages are stored until every channel has sent them; several processes may send from it.

All state is one document in the object store, the alert state, changed by compare-and-set: conditions and the messages they cause
are stored in one step, so a process that dies loses and doubles nothing. To send is to claim, send, and mark. A claim that was
never marked is taken again with the same key, by which a channel can recognise a repeated message. Messages that every channel
has sent become history.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from steel_assets.adapters.alerts.acknowledgements import left
from steel_assets.adapters.alerts.stored_state import STATE_KEY, read_alert_state, rename_former
from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.lake.damaged import Damaged as SetAside
from steel_assets.adapters.lake.damaged import why_not
from steel_assets.adapters.notifiers import NotificationRefused, Notifier, NotSent
from steel_assets.adapters.objects.checksummed import Damaged, checksummed, unseal
from steel_assets.adapters.objects.object_store import Conflict, ObjectStore
from steel_assets.core.alerts.acknowledging import AuditLine, Deed, acknowledged
from steel_assets.core.alerts.advance import advance
from steel_assets.core.alerts.alert_state import (
    AlertState,
    Batch,
    ChannelState,
    LogCursor,
    Waiting,
    claimed,
    delivered,
    due,
    enqueued,
    postponed,
    refused,
)
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Acknowledgement, Case, Event, Silence
from steel_assets.core.alerts.message import compose
from steel_assets.core.alerts.rules import PRICE_WATCH, Rulebook
from steel_assets.core.alerts.tokens import removal_token, token
from steel_assets.core.watches.crossing import crossed
from steel_assets.core.watches.reading import Published
from steel_assets.core.watches.watch import Watch
from steel_assets.core.words import Language

HISTORY = "alerts/history/"
DAMAGED = "alerts/damaged/"
AUDIT = "alerts/audit/"
ATTEMPTS = 200
D = TypeVar("D", AuditLine, Waiting)


def _token(key: bytes, channel: str, event: Event) -> str:
    """The link's token, the same in every attempt to send ``event``."""
    return token(key, event.incident, channel, event.moment)


def _removing(key: bytes, event: Event) -> str:
    return removal_token(key, event.subject)


@dataclass
class Round:
    """What one round of sending did: notifications sent, and the problem of each channel that failed."""

    sent: list[Batch] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


class Outbox:
    """The alert state in an object store, and sending from it.

    Args:
        channels: those configured; messages are routed to them when they become due.
        simulated: whether this installation's prices are simulated; then all messages say so, also those not about prices.
        site: address of the prediction service, for the links; empty if not configured.
        language: of recipients without a language of their own.
        key: signs the links that acknowledge; without it messages have no such links.
    """

    def __init__(
        self,
        store: ObjectStore,
        rulebook: Rulebook,
        channels: frozenset[str],
        *,
        simulated: bool = False,
        site: str = "",
        language: Language = "en",
        key: bytes | None = None,
    ) -> None:
        self.store = store
        self.rulebook = rulebook
        self.channels = channels
        self.simulated = simulated
        self.site = site
        self.language = language
        self._key = key

    def alert_state(self) -> AlertState:
        """The present alert state.

        Raises:
            Damaged: it is damaged.
        """
        return read_alert_state(self.store)

    def report(
        self,
        conditions: Iterable[Condition],
        now: datetime,
        *,
        complete: frozenset[str] = frozenset(),
        cursors: Mapping[str, LogCursor] | None = None,
    ) -> AlertState:
        """Store ``conditions`` and the position up to which their source was read, in one write.

        Args:
            complete: rules for which ``conditions`` names every subject; see ``core.alerts.advance``.
            cursors: name of an event log → position.

        Raises:
            UnknownRule: a condition names a rule that does not exist; nothing was stored.
        """
        given = tuple(map(self._marked, conditions))

        def note(alert_state: AlertState) -> AlertState:
            incidents, cases, events = advance(
                alert_state.incidents, alert_state.cases, given, now, self.rulebook, self.channels, alert_state.silences, complete
            )
            silences = tuple(silence for silence in alert_state.silences if silence.until > now)
            news = {
                "incidents": incidents,
                "cases": cases,
                "silences": silences,
                "cursors": {**alert_state.cursors, **(cursors or {})},
            }
            return enqueued(alert_state.model_copy(update=news), events)

        return self._change(note, now)

    def watch(self, watches: Iterable[Watch], published: Published, now: datetime, *, as_of: datetime | None = None) -> list[str]:
        """Evaluate all price ``watches`` on a publication; queue a message for each that became true.

        The evaluation is stored in the same write as the messages, so a process that dies before it, or evaluates again after it,
        sends nothing twice. A publication older than the last evaluated one is ignored.

        Args:
            as_of: moment of the publication; None for ``now``.

        Returns:
            The ids of watches with a new message.
        """
        looks = [(watch, published.read(watch)) for watch in watches]
        told: list[str] = []
        moment = as_of or now

        def note(alert_state: AlertState) -> AlertState:
            told.clear()
            last = alert_state.watched_as_of
            if last is not None and moment < last <= now:  # a time in the future was noted before the clock was set back
                return alert_state
            watched, events = crossed(
                alert_state.watched,
                looks,
                now,
                self.rulebook,
                self.channels,
                simulated=published.simulated or self.simulated,
                forgotten=alert_state.forgotten,
            )
            told.extend(event.subject for event in events)
            news = {"watched": watched, "watched_as_of": moment} if watched or alert_state.watched else {}
            return enqueued(alert_state.model_copy(update=news), events)

        self._change(note, now)
        return told

    def silence(self, silence: Silence, now: datetime, by: str) -> AlertState:
        """Hold messages back during maintenance."""
        about = f"{silence.id}: {silence.rule} / {silence.subject} / {silence.cause}, until {silence.until:%Y-%m-%dT%H:%MZ}"
        self._note(now, by, "silenced", about, silence.reason)
        return self._change(
            lambda alert_state: alert_state.model_copy(update={"silences": (*alert_state.silences, silence)}), now
        )

    def unsilence(self, name: str, now: datetime, by: str) -> bool:
        """End a silence early; False if there is none with that id."""
        if not any(silence.id == name for silence in self.alert_state().silences):
            return False
        self._note(now, by, "silence ended", name, "")
        self._change(
            lambda alert_state: alert_state.model_copy(
                update={"silences": tuple(silence for silence in alert_state.silences if silence.id != name)}
            ),
            now,
        )
        return True

    def acknowledge(self, name: str, given: Acknowledgement, now: datetime) -> list[str]:
        """Note who looks after the cases with this cause or id, which stops reminders. Returns their causes."""
        taken: list[Case] = []

        def take(alert_state: AlertState) -> AlertState:
            after, taken[:] = acknowledged(alert_state, name, given)
            for case in taken:
                self._note(given.at, given.by, "acknowledged", case.cause, given.note, name=case.id)
            return after

        self._change(take, now)
        return [case.cause for case in taken]

    def take_up(self, now: datetime) -> list[str]:
        """Acknowledge the cases whose link was used since the last call. Returns their causes."""
        open_ones = {case.id for case in self.alert_state().cases if case.acknowledged is None}
        if not open_ones or self._key is None:
            return []
        return [
            cause
            for case, given in left(self.store, self._key, now)
            if case in open_ones
            for cause in self.acknowledge(case, given, now)
        ]

    def audit(self) -> list[AuditLine]:
        """Everything that people did, oldest first. Damaged lines are quarantined."""
        lines = [line for key in list(self.store.list(AUDIT)) if (line := self._read(key, AuditLine)) is not None]
        return sorted(lines, key=lambda line: (line.at, line.id))

    def _note(self, now: datetime, by: str, did: Deed, about: str, note: str, *, name: str = "") -> None:
        """Store an audit line before the change that it is about; ``name`` makes repeated attempts write the same line."""
        line = AuditLine(id=name or uuid.uuid4().hex[:12], at=now, by=by, did=did, about=about, note=note)
        self.store.put(f"{AUDIT}{now:%Y-%m}/{line.id}.json", checksummed(line.model_dump(mode="json")))

    def deliver(
        self,
        notifiers: Mapping[str, Notifier],
        clock: Callable[[], datetime],
        ui: str,
        *,
        grace: timedelta = timedelta(seconds=40),
    ) -> Round:
        """Send what waits, channel by channel, each in order; a channel that fails is tried again in a later round.

        Args:
            ui: address of the Dagster UI, for the links.
            grace: after this time no further notification is started.
        """
        started, done = clock(), Round()
        self._drop_removed(started)
        for name, notifier in notifiers.items():
            while clock() - started < grace:
                batch = self._claim(name, clock())
                if batch is None or not self._send(notifier, batch, clock, ui, done):
                    break
        self._report_channels(notifiers, clock())
        return done

    def untold(self, channels: Iterable[str], now: datetime) -> dict[str, str]:
        """Those of ``channels`` for which something waits that a rest or quiet hours do not hold up, and why it does."""
        state = self.alert_state()
        found = {}
        for name in channels:
            waiting = due(state, name, rests=self.rulebook.rests(name, now), quiet=partial(self._quiet, now))
            if waiting:
                found[name] = f"{len(waiting)} to be told: {state.channels.get(name, ChannelState()).problem or 'not sent yet'}"
        return found

    def _quiet(self, now: datetime, event: Event) -> bool:
        return self.rulebook.quiet(event.quiet, now)

    def _drop_removed(self, now: datetime) -> None:
        """Remove queued messages of price watches that were removed since."""

        def drop(alert_state: AlertState) -> AlertState:
            if not any(waiting.event.rule == PRICE_WATCH for waiting in alert_state.queue):
                return alert_state
            there = {watch.id for watch in WatchStore(self.store).all()}
            kept = [
                waiting for waiting in alert_state.queue if waiting.event.rule != PRICE_WATCH or waiting.event.subject in there
            ]
            return alert_state.model_copy(update={"queue": tuple(kept)})

        self._change(drop, now)

    def history(self, since: datetime | None = None) -> list[Waiting]:
        """Events that all their channels have sent (or refused), oldest first; from the month of ``since`` on, if given.

        Damaged files are quarantined.
        """
        first = f"{HISTORY}{since:%Y-%m}" if since else ""
        keys = [key for key in self.store.list(HISTORY) if key >= first]
        delivered_events = [one for key in keys if (one := self._read(key, Waiting)) is not None]
        return sorted(delivered_events, key=lambda waiting: (waiting.event.moment, waiting.event.id))

    def _read(self, key: str, kind: type[D]) -> D | None:
        """The document of ``kind`` under ``key``; None if it is damaged, which is then quarantined."""
        content = self.store.get(key)
        try:
            return kind.model_validate(unseal(content))
        except ValueError as error:
            SetAside(self.store).set_aside(key, content, why_not(error))
            return None

    def _claim(self, channel: str, now: datetime) -> Batch | None:
        taken: list[Batch | None] = []

        def take(alert_state: AlertState) -> AlertState:
            rests = self.rulebook.rests(channel, now)
            after, batch = claimed(
                alert_state,
                channel,
                now,
                self.rulebook.policy.digest_above,
                rests=rests,
                quiet=partial(self._quiet, now),
            )
            taken.append(batch)
            return after

        self._change(take, now)
        return taken[-1]

    def _send(self, notifier: Notifier, batch: Batch, clock: Callable[[], datetime], ui: str, done: Round) -> bool:
        """Send one claimed batch and store the outcome; return whether the channel can take the next one."""
        notification = compose(
            batch.events,
            self.rulebook,
            ui,
            batch.key,
            repeat=batch.repeat,
            site=self.site,
            language=self.language,
            sealed=partial(_token, self._key, batch.channel) if self._key else None,
            removing=partial(_removing, self._key) if self._key else None,
        )
        try:
            left_out = notifier.send(notification)
        except NotSent as failure:
            return self._postpone(batch, str(failure), clock(), done, perhaps_sent=failure.perhaps_sent)
        except NotificationRefused as failure:
            why, now = str(failure), clock()
            self._settle(lambda alert_state: refused(alert_state, batch, why), now)
            condition = Condition(rule="refused_message", subject=batch.channel, firing=True, moment=now, text=why)
            self.report([condition], now)
            done.problems[batch.channel] = why
            return True
        except Exception as error:  # noqa: BLE001 - a fault in one channel must not keep the others from being used
            return self._postpone(batch, f"a fault in the channel ({type(error).__name__})", clock(), done, perhaps_sent=True)
        now = clock()
        self._settle(lambda alert_state: delivered(alert_state, batch, now), now)
        if notifier.recipients:
            self._report_recipients(batch.channel, notifier.recipients, left_out, now)
        done.sent.append(batch)
        return True

    def _report_recipients(self, channel: str, recipients: Iterable[str], left_out: Mapping[str, str], now: datetime) -> None:
        conditions = [
            Condition(
                rule="refused_recipient",
                subject=f"{channel}: {name}",
                firing=name in left_out,
                moment=now,
                text=left_out.get(name, ""),
            )
            for name in recipients
        ]
        self.report(conditions, now)

    def _postpone(self, batch: Batch, why: str, now: datetime, done: Round, *, perhaps_sent: bool) -> bool:
        self._change(lambda alert_state: postponed(alert_state, batch, now, why, perhaps_sent=perhaps_sent), now)
        done.problems[batch.channel] = why
        return False

    def _settle(self, outcome: Callable[[AlertState], tuple[AlertState, list[Waiting]]], now: datetime) -> None:
        def settle(alert_state: AlertState) -> AlertState:
            after, finished = outcome(alert_state)
            for waiting in finished:
                key = f"{HISTORY}{waiting.event.moment:%Y-%m}/{waiting.event.id}.json"
                self.store.put(key, checksummed(waiting.model_dump(mode="json")))
            return after

        self._change(settle, now)

    def _report_channels(self, notifiers: Mapping[str, Notifier], now: datetime) -> None:
        states = self.alert_state().channels
        limit = timedelta(minutes=self.rulebook.policy.channel_down_minutes)
        down = [
            Condition(
                rule="channel_down",
                subject=name,
                firing=bool(state.failing_since and now - state.failing_since >= limit),
                moment=now,
                text=f"{state.failures} attempts failed; the last one: {state.problem}" if state.failures else "",
            )
            for name, state in states.items()
            if name in notifiers
        ]
        self.report([*down, *self._recipients_gone(notifiers, now)], now, complete=frozenset({"channel_down"}))

    def _recipients_gone(self, notifiers: Mapping[str, Notifier], now: datetime) -> Iterable[Condition]:
        """Conditions that end the incidents of refused recipients who are no longer in the settings."""
        there = {f"{channel}: {name}" for channel, notifier in notifiers.items() for name in notifier.recipients}
        for incident in self.alert_state().incidents:
            if incident.rule == "refused_recipient" and incident.subject not in there:
                yield Condition(rule=incident.rule, subject=incident.subject, firing=False, moment=now)

    def _marked(self, condition: Condition) -> Condition:
        return condition.model_copy(update={"simulated": True}) if self.simulated else condition

    def _change(self, edit: Callable[[AlertState], AlertState], now: datetime) -> AlertState:
        """Replace the alert state by ``edit(alert_state)``, again if another process was faster; no change is not written."""
        for _ in range(ATTEMPTS):
            version = self.store.version(STATE_KEY)
            if version is None:
                rename_former(self.store)
                version = self.store.version(STATE_KEY)
            try:
                before = self.alert_state()
            except Damaged:
                self._set_aside(version, now)
                continue
            after = edit(before)
            if after == before:
                return before
            try:
                self.store.put_if(STATE_KEY, checksummed(after.model_dump(mode="json")), version)
            except Conflict:
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311  spreads waiting processes, keeps no secret
                continue
            return after
        raise Conflict(
            f"{self.store.uri(STATE_KEY)} was changed by other processes {ATTEMPTS} times in a row; run fewer processes that "
            "send alerts"
        )

    def _set_aside(self, version: str | None, now: datetime) -> None:
        """Move a damaged alert state to quarantine, and start a new one that reports it."""
        kept = f"{DAMAGED}{now:%Y-%m-%dT%H%M%SZ}.json"
        self.store.put(kept, self.store.get(STATE_KEY))
        text = f"{self.store.uri(STATE_KEY)} was damaged and is now {self.store.uri(kept)}."
        condition = self._marked(Condition(rule="memory_lost", subject="alert state", firing=True, moment=now, text=text))
        incidents, cases, events = advance((), (), [condition], now, self.rulebook, self.channels)
        fresh: dict[str, Any] = enqueued(AlertState(incidents=incidents, cases=cases, forgotten=now), events).model_dump(
            mode="json"
        )
        try:
            self.store.put_if(STATE_KEY, checksummed(fresh), version)
        except Conflict:
            return
