"""Events in words that people can use at six in the morning: what, since when, how bad, what to do, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from steel_assets.core.alerts.incidents import Event, Kind
from steel_assets.core.alerts.rules import AlertRule, Rulebook, Severity, Unit, worse

HEADINGS: dict[Kind, str] = {
    "opened": "",
    "escalated": "Worse: ",
    "reminder": "Still open: ",
    "recovered": "Over: ",
    "notice": "",
}
SMS_LENGTH = 300
SIMULATED = "SIMULATED DATA"


@dataclass(frozen=True)
class Message:
    """One event in words.

    Attributes:
        title: the matter in a line, without its severity.
        facts: label and text, in the order of reading.
        link: page of the Dagster UI; empty where there is none.
        stamp: the event's id, for telling one message from another.
    """

    title: str
    severity: Severity
    kind: Kind
    facts: tuple[tuple[str, str], ...]
    link: str
    simulated: bool
    stamp: str


@dataclass(frozen=True)
class Letter:
    """What goes over a channel in one piece: one message, or several as a digest, the worst first.

    Attributes:
        key: the same for every attempt to send it.
        repeat: True when an earlier attempt may have arrived; the letter says so.
    """

    subject: str
    messages: tuple[Message, ...]
    key: str
    repeat: bool

    @property
    def severity(self) -> Severity:
        worst: Severity = "low"
        for message in self.messages:
            worst = message.severity if worse(message.severity, worst) else worst
        return worst

    @property
    def simulated(self) -> bool:
        return any(message.simulated for message in self.messages)


def compose(events: Sequence[Event], rulebook: Rulebook, ui: str, key: str = "", *, repeat: bool = False) -> Letter:
    """The letter about ``events``.

    Args:
        ui: address of the Dagster UI, which links begin with.
    """
    messages = [_message(event, rulebook, ui.rstrip("/")) for event in events]
    if len(messages) > 1:
        order: list[Severity] = ["critical", "high", "medium", "low"]
        messages.sort(key=lambda message: (message.kind == "recovered", order.index(message.severity)))
        told = [f"{count} {name}" for name in order if (count := sum(_alarms(message, name) for message in messages))]
        over = sum(message.kind == "recovered" for message in messages)
        subject = f"{len(messages)} alerts: " + ", ".join([*told, *([f"{over} over"] if over else [])])
    else:
        subject = _headed(messages[0])
    marked = f"[{SIMULATED}] {subject}" if any(message.simulated for message in messages) else subject
    return Letter(marked, tuple(messages), key, repeat)


def plain(letter: Letter) -> str:
    """``letter`` as plain text."""
    blocks = [f"{letter.subject}"]
    if letter.repeat:
        blocks.append("(Sent again after an interruption: you may have it already.)")
    for message in letter.messages:
        lines = [f"{label}: {text}" for label, text in message.facts]
        head = [_headed(message)] if len(letter.messages) > 1 else []
        blocks.append("\n".join([*head, *lines, *([f"Look here: {message.link}"] if message.link else [])]))
    return "\n\n".join(blocks)


def short(letter: Letter) -> str:
    """``letter`` in the length of a text message or two, with its key at the end."""
    facts = dict(letter.messages[0].facts)
    about = f"{letter.subject}. Do: {facts.get('What to do', '')}" if len(letter.messages) == 1 else letter.subject
    tail = f" [{letter.key[:8]}]"
    room = SMS_LENGTH - len(tail)
    return (about if len(about) <= room else about[: room - 1].rstrip() + "…") + tail


def figure(value: float, unit: Unit) -> str:
    """``value`` as people write it."""
    match unit:
        case "share":
            return f"{value:.1%}".replace("%", " %")
        case "points":
            return f"{100 * value:.1f} points"
        case "seconds":
            return f"{value:.2f} s"
        case "usd":
            return f"{value:.2f} USD"
        case "minutes":
            return f"{value:.0f} minutes"
        case _:
            return f"{value:,.4g}"


def _message(event: Event, rulebook: Rulebook, ui: str) -> Message:
    rule = rulebook.rule(event.rule)
    over = event.kind == "recovered"
    facts = [
        ("What", event.text or rule.title),
        ("Since", _since(event, rulebook)),
        ("How bad", _how_bad(event, rule)),
        ("What to do", "Nothing: it is over." if over else rule.advice),
    ]
    return Message(
        title=f"{HEADINGS[event.kind]}{rule.title} · {event.subject}",
        severity=event.severity,
        kind=event.kind,
        facts=tuple((label, " ".join(text.split())) for label, text in facts if text),
        link=f"{ui}{event.link}" if event.link else "",
        simulated=event.simulated,
        stamp=event.id,
    )


def _how_bad(event: Event, rule: AlertRule) -> str:
    said = f"it was {event.severity}" if event.kind == "recovered" else event.severity
    if event.value is None or rule.above is None:
        return said
    now = f"now {figure(event.value, rule.unit)}, the limit is {figure(rule.above, rule.unit)}"
    peak = f"; at worst {figure(event.worst, rule.unit)}" if event.worst is not None and event.worst > event.value else ""
    return f"{said}: {now}{peak}"


def _since(event: Event, rulebook: Rulebook) -> str:
    local = event.since.astimezone(rulebook.tzinfo)
    told = f"{local:%A %d %B %Y, %H:%M} ({rulebook.zone})"
    lasted = event.moment - event.since
    return told if lasted < timedelta(minutes=2) else f"{told}, {'lasted' if event.kind == 'recovered' else 'for'} {span(lasted)}"


def span(lasted: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = int(lasted.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next((place for place, (count, _) in enumerate(parts) if count), 2)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 min"


def local(moment: datetime, rulebook: Rulebook) -> str:
    """``moment`` as the clock on the wall shows it."""
    return f"{moment.astimezone(rulebook.tzinfo):%Y-%m-%d %H:%M}"


def _headed(message: Message) -> str:
    """The title with its severity, where that still matters."""
    loud = message.kind in ("opened", "escalated", "reminder")
    return f"{message.severity.capitalize()} · {message.title}" if loud else message.title


def _alarms(message: Message, severity: Severity) -> bool:
    return message.kind != "recovered" and message.severity == severity
