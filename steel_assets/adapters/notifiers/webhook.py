"""Channel ``webhook``: the notification as JSON to an address of your own, signed, with an idempotency key.

The receiver checks ``X-Steel-Signature`` (``sha256=`` and the hex HMAC of the body under the shared secret) and ignores an
``Idempotency-Key`` that it has seen. The format ``alertmanager`` is that of Prometheus Alertmanager's own webhook, version 4,
which many programs take (prometheus.io/docs/alerting/latest/configuration/#webhook_config).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr

from steel_assets.adapters.notifiers import ChannelConfig
from steel_assets.adapters.notifiers._post import post
from steel_assets.adapters.notifiers._prometheus import alert
from steel_assets.core.alerts.message import Message, Notification
from steel_assets.core.words import Language

Form = Literal["steel", "alertmanager"]
STILL = "0001-01-01T00:00:00Z"
"""Alertmanager's end of an alert that has not ended."""


class Config(ChannelConfig):
    """The address that gets every alert, the format, and the secret that signs."""

    url: SecretStr | None = Field(default=None, alias="STEEL_ALERT_WEBHOOK_URL", description="gets every alert as JSON")
    secret: SecretStr | None = Field(default=None, alias="STEEL_ALERT_WEBHOOK_SECRET", description="signs what the webhook gets")
    format: Form = Field(
        default="steel",
        alias="STEEL_ALERT_WEBHOOK_FORMAT",
        description="alertmanager: as Prometheus Alertmanager's webhook, version 4",
    )


def build(config: Config, home: Path) -> Webhook | None:
    """See ``ChannelModule.build``."""
    return Webhook(config.url, config.secret, config.format) if config.url else None


class Webhook:
    """POSTs to ``url``."""

    recipients: tuple[str, ...] = ()

    def __init__(self, url: SecretStr, secret: SecretStr | None = None, form: Form = "steel") -> None:
        self._url = url
        self._secret = secret
        self._form: Form = form

    def send(self, notification: Notification) -> Mapping[str, str]:
        """See ``Notifier.send``."""
        content = _content(notification) if self._form == "steel" else _alertmanager(notification)
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "idempotency-key": notification.key}
        if self._secret is not None:
            signature = hmac.new(self._secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
            headers["x-steel-signature"] = f"sha256={signature}"
        post(self._url.get_secret_value(), body, headers)
        return {}


def _content(notification: Notification) -> dict[str, object]:
    return {
        "key": notification.key,
        "subject": notification.subject,
        "severity": notification.severity,
        "simulated": notification.simulated,
        "repeat": notification.repeat,
        "messages": [
            {
                "id": message.stamp,
                "kind": message.kind,
                "severity": message.severity,
                "title": message.title,
                "facts": dict(message.facts),
                "link": message.link,
                "simulated": message.simulated,
            }
            for message in notification.messages
        ],
    }


def _alertmanager(notification: Notification) -> dict[str, object]:
    firing = any(message.kind != "recovered" for message in notification.messages)
    alerts = [_alert(message, notification.language) for message in notification.messages]
    first = alerts[0] if len(alerts) == 1 else {}
    return {
        "version": "4",
        "groupKey": notification.key,
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "steel_assets",
        "groupLabels": {},
        "commonLabels": first.get("labels", {}),
        "commonAnnotations": first.get("annotations", {}),
        "externalURL": notification.messages[0].link,
        "alerts": alerts,
    }


def _alert(message: Message, language: Language) -> dict[str, Any]:
    over = message.kind == "recovered"
    return {
        **alert(message, language),
        "status": "resolved" if over else "firing",
        "endsAt": message.moment.isoformat() if over else STILL,
        "fingerprint": message.case,
    }
