"""What the service says of itself: what it is, whether it is alive and ready."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.serving.schemas.fields import PROMOTED_AT, SESSIONS, STARTS_FROM
from steel_assets.serving.shape import Shape


class About(Shape):
    """What this service is."""

    service: str = Field(examples=["steel-assets"])
    version: str = Field(examples=["0.1.0"])
    documentation_url: str = Field(examples=["/docs"])
    data_sources: list[str] = Field(examples=[["fred_api", "yahoo_finance"]])
    last_model_update: str | None = Field(examples=[PROMOTED_AT])
    simulated: bool


class Health(Shape):
    """The process is running."""

    status: Literal["ok"]


class Ready(Shape):
    """Whether forecasts can be answered, and what is not up to date."""

    status: Literal["ready", "not_ready"]
    forecast_age_seconds: int | None = Field(examples=[5400])
    stale: bool | None = Field(examples=[False])
    price_date: str | None = Field(description=STARTS_FROM, examples=["2026-11-20"])
    price_age_sessions: int | None = Field(description=SESSIONS, examples=[0])
    stale_reason: str | None
    redis: bool | None = Field(description="null: not configured", examples=[True])
    problems: dict[str, str] = Field(examples=[{}])
