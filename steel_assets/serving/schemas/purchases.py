"""A purchase to be planned, and its plan."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.core.iso_day import Day
from steel_assets.core.purchase_terms import Appetite, Contract
from steel_assets.serving.request_types import Holding, Rate, Tonnes
from steel_assets.serving.schemas.fields import MARKET
from steel_assets.serving.schemas.paths import FromPaths
from steel_assets.serving.shape import Shape


class Purchase(Shape):
    """A purchase to be planned."""

    market: str = Field(description="id of the market", examples=[MARKET], max_length=64)
    tonnes: Tonnes = Field(description="amount needed, in tonnes of 1,000 kg", examples=[5000.0])
    by: Day = Field(description="day of need: paid and in stock", examples=["2026-12-29"])
    contract: Contract = Field(
        default="spot", description="spot: the day's price; average: the average of its calendar month", examples=["spot"]
    )
    holding_per_tonne_and_month: Holding = Field(
        default=0.0, description="cost of stock, in the currency of the market's price", examples=[3.0]
    )
    capital_a_year: Rate = Field(
        default=0.0, description="yearly interest on the amount paid, as a share: 0.12 is 12 %", examples=[0.12]
    )
    risk: Appetite = Field(
        default="medium",
        description="how much may follow a forecast with a proven edge: a third, two thirds, all",
        examples=["low"],
    )


class PlannedFixing(Shape):
    """A day on which the price can be fixed."""

    day: str = Field(examples=["2026-11-23"])
    days_held: int = Field(description="calendar days until the need", examples=[36])
    expected_per_tonne: float = Field(examples=[583.1])
    share_advised: float = Field(ge=0, le=1, examples=[0.3333])


class Fixings(Shape):
    """The days on which the price can be fixed: the next trading day, half way, the last one up to the need."""

    now: PlannedFixing
    middle: PlannedFixing
    late: PlannedFixing


class PlannedCost(Shape):
    """The distribution of a cost, with stock and capital up to the need."""

    mean_per_tonne: float = Field(examples=[579.4])
    q05_per_tonne: float = Field(examples=[548.2])
    q25_per_tonne: float = Field(examples=[566.5])
    q50_per_tonne: float = Field(examples=[579.1])
    q75_per_tonne: float = Field(examples=[592.0])
    q95_per_tonne: float = Field(examples=[611.3])
    at_risk_per_tonne: float = Field(description="cost at risk: the 95 % quantile minus the mean", examples=[31.9])
    mean_total: float = Field(description="times the tonnes", examples=[2897000.0])
    at_risk_total: float = Field(examples=[159500.0])


class PlannedCosts(Shape):
    """The cost of each way of buying."""

    now: PlannedCost = Field(description="all on the next trading day")
    late: PlannedCost = Field(description="all at the need")
    thirds: PlannedCost = Field(description="in parts: a third now, half way and at the need")
    forecast: PlannedCost = Field(description="all on the day that the forecast expects to be cheapest")
    advised: PlannedCost


class PurchaseEdge(Shape):
    """The past gain from buying by the forecast in the market's walk-forward, on the same terms."""

    proven: bool = Field(description="significantly cheaper than now, late and in thirds")
    origins: int = Field(description="past purchases compared", examples=[228])
    origins_needed: int = Field(examples=[132])
    overlap: int = Field(description="number of neighbouring ones that overlap", examples=[22])
    p_value: float = Field(ge=0, le=1, description="the largest of the three", examples=[0.41])
    saving_per_tonne: dict[str, float] = Field(examples=[{"now": -1.2, "late": 2.4, "thirds": 0.6}])
    p_values: dict[str, float] = Field(examples=[{"now": 0.41, "late": 0.22, "thirds": 0.35}])
    text: str = Field(examples=["buying by the forecast saved per tonne -1.2 against now, …"])


class Plan(FromPaths):
    """The cost of one purchase by ways of buying, and whether the market's record justifies following its forecast."""

    question: Purchase
    currency: str = Field(description="of all costs", examples=["USD"])
    fixings: Fixings
    forecast_buys: Literal["now", "middle", "late"]
    costs: PlannedCosts
    edge: PurchaseEdge
    advice: str = Field(examples=["no edge: spread the purchase"])
    notes: list[str] = Field(description="why no record could be read; that the price is a front month", examples=[[]])
    language: Literal["en", "es"] = Field(description="of advice, notes and the text of the edge")
