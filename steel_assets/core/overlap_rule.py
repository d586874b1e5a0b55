"""The thresholds of ``core/overlap.py``, as the catalogue declares them; to read them needs no numpy."""

from __future__ import annotations

from pydantic import Field

from steel_assets.core.types import Declaration


class OverlapRule(Declaration):
    """When the overlap of two imports of a series differs widely.

    Attributes:
        share: of the overlapping periods that differ.
        change: a change beyond this share of a figure is wide, however wild the series is.
        moves: so is one beyond this multiple of the median move from period to period.
        least: a change below this share of a figure is never wide.
        periods: fewest changed periods that show a common factor or amount.
    """

    share: float = Field(gt=0, le=1)
    change: float = Field(gt=0)
    moves: float = Field(gt=0)
    least: float = Field(ge=0)
    periods: int = Field(ge=2)
