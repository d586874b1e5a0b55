"""Types of the numbers in requests; each refuses an invalid one and says how to write it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from steel_assets.core.purchase_terms import MOST_HOLDING, MOST_TONNES


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


Tonnes = Annotated[float, _figure(MOST_TONNES, "an amount in tonnes of 1,000 kg", above=True), _bounds(MOST_TONNES, above=True)]
Holding = Annotated[
    float, _figure(MOST_HOLDING, "a cost per tonne and month in the currency of the price"), _bounds(MOST_HOLDING)
]
Rate = Annotated[float, _figure(1, "a share a year (0.12 is 12 %)"), _bounds(1)]
