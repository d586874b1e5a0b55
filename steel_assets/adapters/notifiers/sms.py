"""Channel ``sms``: short texts through Twilio's REST API, or a compatible one (twilio.com/docs/messaging/api).

Every number gets its own request. A notification that may have arrived is first searched for by its key among the newest
messages, so that nobody gets it twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from pydantic import Field, SecretStr, model_validator

from steel_assets.adapters.notifiers import ChannelConfig, NotificationRefused, NotSent
from steel_assets.adapters.notifiers._config import Address, Readers, Recipients
from steel_assets.adapters.notifiers._post import get, post
from steel_assets.core.alerts.message import Notification, short

LOOK_BACK = 50


class Config(ChannelConfig):
    """A Twilio account and the numbers to text; by the shipped rules only critical messages are sent."""

    account_sid: str | None = Field(default=None, alias="STEEL_TWILIO_ACCOUNT_SID")
    auth_token: SecretStr | None = Field(default=None, alias="STEEL_TWILIO_AUTH_TOKEN")
    base_url: Address = Field(default="https://api.twilio.com", alias="STEEL_TWILIO_BASE_URL")
    sender: str | None = Field(default=None, alias="STEEL_SMS_FROM")
    recipients: Readers = Field(
        default=Recipients(),
        alias="STEEL_SMS_TO",
        description="numbers such as +5215512345678, separated by commas; +52…=es reads Spanish",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Refuse an account without sender or recipients."""
        needed = {
            "STEEL_TWILIO_AUTH_TOKEN": self.auth_token,
            "STEEL_SMS_FROM": self.sender,
            "STEEL_SMS_TO": self.recipients.names,
        }
        missing = ", ".join(name for name, value in needed.items() if not value)
        if self.account_sid and missing:
            raise ValueError(f"STEEL_TWILIO_ACCOUNT_SID is set, so {missing} must be set too")
        return self


def build(config: Config, home: Path) -> Twilio | None:
    """See ``ChannelModule.build``."""
    if not (config.account_sid and config.auth_token and config.sender):
        return None
    to = config.recipients
    return Twilio(config.base_url, config.account_sid, config.auth_token, config.sender, to.names, to.languages)


class Twilio:
    """Texts from ``sender`` to each of ``recipients`` (numbers as +52…), each in their language."""

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

    def send(self, notification: Notification) -> Mapping[str, str]:
        """See ``Notifier.send``. If one number fails, those that got it before do not get it again."""
        sent = 0
        refusals: dict[str, str] = {}
        for number in self.recipients:
            if notification.repeat and self._has(number, notification.key):
                continue
            try:
                self._text(number, short(notification.in_language(self._languages.get(number, notification.language))))
                sent += 1
            except NotificationRefused as refusal:
                refusals[number] = f"{refusal}; check STEEL_SMS_TO, and that the person has not unsubscribed"
            except NotSent as failure:
                raise NotSent(str(failure), perhaps_sent=failure.perhaps_sent or bool(sent)) from None
        if len(refusals) == len(self.recipients):
            raise NotificationRefused(next(iter(refusals.values())))
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
                "Twilio's list of sent texts could not be read, so it is not known whether this one was sent", perhaps_sent=True
            ) from None
        return any(body.endswith(f"[{key[:8]}]") for body in bodies)

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Basic {self._credentials}"}
