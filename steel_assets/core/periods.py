"""A market's periods by its frequency, in words: trading days, weeks or months. Standard library only.

A weekly or monthly market counts horizons and ages in its own periods, each named by its first day: Monday, or the first of the
month.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steel_assets.core.types import MarketFrequency

UNITS: dict[MarketFrequency, tuple[str, str]] = {
    "daily": ("day", "days"),
    "weekly": ("week", "weeks"),
    "monthly": ("month", "months"),
}
"""Singular and plural of a period."""


def counted(number: int, frequency: MarketFrequency) -> str:
    """``1 month``, ``3 months``."""
    return f"{number} {UNITS[frequency][number != 1]}"


def ahead(horizons: str | int, frequency: MarketFrequency) -> str:
    """``3 months ahead``, ``1, 2, 4 weeks ahead``."""
    return f"{horizons} {UNITS[frequency][1]} ahead"


def period_name(day: date, frequency: MarketFrequency) -> str:
    """The period that contains ``day``: 2026-11-21, 2026-W48 (ISO 8601) or 2026-11."""
    if frequency == "weekly":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return f"{day:%Y-%m}" if frequency == "monthly" else f"{day:%Y-%m-%d}"
