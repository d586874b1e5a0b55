"""Channel ``webhook``: the letter as JSON to an address of your own, signed, with an idempotency key.

The receiver checks ``X-Steel-Signature`` (``sha256=`` and the hex HMAC of the body under the shared secret) and ignores an
``Idempotency-Key`` that it has seen.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from pydantic import SecretStr

from steel_assets.adapters.notifiers._post import post
from steel_assets.core.alerts.message import Letter


class Webhook:
    """POSTs to ``url``."""

    def __init__(self, url: SecretStr, secret: SecretStr | None = None) -> None:
        self._url = url
        self._secret = secret

    def send(self, letter: Letter) -> None:
        """See ``Notifier.send``."""
        body = json.dumps(_content(letter), ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "idempotency-key": letter.key}
        if self._secret is not None:
            signature = hmac.new(self._secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
            headers["x-steel-signature"] = f"sha256={signature}"
        post(self._url.get_secret_value(), body, headers)


def _content(letter: Letter) -> dict[str, object]:
    return {
        "key": letter.key,
        "subject": letter.subject,
        "severity": letter.severity,
        "simulated": letter.simulated,
        "repeat": letter.repeat,
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
            for message in letter.messages
        ],
    }
