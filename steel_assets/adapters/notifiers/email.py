"""Channel ``email``: plain text and HTML over SMTP with TLS. The same notification always has the same Message-ID."""

from __future__ import annotations

import html
import re
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from steel_assets.adapters.notifiers import ChannelConfig, NotificationRefused, NotSent
from steel_assets.adapters.notifiers._config import Readers, Recipients
from steel_assets.core.alerts.message import Message, Notification, plain
from steel_assets.core.alerts.vocabulary import FOOTER, REPEATED, SIMULATED, say

SECONDS_PER_STEP = 8.0
TAKEN, FORWARDED, PERMANENT = 250, 251, 500
"""Replies of a mail server (RFC 5321); from 500 on they mean never."""

COLORS = {"low": "#6b7280", "medium": "#b7791f", "high": "#c2410c", "critical": "#b91c1c"}
OVER = "#15803d"
CODE = re.compile(r"`([^`]+)`")


class Config(ChannelConfig):
    """The mail server, sender and recipients."""

    host: str | None = Field(default=None, alias="STEEL_SMTP_HOST", description="mail server for alerts")
    port: int = Field(default=587, ge=1, le=65535, alias="STEEL_SMTP_PORT")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", alias="STEEL_SMTP_SECURITY", description="none: without a password only"
    )
    user: str | None = Field(default=None, alias="STEEL_SMTP_USER")
    password: SecretStr | None = Field(default=None, alias="STEEL_SMTP_PASSWORD")
    sender: str | None = Field(default=None, alias="STEEL_EMAIL_FROM")
    recipients: Readers = Field(
        default=Recipients(),
        alias="STEEL_EMAIL_TO",
        description="addresses, separated by commas; ana@acme.mx=es reads Spanish",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Refuse a server without sender or recipients, and a password over a connection without TLS."""
        needed = {"STEEL_EMAIL_FROM": self.sender, "STEEL_EMAIL_TO": self.recipients.names}
        missing = ", ".join(name for name, value in needed.items() if not value)
        if self.host and missing:
            raise ValueError(f"STEEL_SMTP_HOST is set, so {missing} must be set too")
        if self.security == "none" and self.password is not None:
            raise ValueError("STEEL_SMTP_SECURITY is none, which would send the password in the clear; use starttls or tls")
        return self


def build(config: Config, home: Path) -> Email | None:
    """See ``ChannelModule.build``."""
    if not (config.host and config.sender):
        return None
    to = config.recipients
    way = (config.host, config.port, config.security)
    return Email(Mailbox(*way, config.user, config.password, config.sender, to.names, to.languages))


@dataclass(frozen=True)
class Mailbox:
    """The mail server with its login, the sender and the recipients; ``languages``: of recipients who read another."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str | None
    password: SecretStr | None
    sender: str
    recipients: tuple[str, ...]
    languages: Mapping[str, str] = field(default_factory=dict)


class Email:
    """Sends through ``mailbox``."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._box = mailbox
        self.recipients = mailbox.recipients
        self.sender = mailbox.sender

    def send(self, notification: Notification) -> Mapping[str, str]:
        """See ``Notifier.send``. A recipient whom the server refuses is left out if it accepts another.

        Readers of one language get one mail, so there may be two; if the second fails, both are tried again.
        """
        box = self._box
        left_out: dict[str, str] = {}
        refusals: list[str] = []
        asked = 0
        for language, names in self.readers(notification.language).items():
            try:
                left_out |= self.post(written(notification.in_language(language), box.sender, names), names)
            except NotificationRefused as refusal:
                refusals.append(str(refusal))
                left_out |= dict.fromkeys(names, str(refusal))
            except NotSent as failure:
                raise NotSent(str(failure), perhaps_sent=failure.perhaps_sent or asked > len(left_out)) from None
            asked += len(names)
        if len(left_out) == len(box.recipients):
            if refusals:
                raise NotificationRefused(refusals[0])
            raise NotSent(f"{box.host} knows none of the recipients; check STEEL_EMAIL_TO")
        return left_out

    def readers(self, language: str) -> dict[str, tuple[str, ...]]:
        """Language → recipients; those without a language of their own are listed under ``language``."""
        found: dict[str, list[str]] = {}
        for name in self._box.recipients:
            found.setdefault(self._box.languages.get(name, language), []).append(name)
        return {read: tuple(names) for read, names in found.items()}

    def post(self, mail: EmailMessage, names: tuple[str, ...]) -> dict[str, str]:
        """Send ``mail`` to ``names``; return recipient → why the server refuses it. If it refuses all, nothing was sent.

        Raises:
            NotSent, NotificationRefused: as ``Notifier.send``.
        """
        content = mail.as_bytes()
        server = self._reached()
        try:
            left_out = self._addressed(server, names)
            if len(left_out) < len(names):
                self._handed_over(server, content)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()
        return left_out

    def _reached(self) -> smtplib.SMTP:
        """A connection, encrypted and logged in as configured.

        Raises:
            NotSent: the server cannot be reached, or refuses the login.
        """
        box, trusted = self._box, ssl.create_default_context()
        server: smtplib.SMTP | None = None
        try:
            if box.security == "tls":
                server = smtplib.SMTP_SSL(box.host, box.port, timeout=SECONDS_PER_STEP, context=trusted)
            else:
                server = smtplib.SMTP(box.host, box.port, timeout=SECONDS_PER_STEP)
            if box.security == "starttls":
                server.starttls(context=trusted)
            server.ehlo_or_helo_if_needed()
            if box.user and box.password is not None:
                server.login(box.user, box.password.get_secret_value())
        except smtplib.SMTPAuthenticationError:
            problem = "does not accept user and password; check STEEL_SMTP_USER and STEEL_SMTP_PASSWORD"
        except ssl.SSLError:
            problem = "its TLS certificate or handshake cannot be trusted; nothing was sent"
        except smtplib.SMTPNotSupportedError:
            problem = "does not offer TLS or a login; check STEEL_SMTP_SECURITY"
        except (smtplib.SMTPException, OSError) as error:
            problem = f"cannot be reached ({type(error).__name__})"
        else:
            return server
        if server is not None:
            server.close()
        raise NotSent(f"{box.host}: {problem}")

    def _addressed(self, server: smtplib.SMTP, names: tuple[str, ...]) -> dict[str, str]:
        """The recipients whom the server refuses, with its replies."""
        box = self._box
        try:
            if server.mail(box.sender)[0] != TAKEN:
                raise NotSent(f"{box.host} does not take mail from this sender; check STEEL_EMAIL_FROM")
            replies = {name: server.rcpt(name)[0] for name in names}
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{box.host}: the connection failed ({type(error).__name__})") from None
        return {
            name: f"{box.host} does not take mail for this address ({code}); check STEEL_EMAIL_TO"
            for name, code in replies.items()
            if code not in (TAKEN, FORWARDED)
        }

    def _handed_over(self, server: smtplib.SMTP, content: bytes) -> None:
        host = self._box.host
        try:
            code = server.data(content)[0]
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{host}: the connection failed ({type(error).__name__})", perhaps_sent=True) from None
        if code >= PERMANENT:
            raise NotificationRefused(f"{host} refuses the message ({code})")
        if code != TAKEN:
            raise NotSent(f"{host} asks to try again later ({code})")


def written(notification: Notification, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """``notification`` as an e-mail."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(notification.subject.split())
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{notification.key}@steel-assets>"
    mail["X-Steel-Severity"] = notification.severity
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(plain(notification))
    mail.add_alternative(page(notification), subtype="html")
    return mail


def page(notification: Notification) -> str:
    """``notification`` as HTML that mail programs show alike: tables, styles in the tags."""
    notes, language = "", notification.language
    if notification.simulated:
        label = say(language, SIMULATED)
        notes += f'<p style="margin:0 0 12px;padding:8px 12px;background:#fde68a;color:#78350f"><b>{label}</b></p>'
    if notification.repeat:
        notes += f'<p style="margin:0 0 12px;color:#6b7280">{say(language, REPEATED)}</p>'
    footer = _shown(say(language, FOOTER))
    return (
        f'<!doctype html><html lang="{language}"><body style="margin:0;padding:20px;background:#f5f5f4;'
        'font:15px/1.5 -apple-system,Segoe UI,Helvetica,Arial,sans-serif;color:#1c1917">'
        f'<div style="max-width:600px;margin:auto">{notes}{"".join(map(_card, notification.messages))}'
        f'<p style="color:#78716c;font-size:12px">{footer}</p></div></body></html>'
    )


def _shown(text: str) -> str:
    """``text`` as HTML, with commands marked up."""
    return CODE.sub(r"<code>\1</code>", html.escape(text))


def _card(message: Message) -> str:
    color = OVER if message.kind == "recovered" else COLORS[message.severity]
    rows = "".join(
        f'<tr><td style="padding:3px 14px 3px 0;color:#78716c;vertical-align:top;white-space:nowrap">{html.escape(label)}</td>'
        f'<td style="padding:3px 0">{_shown(text)}</td></tr>'
        for label, text in message.facts
    )
    style = f"color:{color};font-weight:600"
    links = "".join(
        f'<p style="margin:14px 0 0"><a href="{html.escape(url)}" style="{style}">{html.escape(label)}</a></p>'
        for label, url in message.links
    )
    return (
        f'<div style="margin:0 0 14px;padding:16px 18px;background:#fff;border-left:5px solid {color}">'
        f'<p style="margin:0 0 8px;font-size:17px;font-weight:600">{html.escape(message.title)}</p>'
        f'<table role="presentation" cellspacing="0" cellpadding="0">{rows}</table>{links}</div>'
    )
