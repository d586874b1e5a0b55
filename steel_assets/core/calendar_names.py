"""Names of trading calendars; their days are in ``core/calendars.py``."""

from __future__ import annotations

WEEKDAYS = "weekdays"

USUAL = frozenset({WEEKDAYS, "24/5", "CMES", "XLON", "XNYS", "XSHG"})
"""Calendars of the shipped catalogue, known without the calendar library, whose import alone doubles ``steel status``."""

OWN_PERIODS = frozenset({"weekly", "monthly"})
"""Calendars of markets whose price comes once in a week or a month: their "trading days" are first days of periods. They are
named by a market's frequency, never in a declaration."""


def calendar_exists(name: str) -> bool:
    """Whether ``name`` is ``weekdays`` or a calendar of the calendar library."""
    if name in USUAL:
        return True
    import exchange_calendars

    return name in exchange_calendars.get_calendar_names(include_aliases=True)
