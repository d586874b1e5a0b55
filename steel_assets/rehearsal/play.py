"""Plays a scenario in simulated time through the real outbox, rules and notifiers, and collects what arrived."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.notifiers import Notifier
from steel_assets.adapters.notifiers.email import Email, Mailbox
from steel_assets.adapters.notifiers.log import LogFile
from steel_assets.adapters.notifiers.slack import Slack
from steel_assets.adapters.notifiers.sms import Twilio
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.core.alerts.conditions import Condition, judge
from steel_assets.core.alerts.incidents import Event
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.words import Language
from steel_assets.rehearsal.receivers import Received, receivers
from steel_assets.rehearsal.scenarios import Scenario

CHANNELS = ("slack", "email", "sms")
STEP, CALM = timedelta(minutes=5), timedelta(hours=1)
WEEK = timedelta(days=7)
LASTING = timedelta(hours=2)
"""How long the simulated clock runs after the last report."""

UI, SITE = "https://dagster.example", "https://steel.example"


@dataclass(frozen=True)
class Arrived:
    """One message at one receiver: ``content`` is Slack's JSON, the e-mail, or the text."""

    moment: datetime
    channel: str
    content: Any


@dataclass
class Rehearsal:
    """The result of one scenario.

    Attributes:
        events: all messages, from the platform's log.
        missing: rule and subject of incidents that were open long enough and in no message.
    """

    scenario: Scenario
    language: Language
    arrived: list[Arrived] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)

    @property
    def busiest_week(self) -> dict[str, int]:
        """For each channel, the most messages about one incident within any seven days."""
        found = dict.fromkeys(CHANNELS, 0)
        for channel in CHANNELS:
            by_incident: defaultdict[str, list[datetime]] = defaultdict(list)
            for event in self.events:
                if channel in event.channels:
                    by_incident[event.incident].append(event.moment)
            for moments in by_incident.values():
                weeks = [sum(first <= moment < first + WEEK for moment in moments) for first in moments]
                found[channel] = max(found[channel], *weeks)
        return found


def play(scenario: Scenario, rulebook: Rulebook, language: Language = "en") -> Rehearsal:
    """Play ``scenario`` once."""
    found = Rehearsal(scenario, language)
    with TemporaryDirectory() as folder, receivers() as received:
        outbox = Outbox(
            LocalFolder(Path(folder) / "lake"),
            rulebook,
            frozenset({*CHANNELS, "log"}),
            simulated=True,
            site=SITE,
            language=language,
        )
        channels = _channels(received, Path(folder))
        reports = _reports(scenario, rulebook)
        opened: set[tuple[str, str]] = set()
        for now in _moments(sorted(reports)):
            alert_state = outbox.report(reports.get(now, ()), now)
            opened |= {(incident.rule, incident.subject) for incident in alert_state.open_incidents}
            if alert_state.queue:
                outbox.deliver(channels, partial(_clock, now), UI)
                found.arrived += _arrived(received, now)
        found.events = [waiting.event for waiting in outbox.history()]
        reported = {(item.rule, item.subject) for event in found.events for item in event.items}
        found.missing = sorted(opened - reported)
    return found


def _clock(now: datetime) -> datetime:
    return now


def _channels(received: Received, folder: Path) -> dict[str, Notifier]:
    box = Mailbox("127.0.0.1", received.port, "none", None, None, "steel@example.com", ("buyer@example.com",))
    return {
        "log": LogFile(folder / "alerts.log"),
        "slack": Slack(SecretStr(f"{received.url}/slack")),
        "email": Email(box),
        "sms": Twilio(received.url, "AC0", SecretStr("none"), "+15005550006", ("+5215512345678",)),
    }


def _reports(scenario: Scenario, rulebook: Rulebook) -> dict[datetime, list[Condition]]:
    found: defaultdict[datetime, list[Condition]] = defaultdict(list)
    for condition in (*scenario.conditions, *judge(scenario.readings, rulebook)):
        found[condition.moment].append(condition)
    return dict(found)


def _moments(reported: list[datetime]) -> Iterator[datetime]:
    """The times of every report, and of evaluations between them: every five minutes in the hour after each, then every hour."""
    ends = [*reported[1:], reported[-1] + LASTING]
    for moment, end in zip(reported, ends, strict=True):
        yield moment
        now = moment
        while (now := now + (STEP if now - moment < CALM else CALM)) < end:
            yield now


def _arrived(received: Received, now: datetime) -> Iterator[Arrived]:
    slack, mails, texts = received.taken()
    yield from (Arrived(now, "slack", message) for message in slack)
    yield from (Arrived(now, "email", message) for message in mails)
    yield from (Arrived(now, "sms", text) for text in texts)
