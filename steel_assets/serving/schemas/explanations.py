"""Why a forecast is what it is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.serving.schemas.fields import MARKET, VERSION
from steel_assets.serving.schemas.forecasts import AgedDriver
from steel_assets.serving.shape import Shape, example


class Driver(Shape):
    """How much one driver moved a forecast away from the last price."""

    driver: str = Field(description="a series, or forward_curve, own_price …", examples=["forward_curve"])
    name: str = Field(examples=["Forward curve"])
    name_es: str = Field(description="in Spanish", examples=["Curva de futuros"])
    contribution: float = Field(description="in the market's unit", examples=[1.75])
    direction: Literal["up", "down"]


class HorizonExplanation(Shape):
    """The contributions to the forecast of one horizon, and why its model is in force."""

    horizon: int = Field(description="business days, weeks or months after the origin", examples=[1])
    target_date: str = Field(description="of a week or month its first day", examples=["2026-11-23"])
    last_price: float = Field(examples=[569.5])
    predicted_price: float = Field(examples=[571.25])
    drivers: list[Driver] | None = Field(
        description="largest first; they add up to predicted_price - last_price. Empty: the forecast is the last price. "
        "null: nothing explains this forecast",
        examples=[
            [
                example(Driver) | {"contribution": 2.5},
                {
                    "driver": "iron_ore_62",
                    "name": "Iron ore 62 % CFR China, front month",
                    "name_es": "Mineral de hierro 62 % CFR China, primer mes",
                    "contribution": -0.75,
                    "direction": "down",
                },
            ]
        ],
    )
    model_family: str = Field(examples=["ridge"])
    model_version: str = Field(examples=[VERSION])
    change_share: float = Field(examples=[0.0031])
    interval_width_share: float = Field(examples=[0.033])
    model_confidence: float = Field(examples=[0.87])
    in_force_because: str | None = Field(examples=["MAE 3.1, 0.84 times the last price's on the same 250 days"])
    skill_over_last_price: float | None = Field(examples=[0.16])
    coverage_90: float | None = Field(examples=[0.91])
    forecasts_scored: int = Field(examples=[199])


class SeriesBeneath(Shape):
    """A series used by the forecast, and its quality."""

    series: str = Field(examples=["lme_rebar_m01"])
    name: str = Field(examples=["LME Steel Rebar FOB Turkey (Platts), month 1"])
    source: str | None = Field(examples=["trading_economics"])
    role: Literal["target", "driver"]
    quality_score: float | None = Field(examples=[0.99])
    newest_period: str | None = Field(examples=["2026-11-20"])


class ExplainedTarget(Shape):
    """The exact definition of what is forecast."""

    price_level: str = Field(examples=["LME closing price of the front month, FOB Turkey"])
    unit: str = Field(examples=["USD/t"])
    target_series: str = Field(examples=["lme_rebar_m01"])
    target_version: int = Field(examples=[1])
    calendar: str = Field(examples=["XLON"])


class Explanation(Shape):
    """The contributions to a market's forecast."""

    market: str = Field(examples=[MARKET])
    target: ExplainedTarget
    horizons: list[HorizonExplanation]
    quality_score: float | None = Field(examples=[0.98])
    data: list[SeriesBeneath]
    stale: bool
    price_date: str = Field(examples=["2026-11-20"])
    price_age_sessions: int | None = Field(examples=[0])
    stale_reason: str | None
    aged_drivers: list[AgedDriver] = Field(examples=[[]])
    simulated: bool
