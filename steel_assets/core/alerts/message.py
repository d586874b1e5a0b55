"""Puts events into notifications: one message per event, one or more messages per notification, in every language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from steel_assets.core.alerts.incidents import Event, Kind
from steel_assets.core.alerts.naming import market_of
from steel_assets.core.alerts.rules import PRICE_WATCH, Rulebook, Severity, worse
from steel_assets.core.alerts.vocabulary import BEFORE_TITLE, DO, REPEATED, SEVERITIES, SIMULATED, TO_DO, say, say_many
from steel_assets.core.alerts.wording import facts, items_of, title
from steel_assets.core.words import LANGUAGES, Language

LOUD: frozenset[Kind] = frozenset({"opened", "escalated", "grown", "reminder", "unanswered"})
SMS_LENGTH = 300
ACKNOWLEDGE = "/alerts/acknowledge"
"""Path of the service for the link that acknowledges an incident."""

UNSUBSCRIBE = "/watches/unsubscribe"
"""Path of the service for the link that removes a price watch."""

ORDER: tuple[Severity, ...] = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class Message:
    """One event in words.

    Attributes:
        title: the consequence in one line, without its severity.
        facts: label and text, in the order of reading.
        links: label and address, the most useful first.
        stamp: the event's id, to tell messages apart.
        case, cause, since: the incident, its cause and its start; ``moment``: the time of the event.
    """

    title: str
    severity: Severity
    kind: Kind
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    simulated: bool
    stamp: str
    case: str
    cause: str
    since: datetime
    moment: datetime

    @property
    def link(self) -> str:
        """The first address; empty if there is none."""
        return self.links[0][1] if self.links else ""


@dataclass(frozen=True)
class Notification:
    """What is sent over a channel at once: one message, or several as a digest, the worst first.

    Attributes:
        key: the same for every attempt to send it.
        repeat: an earlier attempt may have arrived, which the notification says.
        do: what to do about its only message; empty in a digest, and when it ended.
        others: the same notification in the other languages.
    """

    subject: str
    messages: tuple[Message, ...]
    key: str
    repeat: bool
    language: Language = "en"
    do: str = ""
    others: Mapping[str, Notification] = field(default_factory=dict)

    def in_language(self, language: str) -> Notification:
        """The same notification in ``language``, if it has that, else itself."""
        return self.others.get(language, self)

    @property
    def severity(self) -> Severity:
        """The worst of its messages'."""
        worst: Severity = "low"
        for message in self.messages:
            worst = message.severity if worse(message.severity, worst) else worst
        return worst

    @property
    def simulated(self) -> bool:
        """Whether any of it is about simulated prices."""
        return any(message.simulated for message in self.messages)


@dataclass(frozen=True)
class _Places:
    ui: str
    site: str
    sealed: Callable[[Event], str] | None
    removing: Callable[[Event], str] | None


def compose(
    events: Sequence[Event],
    rulebook: Rulebook,
    ui: str,
    key: str = "",
    *,
    repeat: bool = False,
    site: str = "",
    language: Language = "en",
    sealed: Callable[[Event], str] | None = None,
    removing: Callable[[Event], str] | None = None,
) -> Notification:
    """The notification about ``events`` in ``language``, with the same in the others.

    Args:
        ui: address of the Dagster UI, as a phone reaches it.
        site: address of the prediction service; empty if not configured.
        sealed: makes the token of the link that acknowledges an event; None for no such link.
        removing: makes the token of the link that removes an event's price watch; likewise.
    """
    places = _Places(ui.rstrip("/"), site.rstrip("/"), sealed, removing)
    notifications = {language: _in_language(events, rulebook, places, key, repeat, language) for language in LANGUAGES}
    others: dict[str, Notification] = {
        name: replace(notification, key=f"{key}.{name}") for name, notification in notifications.items() if name != language
    }
    return replace(notifications[language], others=others)


