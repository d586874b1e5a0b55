"""Thresholds and times that a company may want to change: all of them are here, none in code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from steel_assets.core.alerts.rules import AlertPolicy
from steel_assets.core.cron import Cron
from steel_assets.core.types import Declaration, Frequency, Identifier, time_zone

Group = Literal["raw", "processed", "features", "model", "validation", "promotion", "forecast", "metrics", "alerts"]
"""Of assets: one per stage of the river."""

Share = Annotated[float, Field(ge=0, le=1)]


class Acceptance(Declaration):
    """A candidate is accepted when all of these hold, ``horizon`` business days ahead, over ``window`` origins."""

    horizon: int = Field(ge=1)
    window: int = Field(ge=20)
    mape: float = Field(gt=0, le=1)
    r2: float = Field(le=1, allow_inf_nan=False)
    rmse_usd_per_tonne: float = Field(gt=0, allow_inf_nan=False)
    quality_score: Share


class Schedules(Declaration):
    """Cron expressions, all in ``zone``."""

    zone: str
    daily_data_update: Cron
    weekly_retraining: Cron
    performance_monitoring: Cron
    issue_time: time

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        return time_zone(zone)

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Costs(Declaration):
    """What the platform is estimated to cost, and may cost."""

    monthly_budget_usd: float = Field(gt=0, allow_inf_nan=False)
    compute_usd_per_vcpu_hour: float = Field(ge=0, allow_inf_nan=False)
    storage_usd_per_gib_month: float = Field(ge=0, allow_inf_nan=False)
    query_usd_per_tib: float = Field(ge=0, allow_inf_nan=False)


class Deadline(Declaration):
    """When the assets of ``groups`` must have been materialised: by each tick of ``cron``, within ``window_hours`` before it."""

    groups: tuple[Group, ...] = Field(min_length=1)
    cron: Cron
    window_hours: float = Field(gt=0, le=24 * 7)


class Freshness(Declaration):
    """What counts as stale: deadlines of assets, and how many periods a series may miss on its own calendar."""

    deadlines: tuple[Deadline, ...]
    missed_periods: Mapping[Frequency, Annotated[int, Field(ge=1)]]


class ModelBackups(Declaration):
    """Which former production models are kept, per market and horizon: the newest ``versions``, and all in force in ``days``."""

    versions: int = Field(ge=2)
    days: int = Field(ge=7)


class Sanity(Declaration):
    """How far a forecast may be from what its market ever did before it counts as absurd: see ``core.sanity.Bounds``."""

    move: float = Field(gt=0)
    turn: float = Field(gt=0)
    widest: float = Field(gt=0)
    narrowest: float = Field(ge=0)


class Coverage(Declaration):
    """When intervals count as wrong: as few (or many) prices inside as chance would bring once in 1 / ``doubt``."""

    level: Share
    doubt: float = Field(gt=0, lt=0.5)


class Retention(Declaration):
    """How long Dagster's runs are kept, with their events and logs. (How long ticks are is in dagster.yaml.)"""

    run_days: int = Field(ge=1)


class CheckRule(Declaration):
    """An asset check: how bad it is when it fails, and whether that is told by itself.

    Attributes:
        told: False where an alert rule about the same figure tells people already.
    """

    severity: Literal["warn", "error"]
    told: bool = True


class UnknownCheck(KeyError):
    """A check has no severity in the catalogue; the message says where to declare it."""


class Rules(Declaration):
    """All rules of the platform."""

    default_market: Identifier
    acceptance: Acceptance
    model_backups: ModelBackups
    schedules: Schedules
    costs: Costs
    alerts: AlertPolicy
    freshness: Freshness
    retention: Retention
    sanity: Sanity
    coverage: Coverage
    checks: Mapping[Identifier, CheckRule]

    def check(self, name: str) -> CheckRule:
        """The rule of an asset check. Raises UnknownCheck."""
        try:
            return self.checks[name]
        except KeyError:
            raise UnknownCheck(f"check {name!r} has no severity; declare it under checks: in rules.yaml") from None
