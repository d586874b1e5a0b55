"""Channel ``pagerduty``: each incident is one in PagerDuty, through its Events API v2 (developer.pagerduty.com).

The id of the case is the ``dedup_key``: later and repeated messages update the same incident, and the last one resolves it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr

from steel_assets.adapters.notifiers import ChannelConfig, NotificationRefused, NotSent
from steel_assets.adapters.notifiers._config import Address
from steel_assets.adapters.notifiers._post import post
from steel_assets.core.alerts.message import Message, Notification, marked

ENQUEUE = "https://events.pagerduty.com/v2/enqueue"
SEVERITIES = {"low": "info", "medium": "warning", "high": "error", "critical": "critical"}
LONGEST_SUMMARY = 1024


class Config(ChannelConfig):
    """The PagerDuty service that gets high and critical incidents."""

    routing_key: SecretStr | None = Field(
        default=None, alias="STEEL_PAGERDUTY_ROUTING_KEY", description="integration key of a PagerDuty service (Events API v2)"
    )
    url: Address = Field(default=ENQUEUE, alias="STEEL_PAGERDUTY_URL")


def build(config: Config, home: Path) -> PagerDuty | None:
    """See ``ChannelModule.build``."""
    return PagerDuty(config.routing_key, config.url) if config.routing_key else None


class PagerDuty:
    """Sends to the service whose integration key is ``routing_key``."""

    recipients: tuple[str, ...] = ()

    def __init__(self, routing_key: SecretStr, url: str = ENQUEUE) -> None:
        self._key = routing_key
        self._url = url

    def send(self, notification: Notification) -> Mapping[str, str]:
        """See ``Notifier.send``. Each message is an event; a repeated one changes nothing."""
        sent, refusals = 0, []
        for message in notification.messages:
            body = json.dumps(self._event(message, notification), ensure_ascii=False).encode()
            try:
                post(self._url, body, {"content-type": "application/json"})
                sent += 1
            except NotificationRefused as refusal:
                refusals.append(str(refusal))
            except NotSent as failure:
                raise NotSent(str(failure), perhaps_sent=failure.perhaps_sent or bool(sent)) from None
        if refusals:
            raise NotificationRefused(refusals[0])
        return {}

    def _event(self, message: Message, notification: Notification) -> dict[str, object]:
        head = {"routing_key": self._key.get_secret_value(), "dedup_key": message.case}
        if message.kind == "recovered":
            return {**head, "event_action": "resolve"}
        title = marked(message.title, notification.language, simulated=message.simulated)
        return {
            **head,
            "event_action": "trigger",
            "payload": {
                "summary": title[:LONGEST_SUMMARY],
                "source": message.cause or "steel_assets",
                "severity": SEVERITIES[message.severity],
                "timestamp": message.since.isoformat(),
                "class": message.kind,
                "custom_details": dict(message.facts),
            },
            "links": [{"href": url, "text": label} for label, url in message.links],
        }
