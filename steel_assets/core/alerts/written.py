"""Formats figures, days and durations in either language, and moments in the installation's time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from steel_assets.core.alerts.rules import Rulebook, Unit
from steel_assets.core.alerts.vocabulary import say
from steel_assets.core.words import Language, phrase

MONTHS = (
    phrase("January"),
    phrase("February"),
    phrase("March"),
    phrase("April"),
    phrase("May"),
    phrase("June"),
    phrase("July"),
    phrase("August"),
    phrase("September"),
    phrase("October"),
    phrase("November"),
    phrase("December"),
)
WEEKDAYS = (
    phrase("Monday"),
    phrase("Tuesday"),
    phrase("Wednesday"),
    phrase("Thursday"),
    phrase("Friday"),
    phrase("Saturday"),
    phrase("Sunday"),
)


def figure(value: float, unit: Unit, language: Language = "en") -> str:
    """``value`` with its unit; the same in both languages, as in Mexico."""
    match unit:
        case "share":
            return f"{value:.1%}".replace("%", " %")
        case "points":
            points = f"{100 * value:.1f}"
            return say(language, "{0} points", points)
        case "seconds":
            return f"{value:.2f} s"
        case "usd":
            return f"{value:.2f} USD"
        case "minutes":
            minutes = f"{value:.0f}"
            return say(language, "{0} minutes", minutes)
        case _:
            return f"{value:,.4g}"


def span(lasted: timedelta) -> str:
    """A duration in its two largest units."""
    minutes = int(lasted.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next((place for place, (count, _) in enumerate(parts) if count), 2)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 min"


def local(moment: datetime, rulebook: Rulebook) -> str:
    """``moment`` in the zone of the schedules: 2026-03-03 14:05."""
    return f"{moment.astimezone(rulebook.tzinfo):%Y-%m-%d %H:%M}"


def full(moment: datetime, rulebook: Rulebook, language: Language = "en") -> str:
    """``moment`` in the zone of the schedules, with its weekday and the zone's name."""
    here = moment.astimezone(rulebook.tzinfo)
    return say(
        language,
        "{weekday} {day} {month} {year}, {time} ({zone})",
        weekday=say(language, WEEKDAYS[here.weekday()]),
        day=here.day,
        month=say(language, MONTHS[here.month - 1]),
        year=here.year,
        time=f"{here:%H:%M}",
        zone=rulebook.zone,
    )


def day(when: date, language: Language, *, seen_in: int | None = None) -> str:
    """``3 March``; with its year if people read it in another year."""
    month = say(language, MONTHS[when.month - 1])
    if seen_in is None or seen_in == when.year:
        return say(language, "{day} {month}", day=when.day, month=month)
    return say(language, "{day} {month} {year}", day=when.day, month=month, year=when.year)


def listed(names: list[str], language: Language) -> str:
    """``a, b and c``; in Spanish ``e`` before the sound of an i (but not before hie)."""
    if len(names) < 2:
        return "".join(names)
    last = names[-1]
    joint = say(language, "and")
    if language == "es" and re.match(r"(?i)h?[ií](?!e)", last):
        joint = "e"
    return f"{', '.join(names[:-1])} {joint} {last}"
