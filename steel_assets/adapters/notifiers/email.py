"""Channel ``email``: a plain and an HTML part over SMTP with TLS. The same letter always has the same Message-ID."""

from __future__ import annotations

import html
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal

from pydantic import SecretStr

from steel_assets.adapters.notifiers import NotSent, Refused
from steel_assets.core.alerts.message import SIMULATED, Letter, Message, plain

SECONDS_PER_STEP = 8.0
TAKEN, FORWARDED, PERMANENT = 250, 251, 500
"""Replies of a mail server (RFC 5321); from 500 on they mean never."""

COLORS = {"low": "#6b7280", "medium": "#b7791f", "high": "#c2410c", "critical": "#b91c1c"}
OVER = "#15803d"


@dataclass(frozen=True)
class Mailbox:
    """Where mail is handed in, and between whom it goes."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str | None
    password: SecretStr | None
    sender: str
    recipients: tuple[str, ...]


class Email:
    """Sends through ``mailbox``."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._box = mailbox

    def send(self, letter: Letter) -> None:
        """See ``Notifier.send``. A recipient whom the server does not know is left out as long as it knows another."""
        content = written(letter, self._box.sender, self._box.recipients).as_bytes()
        server = self._reached()
        try:
            self._addressed(server)
            self._handed_over(server, content)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _reached(self) -> smtplib.SMTP:
        """A connection, encrypted and logged in as the settings ask. Raises NotSent."""
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

    def _addressed(self, server: smtplib.SMTP) -> None:
        box = self._box
        try:
            if server.mail(box.sender)[0] != TAKEN:
                raise NotSent(f"{box.host} does not take mail from this sender; check STEEL_EMAIL_FROM")
            if not [name for name in box.recipients if server.rcpt(name)[0] in (TAKEN, FORWARDED)]:
                raise NotSent(f"{box.host} knows none of the recipients; check STEEL_EMAIL_TO")
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{box.host}: the connection failed ({type(error).__name__})") from None

    def _handed_over(self, server: smtplib.SMTP, content: bytes) -> None:
        host = self._box.host
        try:
            code = server.data(content)[0]
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{host}: the connection failed ({type(error).__name__})", perhaps_sent=True) from None
        if code >= PERMANENT:
            raise Refused(f"{host} refuses the message ({code})")
        if code != TAKEN:
            raise NotSent(f"{host} asks to try again later ({code})")


def written(letter: Letter, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """``letter`` as an e-mail."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(letter.subject.split())
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{letter.key}@steel-assets>"
    mail["X-Steel-Severity"] = letter.severity
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(plain(letter))
    mail.add_alternative(page(letter), subtype="html")
    return mail


def page(letter: Letter) -> str:
    """``letter`` as HTML that mail programs show alike: tables, styles in the tags."""
    notes = ""
    if letter.simulated:
        notes += f'<p style="margin:0 0 12px;padding:8px 12px;background:#fde68a;color:#78350f"><b>{SIMULATED}</b></p>'
    if letter.repeat:
        notes += '<p style="margin:0 0 12px;color:#6b7280">Sent again after an interruption: you may have it already.</p>'
    return (
        '<!doctype html><html lang="en"><body style="margin:0;padding:20px;background:#f5f5f4;'
        'font:15px/1.5 -apple-system,Segoe UI,Helvetica,Arial,sans-serif;color:#1c1917">'
        f'<div style="max-width:600px;margin:auto">{notes}{"".join(map(_card, letter.messages))}'
        '<p style="color:#78716c;font-size:12px">Steel Assets. <code>steel alerts silence</code> holds messages back during '
        "maintenance.</p></div></body></html>"
    )


def _card(message: Message) -> str:
    color = OVER if message.kind == "recovered" else COLORS[message.severity]
    rows = "".join(
        f'<tr><td style="padding:3px 14px 3px 0;color:#78716c;vertical-align:top;white-space:nowrap">{html.escape(label)}</td>'
        f'<td style="padding:3px 0">{html.escape(text)}</td></tr>'
        for label, text in message.facts
    )
    style = f"color:{color};font-weight:600"
    link = f'<p style="margin:14px 0 0"><a href="{html.escape(message.link)}" style="{style}">Look here</a></p>'
    return (
        f'<div style="margin:0 0 14px;padding:16px 18px;background:#fff;border-left:5px solid {color}">'
        f'<p style="margin:0 0 8px;font-size:17px;font-weight:600">{html.escape(message.title)}</p>'
        f'<table role="presentation" cellspacing="0" cellpadding="0">{rows}</table>{link if message.link else ""}</div>'
    )
