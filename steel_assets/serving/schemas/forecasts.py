"""Forecasts: one price, and every horizon of one issue; how old they are, and what they were made from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.core.types import MarketFrequency
from steel_assets.serving.schemas.fields import FREQUENCY, MARKET, SESSIONS, STARTS_FROM, VERSION, WITHDRAWN
from steel_assets.serving.shape import Shape

PERIOD = "the same day; of a weekly market its week as 2026-W48, of a monthly one its month as 2026-11"
VARIANT = "the experiment that gives this key its variant's forecast instead of the champion's; null: the champion's"


class Interval(Shape):
    """The price is in it with a probability of 90 %."""

    low_usd_per_ton: float = Field(examples=[561.9])
    high_usd_per_ton: float = Field(examples=[580.6])


class ExchangeRate(Shape):
    """The newest peso rate."""

    pesos_per_dollar: float = Field(examples=[18.42])
    date: str = Field(examples=["2026-11-20"])
    series: str = Field(examples=["usd_mxn"])


class Staleness(Shape):
    """The ages of the forecast and of its last price; stale as soon as a newer price is due."""

    stale: bool
    age_seconds: int = Field(ge=0, description="since the forecast was issued", examples=[5400])
    price_date: str = Field(description=STARTS_FROM, examples=["2026-11-20"])
    price_age_sessions: int | None = Field(description=SESSIONS, examples=[0])
    stale_reason: str | None = Field(description="null: it is not stale")


class AgedDriver(Shape):
    """A driver used by the forecast whose newest value is overdue by its own calendar."""

    series: str = Field(examples=["scrap_us"])
    name: str = Field(examples=["Steel scrap"])
    name_es: str = Field(description="in Spanish", examples=["Chatarra de acero"])
    newest_period: str = Field(examples=["2026-10-02"])


class Prediction(Shape):
    """The default market's price on its next business day."""

    prediction_date: str = Field(description="the day that is forecast", examples=["2026-11-23"])
    predicted_price_usd_per_ton: float = Field(examples=[571.25])
    currency: Literal["USD"]
    unit: Literal["metric ton"]
    model_confidence: float = Field(ge=0, le=1, examples=[0.87])
    timestamp: str = Field(description="when the forecast was issued", examples=["2026-11-21T08:00:00Z"])
    note: str | None = Field(
        default=None,
        description="only if another market is answered instead of the default one: the reason",
        exclude_if=lambda note: note is None,
    )
    model_variant: str | None = Field(
        default=None,
        description="only if it is a variant's instead of the champion's: id of the experiment",
        exclude_if=lambda variant: variant is None,
    )


class PredictionDetail(Prediction):
    """The same, with ``detail=true``."""

    market: str = Field(examples=[MARKET])
    interval_90: Interval
    last_price_usd_per_ton: float = Field(examples=[569.5])
    predicted_price_mxn_per_ton: float | None = Field(examples=[10522.43])
    exchange_rate: ExchangeRate | None
    model_version: str = Field(examples=[VERSION])
    model_family: str = Field(examples=["ridge"])
    model_variant: str | None = Field(description=VARIANT)
    last_training_date: str | None = Field(examples=["2026-11-16"])
    data_as_of: str = Field(examples=["2026-11-20"])
    staleness: Staleness
    aged_drivers: list[AgedDriver] = Field(examples=[[]])
    data_sources: list[str] = Field(examples=[["fred_api", "yahoo_finance"]])
    simulated: bool
    withdrawn_import: str | None = Field(description=WITHDRAWN)


class Quantiles(Shape):
    """Quantiles of the price, 5 % to 95 %."""

    q05: float = Field(examples=[561.9])
    q10: float = Field(examples=[564.2])
    q25: float = Field(examples=[567.6])
    q50: float = Field(examples=[571.25])
    q75: float = Field(examples=[574.9])
    q90: float = Field(examples=[578.3])
    q95: float = Field(examples=[580.6])


class HorizonForecast(Shape):
    """One horizon of an issue."""

    horizon: int = Field(description="business days, weeks or months after the origin", examples=[1])
    target_date: str = Field(description="of a week or month its first day", examples=["2026-11-23"])
    target_period: str = Field(description=PERIOD, examples=["2026-11-23"])
    predicted_price: float = Field(examples=[571.25])
    quantiles: Quantiles
    model_confidence: float = Field(examples=[0.87])
    model_version: str = Field(examples=[VERSION])
    model_family: str = Field(examples=["ridge"])
    model_variant: str | None = Field(description=VARIANT)


class Issue(Shape):
    """The fields common to all horizons of one issue."""

    market: str = Field(examples=[MARKET])
    issued_date: str = Field(examples=["2026-11-21"])
    as_of: str = Field(examples=["2026-11-21T08:00:00Z"])
    origin: str = Field(examples=["2026-11-20"])
    data_as_of: str = Field(examples=["2026-11-20"])
    last_price: float = Field(examples=[569.5])
    unit: str = Field(examples=["USD/t"])
    simulated: bool
    withdrawn_import: str | None = Field(description=WITHDRAWN)


class Forecasts(Staleness, Issue):
    """One issue of a market: all horizons."""

    frequency: MarketFrequency = Field(description=FREQUENCY, examples=["daily"])
    price_period: str = Field(description=PERIOD, examples=["2026-11-20"])
    aged_drivers: list[AgedDriver] = Field(examples=[[]])
    forecasts: list[HorizonForecast]
