"""The morning mail as an e-mail: plain text, HTML with its pictures, and optionally a PDF."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate
from typing import cast

from steel_assets.adapters.mail.page import page, pictures, text
from steel_assets.adapters.mail.pdf import as_pdf
from steel_assets.adapters.mail.wording import MailWords, subject
from steel_assets.core.report import Report

DOMAIN = "steel-assets"


def email_message(
    report: Report, language: str, key: str, sender: str = "", recipients: tuple[str, ...] = (), *, pdf: bool = False
) -> EmailMessage:
    """``report`` as multipart/alternative: text/plain, then multipart/related of text/html and its image/png.

    With a PDF, a multipart/mixed contains that and the PDF.

    Args:
        key: the same for every attempt to send the same mail.
        sender, recipients: empty for a mail that is only written to a file.
        pdf: attach the same as a PDF.

    Raises:
        PdfNotInstalled: a PDF is wanted and its library is missing.
    """
    drawn = pictures(report, language)
    mail = EmailMessage()
    mail["Subject"] = subject(report, MailWords(language))
    if sender:
        mail["From"] = sender
    if recipients:
        mail["To"] = ", ".join(recipients)
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{key}@{DOMAIN}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text(report, language))
    mail.add_alternative(page(report, language, drawn, lambda market: f"cid:{market}@{DOMAIN}"), subtype="html")
    if pdf:
        mail.add_attachment(as_pdf(report, language), "application", "pdf", filename=f"steel-prices-{report.day}.pdf")
    mail["Content-Language"] = language  # only now: what was there before would have become the first part's
    related = cast("EmailMessage", mail.get_body(("html",)))
    for market, picture in drawn.items():
        name = f"{market}.png"
        related.add_related(picture, "image", "png", cid=f"<{market}@{DOMAIN}>", disposition="inline", filename=name)
    return mail
