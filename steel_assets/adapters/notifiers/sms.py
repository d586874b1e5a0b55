"""Channel ``sms``: short texts through Twilio's REST API, or one that answers alike (twilio.com/docs/messaging/api).

Every number gets its own request. A letter that may have arrived is looked for by its key among the newest messages first, so
that no phone rings twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import urlencode

from pydantic import SecretStr

from steel_assets.adapters.notifiers import NotSent, Refused
from steel_assets.adapters.notifiers._post import get, post
from steel_assets.core.alerts.message import Letter, short

LOOK_BACK = 50


class Twilio:
    """Texts from ``sender`` to each of ``recipients`` (numbers as +52…), in the language that each reads if it is another."""

    def __init__(
        self,
        base_url: str,
        account: str,
        token: SecretStr,
        sender: str,
        recipients: tuple[str, ...],
        languages: Mapping[str, str] | None = None,
    ) -> None:
        self._messages = f"{base_url}/2010-04-01/Accounts/{account}/Messages.json"
        self._credentials = base64.b64encode(f"{account}:{token.get_secret_value()}".encode()).decode()
        self._sender = sender
        self.recipients = recipients
        self._languages = languages or {}

    def send(self, letter: Letter) -> Mapping[str, str]:
        """See ``Notifier.send``. When one number fails, those already told are not told again."""
        told = 0
        refusals: dict[str, str] = {}
        for number in self.recipients:
            if letter.repeat and self._has(number, letter.key):
                continue
            try:
                self._text(number, short(letter.in_language(self._languages.get(number, letter.language))))
                told += 1
            except Refused as refusal:
                refusals[number] = f"{refusal}; check STEEL_SMS_TO, and that the person has not unsubscribed"
            except NotSent as failure:
                raise NotSent(str(failure), perhaps_sent=failure.perhaps_sent or bool(told)) from None
        if len(refusals) == len(self.recipients):
            raise Refused(next(iter(refusals.values())))
        return refusals

    def _text(self, number: str, text: str) -> None:
        form = urlencode({"To": number, "From": self._sender, "Body": text}).encode()
        post(self._messages, form, {**self._headers, "content-type": "application/x-www-form-urlencoded"})

    def _has(self, number: str, key: str) -> bool:
        answer = get(f"{self._messages}?{urlencode({'To': number, 'PageSize': LOOK_BACK})}", self._headers)
        try:
            bodies = [message.get("body") or "" for message in json.loads(answer.content)["messages"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotSent(
                "the list of texts sent is not readable; whether this one was cannot be told", perhaps_sent=True
            ) from None
        return any(body.endswith(f"[{key[:8]}]") for body in bodies)

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Basic {self._credentials}"}
