"""Reading what a caller sent, without trusting it."""

from __future__ import annotations

import re
from datetime import date

FURTHEST = 10**12
"""No count and no moment in seconds that a caller may mean is larger."""


def iso_date(text: str) -> str | None:
    """``text`` if it is a date that exists, written yyyy-mm-dd; such dates compare as text. Otherwise None."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def whole_number(text: str) -> int | None:
    """The whole number that ``text`` is; None if it is not one, or too large to mean anything."""
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII) or abs(int(text)) > FURTHEST:
        return None
    return int(text)
