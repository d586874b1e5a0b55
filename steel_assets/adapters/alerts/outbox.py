"""The outbox of alerts: due messages are stored until every channel has sent them; several processes may send from it.

All state is one document, the alert state (``alert_document``): conditions and the messages they cause are stored in one step, so
a process that dies loses and doubles nothing. To send is to claim, send, and mark (``delivery``). Messages that every channel has
sent become history (``records``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from steel_assets.adapters.alerts.acknowledgements import left
from steel_assets.adapters.alerts.alert_document import AlertDocument
from steel_assets.adapters.alerts.delivery import Delivery, Round, quiet_at
from steel_assets.adapters.alerts.records import AlertRecords
from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.notifiers import Notifier
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.core.alerts.acknowledging import AuditLine, acknowledged
from steel_assets.core.alerts.advance import advance
from steel_assets.core.alerts.alert_state import AlertState, Batch, ChannelState, LogCursor, Waiting, due, enqueued
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Acknowledgement, Case, Event, Silence
from steel_assets.core.alerts.message import Notification, compose
from steel_assets.core.alerts.rules import PRICE_WATCH, Rulebook
from steel_assets.core.alerts.tokens import removal_token, token
from steel_assets.core.watches.crossing import crossed
from steel_assets.core.watches.reading import Published
from steel_assets.core.watches.watch import Watch
from steel_assets.core.words import Language


def _token(key: bytes, channel: str, event: Event) -> str:
    """The link's token, the same in every attempt to send ``event``."""
    return token(key, event.incident, channel, event.moment)


def _removing(key: bytes, event: Event) -> str:
    return removal_token(key, event.subject)


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
        self._document = AlertDocument(store, self._after_damage)
        self._records = AlertRecords(store)

    def alert_state(self) -> AlertState:
        """The present alert state.

        Raises:
            Damaged: it is damaged.
        """
        return self._document.read()

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

        return self._document.change(note, now)

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

        self._document.change(note, now)
        return told

    def silence(self, silence: Silence, now: datetime, by: str) -> AlertState:
        """Hold messages back during maintenance."""
        about = f"{silence.id}: {silence.rule} / {silence.subject} / {silence.cause}, until {silence.until:%Y-%m-%dT%H:%MZ}"
        self._records.note(now, by, "silenced", about, silence.reason)
        return self._document.change(
            lambda alert_state: alert_state.model_copy(update={"silences": (*alert_state.silences, silence)}), now
        )

    def unsilence(self, name: str, now: datetime, by: str) -> bool:
        """End a silence early; False if there is none with that id."""
        if not any(silence.id == name for silence in self.alert_state().silences):
            return False
        self._records.note(now, by, "silence ended", name, "")
        self._document.change(
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
                self._records.note(given.at, given.by, "acknowledged", case.cause, given.note, name=case.id)
            return after

        self._document.change(take, now)
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
        return self._records.audit()

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
        started = clock()
        self._drop_removed(started)
        delivery = Delivery(self._document, self._records, self.rulebook, self.report, partial(self._composed, ui), clock)
        return delivery.run(notifiers, started + grace)

    def _composed(self, ui: str, batch: Batch) -> Notification:
        return compose(
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

    def untold(self, channels: Iterable[str], now: datetime) -> dict[str, str]:
        """Those of ``channels`` for which something waits that a rest or quiet hours do not hold up, and why it does."""
        state = self.alert_state()
        found = {}
        for name in channels:
            waiting = due(state, name, rests=self.rulebook.rests(name, now), quiet=quiet_at(self.rulebook, now))
            if waiting:
                found[name] = f"{len(waiting)} to be told: {state.channels.get(name, ChannelState()).problem or 'not sent yet'}"
        return found

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

        self._document.change(drop, now)

    def history(self, since: datetime | None = None) -> list[Waiting]:
        """Events that all their channels have sent (or refused), oldest first; from the month of ``since`` on, if given.

        Damaged files are quarantined.
        """
        return self._records.history(since)

    def _marked(self, condition: Condition) -> Condition:
        return condition.model_copy(update={"simulated": True}) if self.simulated else condition

    def _after_damage(self, text: str, now: datetime) -> AlertState:
        """The alert state to begin with after a damaged one: it reports what was lost."""
        condition = self._marked(Condition(rule="memory_lost", subject="alert state", firing=True, moment=now, text=text))
        incidents, cases, events = advance((), (), [condition], now, self.rulebook, self.channels)
        return enqueued(AlertState(incidents=incidents, cases=cases, forgotten=now), events)
