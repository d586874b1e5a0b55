"""The two languages of the pages: their words, dates and figures (figures alike in both, as in Mexico).

Texts stand in English where they are shown. What they are in Spanish is in ``locale/``, a catalogue of gettext; a test holds each
text to its translation, and dates and figures to the locale data of Babel, which is too large for the service to carry.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = {"en": "English", "es": "Español"}
LOCALE = Path(__file__).parent / "locale"
NOTHING = "–"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}


@lru_cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.NullTranslations() if language == "en" else gettext.translation("messages", LOCALE, [language])


def phrase(text: str) -> str:
    """``text`` as it is; marks one that is translated where it is shown."""
    return text


class Words:
    """One language: ``words("Mean error (MAPE)")``, and its dates."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._catalogue = _catalogue(self.language)

    def __call__(self, text: str, *values: object, **named: object) -> str:
        """The English ``text`` in this language, with values put into it; a day in ISO form is written as people write it."""
        return self._filled(self._catalogue.gettext(text), values, named)

    def many(self, one: str, several: str, number: int, *values: object) -> str:
        """As a call, with the one of two English texts that goes with ``number``, which is not put into it by itself."""
        return self._filled(self._catalogue.ngettext(one, several, number), values, {})

    def _filled(self, text: str, values: tuple[object, ...], named: Mapping[str, object]) -> str:
        shown = [self.day(value) if isinstance(value, str) and DAY.fullmatch(value) else value for value in values]
        return text.format(*shown, **named) if shown or named else text

    def price_age(self, day: str, sessions: int) -> str:
        """A price's day and age in words, such as ``price of 4 Mar 2024, 3 sessions old``."""
        return self.many("price of {0}, {1} session old", "price of {0}, {1} sessions old", sessions, day, sessions)

    def old(self, sessions: int) -> str:
        """An age in words, such as ``3 sessions old``."""
        return self.many("{0} session old", "{0} sessions old", sessions, sessions)

    def name(self, declared: Mapping[str, Any], field: str = "name") -> str:
        """What the catalogue calls something, in this language where it says so."""
        return str(declared.get(f"{field}_{self.language}") or declared[field])

    def day(self, iso: str | None) -> str:
        """2026-11-21 → 21 Nov 2026."""
        if not iso:
            return NOTHING
        found = date.fromisoformat(iso[:10])
        return f"{found.day} {MONTHS[self.language][found.month - 1]} {found.year}"

    def period(self, name: str) -> str:
        """2026-12 → Dec 2026, 2026-Q4 → Q4 2026."""
        year, _, part = name.partition("-")
        shown = self(phrase("Q{0}"), part[1:]) if part.startswith("Q") else MONTHS[self.language][int(part) - 1]
        return f"{shown} {year}"

    def moment(self, iso: str | None) -> str:
        """2026-11-21T08:00:00Z → 21 Nov 2026, 08:00 UTC."""
        return f"{self.day(iso)}, {iso[11:16]} UTC" if iso else NOTHING

    def ago(self, iso: str | None, now: float) -> str:
        """How long ago a moment was."""
        if not iso:
            return self(phrase("never"))
        seconds = now - datetime.fromisoformat(iso).astimezone(UTC).timestamp()
        if seconds < 90:
            return self(phrase("just now"))
        if seconds < 90 * 60:
            return self(phrase("{0} min ago"), round(seconds / 60))
        if seconds < 48 * 3600:
            return self(phrase("{0} h ago"), round(seconds / 3600))
        return self(phrase("{0} days ago"), round(seconds / 86400))


def capitalized(text: str) -> str:
    """As a sentence begins."""
    return text[:1].upper() + text[1:]


def price(value: float | None) -> str:
    """571.25; thousands with a comma."""
    return NOTHING if value is None else f"{value:,.2f}"


def money(value: float | None) -> str:
    """2.07; less than ten cents with four digits, as 0.0014."""
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
    """up, down, or nothing for what is shown as zero."""
    shown = round(value or 0.0, digits)
    return "up" if shown > 0 else "down" if shown < 0 else ""


def figure(value: float | None, digits: int = 2) -> str:
    """A plain figure."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def preferred(chosen: str | None, cookie: str | None, accepted: str) -> str:
    """The language to answer in: asked for, else remembered, else the browser's first that we speak."""
    for language_code in (chosen, cookie):
        if language_code in LANGUAGES:
            return str(language_code)
    for part in accepted.lower().split(","):
        language = part.partition(";")[0].strip()[:2]
        if language in LANGUAGES:
            return language
    return "en"
