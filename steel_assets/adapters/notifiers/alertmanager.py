"""Channel ``alertmanager``: each incident is an alert in Prometheus Alertmanager (API v2, ``POST /api/v2/alerts``).

Alertmanager identifies an alert by its labels, and ends one that is not sent again. So an incident is sent with an end in a
month, or with its actual end. Routes use the label ``severity``: if an incident may have had another severity before, the alert
with that is ended, so that it does not stay beside the new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

from steel_assets.adapters.notifiers import ChannelConfig
from steel_assets.adapters.notifiers._config import Address
from steel_assets.adapters.notifiers._post import post
from steel_assets.adapters.notifiers._prometheus import alert
from steel_assets.core.alerts.message import ORDER, Message, Notification
from steel_assets.core.words import Language

LASTS = timedelta(days=30)
"""End of an incident without further messages; reminders come more often and extend it."""


class Config(ChannelConfig):
    """The Alertmanager that gets every alert."""

    url: Address | None = Field(
        default=None, alias="STEEL_ALERTMANAGER_URL", description="a Prometheus Alertmanager that gets every alert (API v2)"
    )
    authorization: SecretStr | None = Field(
        default=None, alias="STEEL_ALERTMANAGER_AUTHORIZATION", description="header that it wants: Basic … or Bearer …"
    )


def build(config: Config, home: Path) -> Alertmanager | None:
    """See ``ChannelModule.build``."""
    return Alertmanager(config.url, config.authorization) if config.url else None


class Alertmanager:
    """Sends to the Alertmanager at ``url``, where a repeated alert changes nothing."""

    recipients: tuple[str, ...] = ()

    def __init__(self, url: str, authorization: SecretStr | None = None) -> None:
        self._url = f"{url}/api/v2/alerts"
        self._headers = {"authorization": authorization.get_secret_value()} if authorization else {}

    def send(self, notification: Notification) -> Mapping[str, str]:
        """See ``Notifier.send``."""
        alerts = [sent for message in notification.messages for sent in _alerts(message, notification.language)]
        post(self._url, json.dumps(alerts, ensure_ascii=False).encode(), self._headers | {"content-type": "application/json"})
        return {}


def _alerts(message: Message, language: Language) -> list[dict[str, Any]]:
    """The alert of ``message``, and ended alerts of the other severities that the incident may have had."""
    now = alert(message, language)
    over = {"endsAt": message.moment.isoformat()}
    if message.kind == "notice":
        return [now]  # it has no end to be told: Alertmanager's resolve_timeout ends it
    if message.kind == "opened":
        before = []
    else:
        others = [severity for severity in ORDER if severity != message.severity]
        before = [now | over | {"labels": now["labels"] | {"severity": severity}} for severity in others]
    lasting = {"endsAt": (message.moment + LASTS).isoformat()}
    return [now | (over if message.kind == "recovered" else lasting), *before]
