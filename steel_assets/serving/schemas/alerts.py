"""What is wrong now."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.serving.schemas.fields import MARKET
from steel_assets.serving.shape import Shape


class Alert(Shape):
    """An open problem."""

    kind: str = Field(examples=["low_quality"])
    severity: Literal["low", "medium", "high", "critical"] = Field(examples=["medium"])
    message: str = Field(examples=["rebar_fob_turkey: data quality 0.74 is below 0.80"])
    market: str | None = Field(examples=[MARKET])
    values: list[str] = Field(examples=[["0.74", "0.80"]])
    since: str | None = Field(description="start of the incident; null: found by the service itself")
    message_es: str = Field(default="", description="in Spanish, if it is an incident of the alerts")


class Alerts(Shape):
    """All open problems, worst first."""

    state: Literal["green", "yellow", "red"] = Field(examples=["yellow"])
    checked_at: str = Field(examples=["2026-11-21T09:30:00Z"])
    alerts: list[Alert]