def _in_language(
    events: Sequence[Event], rulebook: Rulebook, places: _Places, key: str, repeat: bool, language: Language
) -> Notification:
    messages = [_message(event, rulebook, places, language) for event in events]
    alone = len(messages) == 1 and messages[0].kind != "recovered"
    do = dict(messages[0].facts).get(say(language, TO_DO), "") if alone else ""
    if len(messages) > 1:
        messages.sort(key=lambda message: (message.kind == "recovered", ORDER.index(message.severity)))
        counted = [
            f"{count} {say(language, SEVERITIES[name])}"
            for name in ORDER
            if (count := sum(_alarms(message, name) for message in messages))
        ]
        over = sum(message.kind == "recovered" for message in messages)
        counts = ", ".join([*counted, *([say_many(language, "{0} over", "{0} over", over, over)] if over else [])])
        subject = say(language, "{0} alerts: {1}", len(messages), counts)
    else:
        subject = headed(messages[0], language)
    subject = marked(subject, language, simulated=any(message.simulated for message in messages))
    return Notification(subject, tuple(messages), key, repeat, language, do)


def _message(event: Event, rulebook: Rulebook, places: _Places, language: Language) -> Message:
    headline = title(event, rulebook, language)
    return Message(
        title=say(language, BEFORE_TITLE[event.kind]) + headline if event.kind in BEFORE_TITLE else headline,
        severity=event.severity,
        kind=event.kind,
        facts=facts(event, rulebook, language),
        links=_links(event, rulebook, places, language),
        simulated=event.simulated,
        stamp=event.id,
        case=event.incident,
        cause=event.cause,
        since=event.since,
        moment=event.moment,
    )


def _links(event: Event, rulebook: Rulebook, places: _Places, language: Language) -> tuple[tuple[str, str], ...]:
    links = []
    if event.link:
        links.append((say(language, "Open in Dagster"), f"{places.ui}{event.link}"))
    if places.site:
        markets = [market_of(item, rulebook) for item in items_of(event)]
        market = next((name for name in markets if name), "")
        links.append((say(language, "Open the page"), f"{places.site}/dashboard" + (f"?market={market}" if market else "")))
    if places.site and places.sealed and event.kind in LOUD and event.cause and not event.acknowledged:
        links.append((say(language, "I look after it"), f"{places.site}{ACKNOWLEDGE}?token={places.sealed(event)}"))
    if places.site and places.removing and event.rule == PRICE_WATCH:
        links.append((say(language, "Stop this watch"), f"{places.site}{UNSUBSCRIBE}?token={places.removing(event)}"))
    return tuple(links)


def plain(notification: Notification) -> str:
    """``notification`` as plain text."""
    blocks = [f"{notification.subject}"]
    if notification.repeat:
        blocks.append(f"({say(notification.language, REPEATED)})")
    for message in notification.messages:
        lines = [f"{label}: {text}" for label, text in (*message.facts, *message.links)]
        head = [headed(message, notification.language)] if len(notification.messages) > 1 else []
        blocks.append("\n".join([*head, *lines]))
    return "\n\n".join(blocks)


def short(notification: Notification) -> str:
    """``notification`` in the length of one or two text messages, with its key at the end."""
    about = (
        f"{notification.subject}. {say(notification.language, DO)}: {notification.do}"
        if notification.do
        else notification.subject
    )
    answers = [f" {label}: {url}" for message in notification.messages[:1] for label, url in message.links if ACKNOWLEDGE in url]
    link = next((text for text in answers if notification.do and len(text) < SMS_LENGTH // 2), "")
    tail = f"{link} [{notification.key[:8]}]"
    room = SMS_LENGTH - len(tail)
    return (about if len(about) <= room else about[: room - 1].rstrip() + "…") + tail


def marked(title: str, language: Language, *, simulated: bool) -> str:
    """``title``, with SIMULATED DATA in brackets before it if ``simulated``."""
    return f"[{say(language, SIMULATED)}] {title}" if simulated else title


def headed(message: Message, language: Language = "en") -> str:
    """The title of ``message`` after its severity; without severity if it ended or is a notice."""
    bad = say(language, SEVERITIES[message.severity]).capitalize()
    return f"{bad} · {message.title}" if message.kind in LOUD else message.title


def _alarms(message: Message, severity: Severity) -> bool:
    return message.kind != "recovered" and message.severity == severity
