"""Markets and the regions that they are in."""

from __future__ import annotations

from pydantic import Field

from steel_assets.core.types import MarketFrequency
from steel_assets.serving.schemas.fields import FREQUENCY, MARKET
from steel_assets.serving.shape import Shape


class Market(Shape):
    """A market of the catalogue."""

    id: str = Field(examples=[MARKET])
    name: str = Field(examples=["Rebar, FOB Turkey (LME front month)"])
    commodity: str = Field(examples=["rebar"])
    region: str = Field(examples=["turkey"])
    unit: str = Field(examples=["USD/t"])
    price_level: str = Field(examples=["LME closing price of the front month, FOB Turkey"])
    frequency: MarketFrequency = Field(description=FREQUENCY, examples=["daily"])
    horizons: list[int] = Field(description="in business days, weeks or months", examples=[[1, 5, 21, 63]])
    default: bool = Field(examples=[True])
    issued_date: str | None = Field(examples=["2026-11-21"])
    stale: bool | None = Field(examples=[False])
    price_date: str | None = Field(examples=["2026-11-20"])
    price_age_sessions: int | None = Field(examples=[0])
    stale_reason: str | None
    simulated: bool | None = Field(examples=[False])
    no_source: str | None = Field(description="why no provider is asked for its prices, and the remedy; null: one is")


class Markets(Shape):
    """All markets."""

    markets: list[Market]


class RegionInShort(Shape):
    """A region, and the ids of its markets."""

    region: str = Field(examples=["turkey"])
    region_name: str = Field(description="what people call it", examples=["Turkey"])
    markets: list[str] = Field(description="their ids", examples=[[MARKET, "scrap_turkey"]])


class Regions(Shape):
    """All regions in which there are markets."""

    regions: list[RegionInShort]


class RegionMarket(Market):
    """A market of a region, with the shortest horizon of its forecast in force; null before the first."""

    horizon: int | None = Field(description="business days, weeks or months", examples=[1])
    target_date: str | None = Field(examples=["2026-11-23"])
    last_price: float | None = Field(examples=[560.0])
    predicted_price: float | None = Field(examples=[571.25])


class Region(Shape):
    """The markets of one region."""

    region: str = Field(examples=["turkey"])
    region_name: str = Field(description="what people call it", examples=["Turkey"])
    markets: list[RegionMarket]
