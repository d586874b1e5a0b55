"""Figures, days and lengths of time as people write them, in either language; moments as the installation's clock shows them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Literal

from steel_assets.core.alerts.rules import Rulebook, Unit

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")

MONTHS = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "es": (
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ),
}
WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
MINUTES = {"en": "minutes", "es": "minutos"}
POINTS = {"en": "points", "es": "puntos"}


def figure(value: float, unit: Unit, language: Language = "en") -> str:
    """``value`` as people write it; alike in both languages, as in Mexico."""
    match unit:
        case "share":
            return f"{value:.1%}".replace("%", " %")
        case "points":
            return f"{100 * value:.1f} {POINTS[language]}"
        case "seconds":
            return f"{value:.2f} s"
        case "usd":
            return f"{value:.2f} USD"
        case "minutes":
            return f"{value:.0f} {MINUTES[language]}"
        case _:
            return f"{value:,.4g}"


def span(lasted: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = int(lasted.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next((place for place, (count, _) in enumerate(parts) if count), 2)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 min"


def local(moment: datetime, rulebook: Rulebook) -> str:
    """``moment`` as the clock on the wall shows it."""
    return f"{moment.astimezone(rulebook.tzinfo):%Y-%m-%d %H:%M}"


def full(moment: datetime, rulebook: Rulebook, language: Language = "en") -> str:
    """``moment`` with its weekday and its zone, as the clock on the wall shows it."""
    here = moment.astimezone(rulebook.tzinfo)
    weekday = WEEKDAYS[language][here.weekday()]
    shown = f"{weekday}, {day(here.date(), language)}" if language == "es" else f"{weekday} {day(here.date(), language)}"
    return f"{shown} {here:%Y, %H:%M} ({rulebook.zone})" if language == "en" else f"{shown} de {here:%Y, %H:%M} ({rulebook.zone})"


def day(when: date, language: Language, *, seen_in: int | None = None) -> str:
    """3 March; with its year where people read it in another one."""
    month = MONTHS[language][when.month - 1]
    short = f"{when.day} {month}" if language == "en" else f"{when.day} de {month}"
    if seen_in is None or seen_in == when.year:
        return short
    return f"{short} {when.year}" if language == "en" else f"{short} de {when.year}"


def listed(names: list[str], language: Language) -> str:
    """a, b and c; in Spanish ``e`` before the sound of an i (not before that of hie)."""
    if len(names) < 2:
        return "".join(names)
    last = names[-1]
    joint = "and" if language == "en" else "e" if re.match(r"(?i)h?[ií](?!e)", last) else "y"
    return f"{', '.join(names[:-1])} {joint} {last}"
