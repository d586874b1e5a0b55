"""``steel report``: print the morning mail, write it to a file, or send it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steel_assets.adapters.machine.disk import write_private
from steel_assets.adapters.mail.email_message import email_message
from steel_assets.adapters.mail.page import text, whole_page
from steel_assets.adapters.mail.pdf import as_pdf, check_installed
from steel_assets.adapters.notifiers import Notifier
from steel_assets.adapters.notifiers.email import Email
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.core.words import LANGUAGES
from steel_assets.operations.mailing import Mailed, mail_of, send
from steel_assets.operations.report import report as report_of


def report(
    language: Annotated[str | None, typer.Option(help="es or en; default STEEL_LANGUAGE")] = None,
    file: Annotated[Path | None, typer.Option(help="file to write the mail to: out.eml or out.html")] = None,
    pdf: Annotated[Path | None, typer.Option(help="file to write it to as an A4 page: out.pdf")] = None,
    sending: Annotated[bool, typer.Option("--send", help="send the mail over the channel email, once a day")] = False,
    again: Annotated[bool, typer.Option("--again", help="with --send: send even if today's mail was sent")] = False,
) -> None:
    """Print, write or send the morning mail: what changed, forecasts, odds, last week's errors, ages, alerts."""
    parts = platform()
    chosen = language or parts.settings.language
    if chosen not in LANGUAGES:
        raise Problem(f"--language: {chosen!r} is not known; use {' or '.join(LANGUAGES)}")
    if again and not sending:
        raise Problem("--again: use it together with --send")
    if file is not None and file.suffix not in (".eml", ".html"):
        raise Problem(f"--file: {file.name} must end in .eml (an e-mail) or .html (a page with its pictures inside)")
    if pdf is not None and pdf.suffix != ".pdf":
        raise Problem(f"--pdf: {pdf.name} must end in .pdf")
    for option, path in (("--file", file), ("--pdf", pdf)):
        if path is not None and not path.absolute().parent.is_dir():
            raise Problem(f"{option}: the folder {path.absolute().parent} does not exist")
    attached = parts.catalog.rules.report.pdf
    if pdf is not None or (attached and (sending or (file is not None and file.suffix == ".eml"))):
        check_installed()
    office = _office(parts.notifiers) if sending else None

    moment = now()
    incidents = parts.outbox.alert_state().incidents
    found = report_of(parts.catalog, parts.lake, parts.warehouse, incidents, moment, parts.settings.public_url or "")
    if not found.has_forecast:
        raise Problem("no forecast is published yet, so there is nothing to report; steel status says why")
    if file is not None:
        page = file.suffix == ".html"
        _write(
            "--file",
            file,
            whole_page(found, chosen).encode() if page else email_message(found, chosen, found.day, pdf=attached).as_bytes(),
        )
    if pdf is not None:
        _write("--pdf", pdf, as_pdf(found, chosen))
    if office is not None:
        made_for = mail_of(found, office.sender, moment.to_pydatetime(), again=again, pdf=attached)
        _tell(send(parts.store, office, made_for, found.day, chosen, moment.to_pydatetime(), again=again), found.day)
    if file is None and pdf is None and office is None:
        typer.echo(text(found, chosen))


def _write(option: str, path: Path, content: bytes) -> None:
    try:
        write_private(path, content)
    except OSError as error:
        raise Problem(f"{option}: {path} cannot be written: {error.strerror}") from error
    typer.echo(f"written: {path}")


def _office(notifiers: dict[str, Notifier]) -> Email:
    """The channel ``email``.

    Raises:
        Problem: it is not configured.
    """
    found = notifiers.get("email")
    if not isinstance(found, Email):
        raise Problem(
            "--send: the channel email is not set up; set STEEL_SMTP_HOST, STEEL_EMAIL_FROM and STEEL_EMAIL_TO (docs/alerts.md)"
        )
    return found


def _tell(done: Mailed, day: str) -> None:
    for language, count in done.sent.items():
        typer.echo(f"the mail of {day} was sent to {count} {'person' if count == 1 else 'people'} ({language})")
    for language, at in done.before.items():
        typer.echo(f"the mail of {day} ({language}) was sent at {at:%H:%M} UTC already; nothing was sent now")
    for name, why in done.left_out.items():
        typer.echo(f"left out: {name}: {why}", err=True)
    if done.left_out:
        raise typer.Exit(1)
