"""Schedules, runs, and a job that was started."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.serving.schemas.fields import RUN, RUN_URL
from steel_assets.serving.shape import Shape


class Launched(Shape):
    """A job was started."""

    status: Literal["accepted"]
    job: str = Field(examples=["daily_data_update"])
    run_id: str = Field(examples=[RUN])
    run_url: str = Field(examples=[RUN_URL])


class Schedule(Shape):
    """A schedule of Dagster's."""

    name: str = Field(examples=["daily_data_update"])
    cron: str = Field(examples=["0 2 * * *"])
    time_zone: str | None = Field(examples=["America/Mexico_City"])
    running: bool = Field(examples=[True])
    last_tick_at: str | None = Field(examples=["2026-11-21T08:00:00Z"])
    last_tick_status: str | None = Field(examples=["SUCCESS"])
    next_tick_at: str | None = Field(examples=["2026-11-22T08:00:00Z"])


class Run(Shape):
    """A run of Dagster's."""

    id: str = Field(examples=[RUN])
    job: str = Field(examples=["daily_data_update"])
    status: str = Field(examples=["SUCCESS"])
    url: str = Field(examples=[RUN_URL])
    created_at: str | None = Field(examples=["2026-11-21T08:00:01Z"])
    started_at: str | None = Field(examples=["2026-11-21T08:00:03Z"])
    ended_at: str | None = Field(examples=["2026-11-21T08:02:10Z"])


class Automation(Shape):
    """Schedules and the newest runs."""

    schedules: list[Schedule]
    runs: list[Run]
