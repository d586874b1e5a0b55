"""The texts of the pages, in the reader's language; the Spanish is in ``locale/``, see ``core/words.py``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from steel_assets.core import words
from steel_assets.core.types import MarketFrequency
from steel_assets.core.words import LANGUAGES, MONTHS, phrase

LOCALE = Path(__file__).parent / "locale"


class PageWords(words.Words):
    """The pages' texts in one language, with ages."""

    def __init__(self, language: str) -> None:
        super().__init__(language, LOCALE)

    def price_age(self, day: str, sessions: int, frequency: MarketFrequency = "daily") -> str:
        """A price's day and age in words, such as ``price of 4 Mar 2024, 3 sessions old``."""
        if frequency != "daily":
            return self(phrase("price of {0}, {1}"), self.of(day, frequency), self.old(sessions, frequency))
        return self.many("price of {0}, {1} session old", "price of {0}, {1} sessions old", sessions, day, sessions)

    def old(self, sessions: int, frequency: MarketFrequency = "daily") -> str:
        """An age in words, such as ``3 sessions old`` or ``1 month old``."""
        if frequency == "weekly":
            return self.many("{0} week old", "{0} weeks old", sessions, sessions)
        if frequency == "monthly":
            return self.many("{0} month old", "{0} months old", sessions, sessions)
        return self.many("{0} session old", "{0} sessions old", sessions, sessions)

    def span(self, number: int, frequency: MarketFrequency = "daily") -> str:
        """A number of a market's periods, such as ``5 days`` or ``3 months``."""
        if frequency == "weekly":
            return self.many("{0} week", "{0} weeks", number, number)
        if frequency == "monthly":
            return self.many("{0} month", "{0} months", number, number)
        return self.many("{0} day", "{0} days", number, number)

    def of(self, iso: str | None, frequency: MarketFrequency = "daily") -> str:
        """The period of a day in a market: 21 Nov 2026, week 47 of 2026, Nov 2026."""
        if not iso or frequency == "daily":
            return self.day(iso)
        if frequency == "monthly":
            return self.period(iso[:7])
        year, week, _ = date.fromisoformat(iso[:10]).isocalendar()
        return self(phrase("week {0} of {1}"), week, year)

    def period(self, name: str) -> str:
        """2026-12 → Dec 2026, 2026-Q4 → Q4 2026."""
        year, _, part = name.partition("-")
        shown = self(phrase("Q{0}"), part[1:]) if part.startswith("Q") else MONTHS[self.language][int(part) - 1]
        return f"{shown} {year}"

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


def preferred(chosen: str | None, cookie: str | None, accepted: str) -> str:
    """The language to answer in: requested, else remembered, else the browser's first that we have."""
    for language_code in (chosen, cookie):
        if language_code in LANGUAGES:
            return str(language_code)
    for part in accepted.lower().split(","):
        language = part.partition(";")[0].strip()[:2]
        if language in LANGUAGES:
            return language
    return "en"
