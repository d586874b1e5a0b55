"""Price watches: as they are set, and as they are now."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.serving.schemas.fields import MARKET
from steel_assets.serving.shape import Shape


class NewWatch(Shape):
    """A price watch to be set.

    ``level`` needs a price (above or below), ``move`` its market only, ``odds`` a price, a day or a period (by, on, average) and
    a chance, ``margin`` the market that is subtracted (less) and a limit (above or below).
    """

    kind: Literal["level", "move", "odds", "margin"] = Field(examples=["level"])
    market: str = Field(min_length=1, max_length=64, examples=[MARKET])
    above: float | None = Field(default=None, description="in the market's unit; or below", examples=[640.0])
    below: float | None = Field(default=None, description="in the market's unit; or above")
    less: str | None = Field(default=None, max_length=64, description="margin: the market whose price is subtracted")
    by: str | None = Field(default=None, max_length=10, description="odds: any close up to this day")
    on: str | None = Field(default=None, max_length=10, description="odds: the price on this day")
    average: str | None = Field(
        default=None, max_length=7, description="odds: average of a month or quarter, as 2026-12, 2026-Q4"
    )
    chance: float | None = Field(default=None, gt=0, lt=1, description="odds: a message is sent when the chance exceeds it")
    quiet: str | None = Field(
        default=None,
        max_length=11,
        description="hours without messages, in the schedules' zone; they are sent at the end",
        examples=["22:00-07:00"],
    )


class Watch(NewWatch):
    """A price watch and its present state."""

    id: str = Field(examples=["0123456789ab"])
    created_at: str = Field(examples=["2026-11-21T08:00:00Z"])
    holds: bool | None = Field(description="whether its condition is true now; null: not known, see problem", examples=[False])
    value: float | None = Field(description="the price, chance or margin that it is about", examples=[571.25])
    problem: str | None
    simulated: bool


class Watches(Shape):
    """The watches of a key."""

    simulated: bool
    most: int = Field(description="largest number per key", examples=[20])
    watches: list[Watch]
