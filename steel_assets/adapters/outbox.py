"""The outbox of alerts: what is to be told, kept until every channel has it, by however many processes.

All state is one document in the object store, the book, changed by compare-and-set: conditions go in and messages come out in
one step, so a process that dies loses and doubles nothing. Sending is claim, send, mark; a claim that was never marked is taken
up again with the same key, which a channel that can recognise it never delivers twice. What every channel has becomes history.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from steel_assets.adapters.notifiers import Notifier, NotSent, Refused
from steel_assets.adapters.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.adapters.sealed import Damaged, seal, unseal
from steel_assets.core.alerts.advance import advance
from steel_assets.core.alerts.book import Book, Mark, Parcel, Waiting, claimed, delivered, enqueued, postponed, refused
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Silence
from steel_assets.core.alerts.message import compose
from steel_assets.core.alerts.rules import Rulebook

BOOK = "alerts/book.json"
HISTORY = "alerts/history/"
DAMAGED = "alerts/damaged/"
ATTEMPTS = 200
PATIENCE = timedelta(seconds=40)


@dataclass
class Round:
    """What one round of sending did: letters sent, and the problem of each channel that failed."""

    sent: list[Parcel] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


class Outbox:
    """The book of alerts in an object store, and sending from it.

    Args:
        channels: those that are set up; what is told is routed to them when it happens.
    """

    def __init__(self, store: ObjectStore, rulebook: Rulebook, channels: frozenset[str]) -> None:
        self.store = store
        self.rulebook = rulebook
        self.channels = channels

    def book(self) -> Book:
        """The book as it is. Raises Damaged."""
        try:
            return Book.model_validate(unseal(self.store.get(BOOK)))
        except ObjectNotFound:
            return Book()
        except Damaged as error:
            remedy = "the next look sets it aside and begins a new one (steel alerts watch)"
            raise Damaged(f"{self.store.uri(BOOK)} is damaged, {error}; {remedy}") from error
        except ValidationError as error:
            raise Damaged(
                f"{self.store.uri(BOOK)} was written by another version: {error.error_count()} fields differ"
            ) from error

    def report(
        self,
        conditions: Iterable[Condition],
        now: datetime,
        *,
        complete: frozenset[str] = frozenset(),
        marks: Mapping[str, Mark] | None = None,
    ) -> Book:
        """Take note of ``conditions`` and of how far their source was read, in one step.

        Args:
            complete: rules of which ``conditions`` names every subject; see ``core.alerts.advance``.
            marks: name of an event log to how far it was read.

        Raises:
            UnknownRule: a condition names a rule that does not exist; nothing was noted.
        """
        given = tuple(conditions)

        def note(book: Book) -> Book:
            incidents, events = advance(book.incidents, given, now, self.rulebook, self.channels, book.silences, complete)
            silences = tuple(one for one in book.silences if one.until > now)
            news = {"incidents": incidents, "silences": silences, "marks": {**book.marks, **(marks or {})}}
            return enqueued(book.model_copy(update=news), events)

        return self._change(note, now)

    def silence(self, silence: Silence, now: datetime) -> Book:
        """Hold messages back during maintenance."""
        return self._change(lambda book: book.model_copy(update={"silences": (*book.silences, silence)}), now)

    def unsilence(self, name: str, now: datetime) -> bool:
        """End a silence early; False when there is none of that name."""
        before = self.book().silences
        self._change(
            lambda book: book.model_copy(update={"silences": tuple(one for one in book.silences if one.id != name)}), now
        )
        return any(one.id == name for one in before)

    def deliver(
        self,
        notifiers: Mapping[str, Notifier],
        clock: Callable[[], datetime],
        ui: str,
        *,
        patience: timedelta = timedelta(seconds=40),
    ) -> Round:
        """Send what waits, channel by channel, each in order; a channel that fails is tried again in a later round.

        Args:
            ui: address of the Dagster UI, for the links.
            patience: after this long no further letter is begun.
        """
        started, done = clock(), Round()
        for name, notifier in notifiers.items():
            while clock() - started < patience:
                parcel = self._claim(name, clock())
                if parcel is None or not self._send(notifier, parcel, clock, ui, done):
                    break
        self._report_channels(notifiers, clock())
        return done

    def history(self, since: datetime | None = None) -> list[Waiting]:
        """Events that all their channels have (or refused), oldest first; all of them, or of the months from ``since`` on."""
        first = f"{HISTORY}{since:%Y-%m}" if since else ""
        keys = [key for key in self.store.list(HISTORY) if key >= first]
        found = (Waiting.model_validate(unseal(self.store.get(key))) for key in keys)
        return sorted(found, key=lambda one: (one.event.moment, one.event.id))

    def _claim(self, channel: str, now: datetime) -> Parcel | None:
        taken: list[Parcel | None] = []

        def take(book: Book) -> Book:
            after, parcel = claimed(book, channel, now, self.rulebook.policy.digest_above)
            taken.append(parcel)
            return after

        self._change(take, now)
        return taken[-1]

    def _send(self, notifier: Notifier, parcel: Parcel, clock: Callable[[], datetime], ui: str, done: Round) -> bool:
        """Send one claimed parcel and mark what came of it; True when the channel can take the next one."""
        letter = compose(parcel.events, self.rulebook, ui, parcel.key, repeat=parcel.repeat)
        try:
            notifier.send(letter)
        except NotSent as failure:
            return self._postpone(parcel, str(failure), clock(), done, perhaps_sent=failure.perhaps_sent)
        except Refused as failure:
            why, now = str(failure), clock()
            self._settle(lambda book: refused(book, parcel, why), now)
            said = Condition(rule="refused_message", subject=parcel.channel, firing=True, moment=now, text=why)
            self.report([said], now)
            done.problems[parcel.channel] = why
            return True
        except Exception as error:  # noqa: BLE001 - a fault in one channel must not keep the others from being used
            return self._postpone(parcel, f"a fault in the channel ({type(error).__name__})", clock(), done, perhaps_sent=True)
        now = clock()
        self._settle(lambda book: delivered(book, parcel, now), now)
        done.sent.append(parcel)
        return True

    def _postpone(self, parcel: Parcel, why: str, now: datetime, done: Round, *, perhaps_sent: bool) -> bool:
        self._change(lambda book: postponed(book, parcel, now, why, perhaps_sent=perhaps_sent), now)
        done.problems[parcel.channel] = why
        return False

    def _settle(self, outcome: Callable[[Book], tuple[Book, list[Waiting]]], now: datetime) -> None:
        def settle(book: Book) -> Book:
            after, finished = outcome(book)
            for one in finished:
                key = f"{HISTORY}{one.event.moment:%Y-%m}/{one.event.id}.json"
                self.store.put(key, seal(one.model_dump(mode="json")))
            return after

        self._change(settle, now)

    def _report_channels(self, notifiers: Mapping[str, Notifier], now: datetime) -> None:
        states = self.book().channels
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
        self.report(down, now, complete=frozenset({"channel_down"}))

    def _change(self, edit: Callable[[Book], Book], now: datetime) -> Book:
        """Replace the book by ``edit(book)``, again if another process was faster; what changes nothing writes nothing."""
        for _ in range(ATTEMPTS):
            version = self.store.version(BOOK)
            try:
                before = self.book()
            except Damaged:
                self._set_aside(version, now)
                continue
            after = edit(before)
            if after == before:
                return before
            try:
                self.store.put_if(BOOK, seal(after.model_dump(mode="json")), version)
            except Conflict:
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311  spreads waiting processes, keeps no secret
                continue
            return after
        raise Conflict(f"{self.store.uri(BOOK)} was changed by others {ATTEMPTS} times in a row; too many processes send alerts")

    def _set_aside(self, version: str | None, now: datetime) -> None:
        """Keep a damaged book for whoever wants to look, and begin a new one that says so."""
        kept = f"{DAMAGED}{now:%Y-%m-%dT%H%M%SZ}.json"
        self.store.put(kept, self.store.get(BOOK))
        text = f"{self.store.uri(BOOK)} was damaged and is now {self.store.uri(kept)}."
        said = Condition(rule="memory_lost", subject="book of alerts", firing=True, moment=now, text=text)
        incidents, events = advance((), [said], now, self.rulebook, self.channels)
        fresh: dict[str, Any] = enqueued(Book(incidents=incidents), events).model_dump(mode="json")
        try:
            self.store.put_if(BOOK, seal(fresh), version)
        except Conflict:
            return
