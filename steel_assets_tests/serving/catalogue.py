"""The Spanish of pages, morning mail and alerts, kept: ``python -m steel_assets_tests.serving.catalogue`` after a change.

Babel reads from the templates and modules of each room what there is to translate. New texts come into its ``messages.po``
without a translation, those that are gone leave it; then it is compiled to the ``messages.mo`` that the room reads.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from steel_assets.adapters.mail import wording as mail
from steel_assets.core import purchase_plan
from steel_assets.core.alerts import vocabulary as alerts
from steel_assets.core.analysis import sentences
from steel_assets.serving import words as pages

ROOMS = (pages.LOCALE, mail.LOCALE, alerts.LOCALE)
"""Folders of message catalogues, each in the room whose texts it holds."""

METHODS = [("**.py", "python"), *((f"templates/**.{kind}", "jinja2.ext:babel_extract") for kind in ("html", "txt"))]
KEYWORDS: dict[str, Any] = {"t": None, "words": None, "phrase": None, "many": (1, 2), "say": (2,), "say_many": (2, 3)}
"""Calls whose first text is translated; of ``many`` the first two. ``say`` and ``say_many`` have the language before."""

TOLD = {"core/analysis/sentences.py": sentences.TEXTS, "core/purchase_plan.py": purchase_plan.TEXTS}
"""Where the texts stand that the page tells of a market's past and of a purchase."""

MADE = datetime(2026, 11, 30, tzinfo=UTC)
"""In the header, which has to name a moment; the history of the file is git's."""


def shown(folder: Path = pages.LOCALE) -> Catalog:
    """Every text that the room of ``folder`` can show."""
    found = Catalog(locale="es", charset="utf-8", creation_date=MADE)
    for file, _, text, _, _ in extract_from_dir(folder.parent, METHODS, keywords=KEYWORDS, comment_tags=()):
        found.add(text, locations=[(file, 0)])
    for file, texts in TOLD.items() if folder == pages.LOCALE else ():
        for text in texts:
            found.add(text, locations=[(file, 0)])
    return found


def kept(path: Path) -> Catalog:
    """The catalogue as it stands."""
    with path.open("rb") as file:
        return read_po(file, locale="es")


def compiled(catalogue: Catalog) -> bytes:
    """What gettext reads of it."""
    content = io.BytesIO()
    write_mo(content, catalogue)
    return content.getvalue()


def main() -> None:
    """Bring the files of each room up to date, and say which texts have no translation yet."""
    for folder in ROOMS:
        _bring_up_to_date(folder)


def spanish(folder: Path) -> Path:
    """The Spanish of a room."""
    return folder / "es" / "LC_MESSAGES" / "messages.po"


def _bring_up_to_date(folder: Path) -> None:
    path = spanish(folder)
    catalogue = kept(path)
    catalogue.update(shown(folder), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalogue, width=130, sort_output=True, include_lineno=False)
    path.with_suffix(".mo").write_bytes(compiled(catalogue))
    for message in catalogue:
        if message.id and not (all(message.string) if message.pluralizable else message.string):
            sys.stdout.write(f"no translation: {message.id}\n")


if __name__ == "__main__":
    main()
