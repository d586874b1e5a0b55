"""Validates parameters of requests."""

from __future__ import annotations

import re
from datetime import date

FURTHEST = 10**12
"""Limit of counts and of times in seconds."""


def iso_date(text: str) -> str | None:
    """``text`` as yyyy-mm-dd if it is an existing date (such dates can be compared as text), otherwise None."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def whole_number(text: str) -> int | None:
    """The integer in ``text``; None if it is not one, or too large."""
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII) or abs(int(text)) > FURTHEST:
        return None
    return int(text)
