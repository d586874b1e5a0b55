"""What is counted from the sample paths of a forecast: averages of months and quarters, and odds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.serving.schemas.fields import MARKET, SESSIONS, STARTS_FROM, WITHDRAWN
from steel_assets.serving.shape import Shape


class FromPaths(Shape):
    """The first fields of answers from sample paths: market, issue, unit, and last day of the paths."""

    market: str = Field(examples=[MARKET])
    unit: str = Field(description="of all prices", examples=["USD/t"])
    issued_date: str = Field(examples=["2026-11-21"])
    as_of: str = Field(examples=["2026-11-21T08:00:00Z"])
    last_price: float = Field(examples=[569.5])
    price_date: str = Field(description=STARTS_FROM, examples=["2026-11-20"])
    price_age_sessions: int | None = Field(description=SESSIONS, examples=[0])
    stale: bool
    stale_reason: str | None = Field(description="null: it is not stale")
    simulated: bool
    withdrawn_import: str | None = Field(description=WITHDRAWN)
    paths: int = Field(description="number of sample paths", examples=[1000])
    paths_from: str = Field(description="first trading day ahead", examples=["2026-11-23"])
    paths_to: str = Field(description="last trading day ahead", examples=["2027-02-22"])


class Spread(Shape):
    """Quantiles of a figure, 5 % to 95 %."""

    q05: float = Field(examples=[541.3])
    q25: float = Field(examples=[560.1])
    q50: float = Field(examples=[573.4])
    q75: float = Field(examples=[587.0])
    q95: float = Field(examples=[607.2])


class PeriodDays(Shape):
    """The trading days of a month or a quarter."""

    known: int = Field(description="whose price was known at the issue", examples=[0])
    carried: int = Field(description="whose price is late, so that the last price is used", examples=[0])
    drawn: int = Field(description="from the paths", examples=[21])
    beyond: int = Field(description="after the end of the paths; not in the figures", examples=[0])


class PeriodAverage(Shape):
    """The average price of a month or a quarter."""

    period: str = Field(examples=["2026-12", "2026-Q4"])
    whole: bool = Field(description="false: days lie beyond the paths, and the figures are of the days before", examples=[True])
    trading_days: PeriodDays
    quantiles: Spread


class Averages(FromPaths):
    """Averages of the months, then of the quarters, within the paths of the forecast in force."""

    averages: list[PeriodAverage]


class Odds(FromPaths):
    """The probability that a price is above, or below, a level: on a day, at any close up to one, or on average of a period."""

    side: Literal["above", "below"]
    level: float = Field(examples=[640.0])
    about: Literal["average", "on", "by"] = Field(
        description="by: any close after the last price up to the day, or the last price"
    )
    day: str | None = Field(description="the day that was asked about; null for an average", examples=[None])
    trading_day: str | None = Field(description="the last one up to that day", examples=[None])
    period: str | None = Field(description="null for a day", examples=["2026-12"])
    trading_days: PeriodDays | None
    chance: float = Field(ge=0, le=1, examples=[0.124])
    standard_error: float = Field(
        ge=0,
        description="Monte-Carlo standard error of the paths, not of the forecast; 0: the outcome is known",
        examples=[0.0104],
    )
    quantiles: Spread = Field(description="of the average, of the price on the day, or of the highest (lowest) close up to it")
