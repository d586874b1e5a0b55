"""A calendar day as YYYY-MM-DD: the type of every day in requests and stored declarations."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}")


def day_of(value: Any) -> date:
    """The day of ``value``, a date or its text.

    Raises:
        ValueError: it is neither; numbers and moments are refused.
    """
    if type(value) is date:
        return value
    if not isinstance(value, str) or not WRITTEN.fullmatch(value):
        raise ValueError("write a day as 2026-11-20")
    return date.fromisoformat(value)


Day = Annotated[date, BeforeValidator(day_of), WithJsonSchema({"type": "string", "format": "date"})]
