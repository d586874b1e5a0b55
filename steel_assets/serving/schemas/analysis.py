"""What can be said of a market's past, and what cannot."""

from __future__ import annotations

from pydantic import Field

from steel_assets.serving.schemas.fields import MARKET
from steel_assets.serving.shape import Shape


class Statement(Shape):
    """A statement about a market's past, and its test."""

    key: str = Field(description="kind of statement; with values it determines the sentence", examples=["trend"])
    about: str = Field(description="unique within a key", examples=["63"])
    values: dict[str, bool | int | float | str | list[float] | list[str] | None] = Field(
        description="figures and names of the sentence", examples=[{"days": 63, "change": 0.042, "daily": 0.00066}]
    )
    n: int = Field(description="observations that the test rests on", examples=[63])
    test: str = Field(examples=["t test, Newey-West"])
    p: float = Field(ge=0, le=1, examples=[0.41])
    p_corrected: float = Field(ge=0, le=1, description="by Holm, among all statements of the market", examples=[1.0])
    finding: bool = Field(description="whether p_corrected is at most 0.05")
    sentence: str = Field(
        examples=["Over the last 63 trading days the price went +4.2%, +0.066% a day ± 0.080%. No more than chance: p = 0.41, …"]
    )


class Unsaid(Shape):
    """A statement that cannot be made, and why."""

    key: str = Field(examples=["analogues"])
    about: str = Field(examples=["21"])
    why: str = Field(examples=["400 trading days are known, at least 1,000 are needed"])


class Analysis(Shape):
    """Statements about a market's past, findings first, each with a test, corrected for their number."""

    market: str = Field(examples=[MARKET])
    unit: str = Field(examples=["USD/t"])
    as_of: str = Field(description="only data known by then are used", examples=["2026-11-21T08:00:00+00:00"])
    first_day: str = Field(examples=["2016-01-04"])
    day: str = Field(description="last trading day in it", examples=["2026-11-20"])
    sessions: int = Field(description="trading days", examples=[2750])
    stale: bool
    stale_reason: str | None = Field(description="null: it is not stale")
    simulated: bool
    statements: list[Statement]
    unsaid: list[Unsaid]
