"""The two languages of texts for people: translation, dates and numbers.

Numbers are written alike in both, as in Mexico. A text stands in English where it is shown; its Spanish is in the message
catalogue (gettext) of the package that shows it. A test checks that each text has a translation, and compares dates and numbers
with Babel's locale data, which is too large for the service's image.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

Language = Literal["en", "es"]
LANGUAGES: dict[Language, str] = {"en": "English", "es": "Español"}
NOTHING = "–"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}


@lru_cache
def _catalogue(folder: Path, language: str) -> gettext.NullTranslations:
    return gettext.NullTranslations() if language == "en" else gettext.translation("messages", folder, [language])


def phrase(text: str) -> str:
    """``text`` unchanged; marks a text that is translated where it is shown."""
    return text


class Words:
    """One language: ``words("Mean error (MAPE)")`` translates, and dates are written in it.

    Args:
        language: any other than those of LANGUAGES is English.
        folder: of the message catalogues of the package that shows the texts.
    """

    def __init__(self, language: str, folder: Path) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._catalogue = _catalogue(folder, self.language)

    def __call__(self, text: str, *values: object, **named: object) -> str:
        """The English ``text`` in this language, with values filled in; a day in ISO form is written as in ``day``."""
        return self._filled(self._catalogue.gettext(text), values, named)

    def many(self, singular: str, several: str, number: int, *values: object) -> str:
        """As a call, choosing the singular or plural text by ``number``, which is not filled in."""
        return self._filled(self._catalogue.ngettext(singular, several, number), values, {})

    def _filled(self, text: str, values: tuple[object, ...], named: Mapping[str, object]) -> str:
        shown = [self.day(value) if isinstance(value, str) and DAY.fullmatch(value) else value for value in values]
        return text.format(*shown, **named) if shown or named else text

    def name(self, declared: Mapping[str, Any], field: str = "name") -> str:
        """The catalogue's name of something, in this language if declared."""
        return str(declared.get(f"{field}_{self.language}") or declared[field])

    def day(self, iso: str | None) -> str:
        """2026-11-21 → 21 Nov 2026."""
        if not iso:
            return NOTHING
        found = date.fromisoformat(iso[:10])
        return f"{found.day} {MONTHS[self.language][found.month - 1]} {found.year}"

    def moment(self, iso: str | None) -> str:
        """2026-11-21T08:00:00Z → 21 Nov 2026, 08:00 UTC."""
        return f"{self.day(iso)}, {iso[11:16]} UTC" if iso else NOTHING


def capitalized(text: str) -> str:
    """``text`` with a capital first letter."""
    return text[:1].upper() + text[1:]


def price(value: float | None) -> str:
    """571.25; with commas between thousands."""
    return NOTHING if value is None else f"{value:,.2f}"


def money(value: float | None) -> str:
    """2.07; amounts below ten cents with four digits, as 0.0014."""
    return NOTHING if value is None else f"{value:,.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.4f}"


def share(value: float | None, digits: int = 1) -> str:
    """0.0123 → 1.2 %."""
    return NOTHING if value is None else f"{100 * value:.{digits}f} %"


def signed_share(value: float | None, digits: int = 1) -> str:
    """0.0123 → +1.2 %."""
    if value is None:
        return NOTHING
    text = f"{100 * value:+.{digits}f} %".replace("-", "−")
    return text[1:] if float(text[1:-2]) == 0 else text


def signed(value: float | None, digits: int = 2) -> str:
    """1.5 → +1.50."""
    if value is None:
        return NOTHING
    text = f"{value:+,.{digits}f}".replace("-", "−")
    return text[1:] if float(text[1:].replace(",", "")) == 0 else text


def direction(value: float | None, digits: int = 2) -> str:
    """``up``, ``down``, or empty for a value that is shown as zero."""
    shown = round(value or 0.0, digits)
    return "up" if shown > 0 else "down" if shown < 0 else ""


def figure(value: float | None, digits: int = 2) -> str:
    """A plain number."""
    return NOTHING if value is None else f"{value:,.{digits}f}"
