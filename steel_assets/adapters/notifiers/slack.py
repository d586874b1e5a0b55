"""Channel ``slack``: Block Kit through an incoming webhook (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).

A webhook cannot tell what it received; a notification that may have arrived says so when it is sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

from steel_assets.adapters.notifiers import ChannelConfig, NotSent
from steel_assets.adapters.notifiers._post import post
from steel_assets.core.alerts.message import Message, Notification
from steel_assets.core.alerts.vocabulary import MORE_MESSAGES, REPEATED, SIMULATED, say

MOST_BLOCKS = 50
LONGEST_HEADER = 150
LONGEST_TEXT = 2900
SIGNS = {"low": "⚪", "medium": "🟡", "high": "🟠", "critical": "🔴"}


class Config(ChannelConfig):
    """The incoming webhook of a Slack channel."""

    webhook_url: SecretStr | None = Field(
        default=None, alias="STEEL_SLACK_WEBHOOK_URL", description="incoming webhook of the channel that alerts go to"
    )


def build(config: Config, home: Path) -> Slack | None:
    """See ``ChannelModule.build``."""
    return Slack(config.webhook_url) if config.webhook_url else None


class Slack:
    """Posts to the channel that the webhook belongs to."""

    recipients: tuple[str, ...] = ()

    def __init__(self, webhook_url: SecretStr) -> None:
        self._url = webhook_url

    def send(self, notification: Notification) -> Mapping[str, str]:
        """See ``Notifier.send``."""
        body = json.dumps({"text": _escaped(notification.subject), "blocks": blocks(notification)}, ensure_ascii=False).encode()
        answer = post(self._url.get_secret_value(), body, {"content-type": "application/json; charset=utf-8"})
        if answer.content.strip() != b"ok":
            raise NotSent("Slack did not answer ok; check that the address is an incoming webhook's")
        return {}


def blocks(notification: Notification) -> list[dict[str, Any]]:
    """``notification`` as Slack's blocks: a header, the messages, and notes about repetition and simulated data."""
    sections: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(notification.subject, LONGEST_HEADER), "emoji": True}}
    ]
    notes = [f":warning: *{say(notification.language, SIMULATED)}*"] if notification.simulated else []
    notes += [say(notification.language, REPEATED)] if notification.repeat else []
    if notes:
        sections.append({"type": "context", "elements": [{"type": "mrkdwn", "text": note} for note in notes]})
    room = MOST_BLOCKS - len(sections) - 1
    whole = len(notification.messages) == 1 and len(notification.subject) <= LONGEST_HEADER
    for message in notification.messages[:room]:
        sections.append(_section(message, alone=whole))
    left = len(notification.messages) - room
    if left > 0:
        more = say(notification.language, MORE_MESSAGES, left)
        sections.append({"type": "context", "elements": [{"type": "mrkdwn", "text": more}]})
    return sections


def _section(message: Message, *, alone: bool) -> dict[str, Any]:
    """One message; ``alone``: the header shows its whole title already."""
    sign = "✅" if message.kind == "recovered" else SIGNS[message.severity]
    head = "" if alone else f"{sign} *{_escaped(message.title)}*\n"
    facts = "\n".join(f"*{label}* {_escaped(text)}" for label, text in message.facts)
    more = "".join(f"\n<{url}|{_escaped(label)}>" for label, url in message.links[1:])
    text = _cut(head + facts, LONGEST_TEXT - len(more)) + more
    section: dict[str, Any] = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    if message.links:
        label, url = message.links[0]
        button = {"type": "plain_text", "text": label}
        section["accessory"] = {"type": "button", "text": button, "url": url, "action_id": f"look-{message.stamp}"}
    return section


def _escaped(text: str) -> str:
    """Escape Slack's three control characters, so that no outside text becomes a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
