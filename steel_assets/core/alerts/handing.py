"""People and incidents: who looks after one, and the line that is kept about everything they do."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from steel_assets.core.alerts.book import Book
from steel_assets.core.alerts.incidents import Acknowledgement, Case
from steel_assets.core.types import Declaration

Deed = Literal["acknowledged", "silenced", "silence ended"]


class AuditLine(Declaration):
    """What somebody did: ``about`` names the cause or the silence."""

    id: str
    at: AwareDatetime
    by: str
    did: Deed
    about: str
    note: str = ""


def acknowledged(book: Book, name: str, given: Acknowledgement) -> tuple[Book, list[Case]]:
    """``book`` with the cases that ``name`` names (id or cause) looked after, and those of them that nobody did before."""
    fitting = [one for one in book.cases if name in (one.id, one.cause) and one.acknowledged is None]
    ids = {one.id for one in fitting}
    cases = tuple(one.model_copy(update={"acknowledged": given}) if one.id in ids else one for one in book.cases)
    return (book.model_copy(update={"cases": cases}) if ids else book), fitting
