"""Types of what a request brings: each refuses what is no such value with a message that shows how one is written."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from steel_assets.core.purchase_terms import MOST_HOLDING, MOST_TONNES

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def day_of(value: Any) -> date:
    """A day as programs write one. Raises ValueError."""
    if type(value) is date:
        return value
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise ValueError("write a day as 2026-11-20")
    return date.fromisoformat(value)


def _figure(most: float, what: str, *, above: bool = False) -> BeforeValidator:
    """A number, not a text and no truth value, from 0 (or above it) to ``most``."""

    def checked(value: Any) -> float:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most and (value > 0 or not above)
        if not fits:
            raise ValueError(f"write {what} as a number {'above 0' if above else 'from 0'} to {most:,g}")
        return float(value)

    return BeforeValidator(checked)


def _bounds(most: float, *, above: bool = False) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", "exclusiveMinimum" if above else "minimum": 0, "maximum": most})


Day = Annotated[date, BeforeValidator(day_of), WithJsonSchema({"type": "string", "format": "date"})]
Tonnes = Annotated[float, _figure(MOST_TONNES, "an amount in tonnes of 1,000 kg", above=True), _bounds(MOST_TONNES, above=True)]
Holding = Annotated[
    float, _figure(MOST_HOLDING, "a cost per tonne and month in the currency of the price"), _bounds(MOST_HOLDING)
]
Rate = Annotated[float, _figure(1, "a share a year (0.12 is 12 %)"), _bounds(1)]
