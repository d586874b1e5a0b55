"""The thresholds of ``core/overlap.py`` as the catalogue declares them; without numpy."""

from __future__ import annotations

from pydantic import Field

from steel_assets.core.types import Declaration


class OverlapRule(Declaration):
    """When two imports of a series differ widely.

    Attributes:
        share: of the overlapping periods that differ.
        change: a relative change beyond this is wide, however volatile the series is.
        moves: so is one beyond this multiple of the median move from period to period.
        least: a relative change below this is never wide.
        periods: least number of changed periods for a common factor or amount.
    """

    share: float = Field(gt=0, le=1)
    change: float = Field(gt=0)
    moves: float = Field(gt=0)
    least: float = Field(ge=0)
    periods: int = Field(ge=2)
