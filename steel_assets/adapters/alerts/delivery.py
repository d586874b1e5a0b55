"""A round of sending: claim what is due, send it, mark it, channel by channel.

A claim that was never marked is taken again with the same key, by which a channel can recognise a repeated message. What a
channel refuses, and one that stays down, are conditions themselves, told over the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from steel_assets.adapters.alerts.alert_document import AlertDocument
from steel_assets.adapters.alerts.records import AlertRecords
from steel_assets.adapters.notifiers import NotificationRefused, Notifier, NotSent
from steel_assets.core.alerts.alert_state import AlertState, Batch, Waiting, claimed, delivered, postponed, refused
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Event
from steel_assets.core.alerts.message import Notification
from steel_assets.core.alerts.rules import Rulebook


@dataclass
class Round:
    """What one round of sending did: notifications sent, and the problem of each channel that failed."""

    sent: list[Batch] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


class Report(Protocol):
    """What stores conditions."""

    def __call__(self, conditions: Iterable[Condition], now: datetime, *, complete: frozenset[str] = frozenset()) -> AlertState:
        """Store ``conditions``, which name every subject of the rules in ``complete``."""


def quiet_at(rulebook: Rulebook, now: datetime) -> Callable[[Event], bool]:
    """Whether an event is held up by quiet hours at ``now``."""
    return lambda event: rulebook.quiet(event.quiet, now)


class Delivery:
    """One round.

    Args:
        document: the alert state, from which messages are claimed.
        records: where events are kept that all their channels have sent.
        report: stores conditions (``Outbox.report``).
        composed: the notification of a claimed batch.
        clock: the present time.
    """

    def __init__(
        self,
        document: AlertDocument,
        records: AlertRecords,
        rulebook: Rulebook,
        report: Report,
        composed: Callable[[Batch], Notification],
        clock: Callable[[], datetime],
    ) -> None:
        self._document, self._records, self._rulebook = document, records, rulebook
        self._report, self._composed, self._clock = report, composed, clock
        self._done = Round()

    def run(self, notifiers: Mapping[str, Notifier], until: datetime) -> Round:
        """Send what waits, each channel in order; one that fails is tried again in a later round.

        Args:
            until: after this moment no further notification is started.
        """
        for name, notifier in notifiers.items():
            while self._clock() < until:
                batch = self._claim(name)
                if batch is None or not self._send(notifier, batch):
                    break
        self._report_channels(notifiers)
        return self._done

    def _claim(self, channel: str) -> Batch | None:
        now, taken = self._clock(), list[Batch | None]()

        def take(alert_state: AlertState) -> AlertState:
            rests, quiet = self._rulebook.rests(channel, now), quiet_at(self._rulebook, now)
            after, batch = claimed(alert_state, channel, now, self._rulebook.policy.digest_above, rests=rests, quiet=quiet)
            taken.append(batch)
            return after

        self._document.change(take, now)
        return taken[-1]

    def _send(self, notifier: Notifier, batch: Batch) -> bool:
        """Send one claimed batch and store the outcome; return whether the channel can take the next one."""
        notification = self._composed(batch)
        try:
            left_out = notifier.send(notification)
        except NotSent as failure:
            return self._postpone(batch, str(failure), perhaps_sent=failure.perhaps_sent)
        except NotificationRefused as failure:
            self._refuse(batch, str(failure))
            return True
        except Exception as error:  # noqa: BLE001 - a fault in one channel must not keep the others from being used
            return self._postpone(batch, f"a fault in the channel ({type(error).__name__})", perhaps_sent=True)
        now = self._clock()
        self._settle(lambda alert_state: delivered(alert_state, batch, now), now)
        if notifier.recipients:
            self._report_recipients(batch.channel, notifier.recipients, left_out, now)
        self._done.sent.append(batch)
        return True

    def _postpone(self, batch: Batch, why: str, *, perhaps_sent: bool) -> bool:
        now = self._clock()
        self._document.change(lambda alert_state: postponed(alert_state, batch, now, why, perhaps_sent=perhaps_sent), now)
        self._done.problems[batch.channel] = why
        return False

    def _refuse(self, batch: Batch, why: str) -> None:
        now = self._clock()
        self._settle(lambda alert_state: refused(alert_state, batch, why), now)
        self._report([Condition(rule="refused_message", subject=batch.channel, firing=True, moment=now, text=why)], now)
        self._done.problems[batch.channel] = why

    def _settle(self, outcome: Callable[[AlertState], tuple[AlertState, list[Waiting]]], now: datetime) -> None:
        def settle(alert_state: AlertState) -> AlertState:
            after, finished = outcome(alert_state)
            for waiting in finished:
                self._records.keep(waiting)
            return after

        self._document.change(settle, now)

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
        self._report(conditions, now)

    def _report_channels(self, notifiers: Mapping[str, Notifier]) -> None:
        now, alert_state = self._clock(), self._document.read()
        limit = timedelta(minutes=self._rulebook.policy.channel_down_minutes)
        down = [
            Condition(
                rule="channel_down",
                subject=name,
                firing=bool(state.failing_since and now - state.failing_since >= limit),
                moment=now,
                text=f"{state.failures} attempts failed; the last one: {state.problem}" if state.failures else "",
            )
            for name, state in alert_state.channels.items()
            if name in notifiers
        ]
        gone = _recipients_gone(alert_state, notifiers, now)
        self._report([*down, *gone], now, complete=frozenset({"channel_down"}))


def _recipients_gone(alert_state: AlertState, notifiers: Mapping[str, Notifier], now: datetime) -> Iterable[Condition]:
    """Conditions that end the incidents of refused recipients who are no longer in the settings."""
    there = {f"{channel}: {name}" for channel, notifier in notifiers.items() for name in notifier.recipients}
    for incident in alert_state.incidents:
        if incident.rule == "refused_recipient" and incident.subject not in there:
            yield Condition(rule=incident.rule, subject=incident.subject, firing=False, moment=now)
