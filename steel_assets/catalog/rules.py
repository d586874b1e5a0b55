"""Thresholds and times that a company may want to change; none of them is in code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from steel_assets.core.alerts.rules import AlertPolicy
from steel_assets.core.cron import Cron
from steel_assets.core.former_keys import renamed
from steel_assets.core.overlap_rule import OverlapRule
from steel_assets.core.price_age import PriceCalendar
from steel_assets.core.reading_limits import ReadingLimits
from steel_assets.core.types import Declaration, Frequency, Identifier, MarketFrequency, PublicationRule, time_zone

Group = Literal[
    "raw", "processed", "features", "model", "validation", "promotion", "forecast", "metrics", "alerts", "publication"
]
"""Groups of assets: one per stage of the pipeline."""

Share = Annotated[float, Field(ge=0, le=1)]


class SlowLimits(Declaration):
    """One value for weekly markets and one for monthly ones, in their own periods."""

    weekly: int = Field(ge=1)
    monthly: int = Field(ge=1)


class Acceptance(Declaration):
    """A candidate is accepted when all of these hold, ``horizon`` business days ahead, over ``window`` origins.

    Attributes:
        periods: the window of weekly and monthly markets, whose horizon is in weeks and months.
    """

    horizon: int = Field(ge=1)
    window: int = Field(ge=20)
    mape: float = Field(gt=0, le=1)
    r2: float = Field(le=1, allow_inf_nan=False)
    rmse_usd_per_tonne: float = Field(gt=0, allow_inf_nan=False)
    quality_score: Share
    periods: SlowLimits = SlowLimits(weekly=104, monthly=48)

    def window_of(self, frequency: MarketFrequency) -> int:
        """Number of forecasts by which a candidate is judged, at a market's frequency."""
        return self.window if frequency == "daily" else int(getattr(self.periods, frequency))


class Schedules(Declaration):
    """Cron expressions, all in ``zone``.

    Attributes:
        first_day: the first daily partition of assets.
        markets_per_run: number of markets in one run of a tick; None for all (``assets.shards``).
    """

    zone: str
    first_day: date
    daily_data_update: Cron
    weekly_retraining: Cron
    performance_monitoring: Cron
    issue_time: time
    morning_report: Cron = "0 7 * * *"
    markets_per_run: int | None = Field(default=None, ge=1)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        return time_zone(zone)

    @property
    def tzinfo(self) -> ZoneInfo:
        """The time zone of the schedules."""
        return ZoneInfo(self.zone)


class Costs(Declaration):
    """Estimated prices and limits of cost. Prices that ``rules.yaml`` leaves out are from ``prices.yaml``."""

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
    """What counts as stale: deadlines of assets, periods that a series may miss on its own calendar, the age of a price.

    Attributes:
        price_sessions: trading days of the market; from an older price nothing new is issued (``core.price_age``).
        price_periods: the same for weekly and monthly markets, in weeks and months overdue.
    """

    deadlines: tuple[Deadline, ...]
    missed_periods: Mapping[Frequency, Annotated[int, Field(ge=1)]]
    price_sessions: int = Field(ge=1)
    price_periods: SlowLimits = SlowLimits(weekly=3, monthly=2)

    def oldest_price(self, frequency: MarketFrequency) -> int:
        """The largest allowed age of a market's price, in its own periods."""
        return self.price_sessions if frequency == "daily" else int(getattr(self.price_periods, frequency))


class ModelBackups(Declaration):
    """Which former production models are kept, per market and horizon: the newest ``versions``, and all in force in ``days``."""

    versions: int = Field(ge=2)
    days: int = Field(ge=7)


class Sanity(Declaration):
    """How far a forecast may be from its market's past before it counts as implausible: see ``core.sanity.Bounds``."""

    move: float = Field(gt=0)
    turn: float = Field(gt=0)
    widest: float = Field(gt=0)
    narrowest: float = Field(ge=0)


class ClockRule(Declaration):
    """Seconds by which the clock may jump, or be behind stored data, before nothing is issued."""

    tolerance_seconds: float = Field(default=300.0, ge=10, le=86_400)


class Coverage(Declaration):
    """Intervals count as wrong if chance puts so few (or many) prices inside only once in 1 / ``significance`` times."""

    level: Share
    significance: float = Field(gt=0, lt=0.5)

    @model_validator(mode="before")
    @classmethod
    def _former_key(cls, declared: Any) -> Any:
        return renamed(declared, "coverage", doubt="significance")


class Retention(Declaration):
    """How long temporary data are kept.

    Ticks are purged as ``dagster.yaml`` says, former models as ``model_backups`` does.

    Attributes:
        run_days: Dagster's runs, with their events and logs, and the pictures in the lake that they show.
        measurement_days: measurements of the prediction service.
        candidate_days: candidates that were never promoted.
        alert_days: sent messages (at least as long as `steel alerts replay` and the table of alerts need).
    """

    run_days: int = Field(ge=1)
    measurement_days: int = Field(default=90, ge=61)
    candidate_days: int = Field(default=30, ge=1)
    alert_days: int = Field(default=800, ge=400)


class DropRule(Declaration):
    """How the drop folder is scanned.

    Attributes:
        files: largest number of files that one scan imports …
        seconds: … and its approximate duration; the rest is left for the next scan.
        quiet_seconds: a file that was changed more recently may still be being written.
        unfinished_minutes: how long to wait for a file without the end of its kind.
        watched_days: how long a file in ``done/`` is checked again, in case it was incomplete.
    """

    files: int = Field(ge=1)
    seconds: float = Field(gt=0, le=55)
    quiet_seconds: float = Field(ge=0)
    unfinished_minutes: float = Field(ge=0)
    watched_days: float = Field(ge=0)

    @model_validator(mode="before")
    @classmethod
    def _former_key(cls, declared: Any) -> Any:
        return renamed(declared, "imports.drop", patience_minutes="unfinished_minutes")


class ImportRules(Declaration):
    """Imports of users' files.

    When a second file for a series needs a decision, how the drop folder is scanned, and limits of reading a file.
    """

    overlap: OverlapRule
    drop: DropRule
    reading: ReadingLimits = ReadingLimits()


class MorningReport(Declaration):
    """The morning mail.

    Attributes:
        send: whether Dagster sends it, at ``schedules.morning_report``, if the channel ``email`` is configured.
        odds_days: trading days ahead of its odds …
        odds_move: … and the rise or fall of the price in them, as a share.
        pdf: whether a PDF is attached; that needs the extra ``pdf``.
    """

    send: bool = False
    odds_days: int = Field(default=21, ge=1, le=250)
    odds_move: float = Field(default=0.05, gt=0, lt=1)
    pdf: bool = False


class CheckRule(Declaration):
    """An asset check: the severity of its failure, and whether that sends a message.

    Attributes:
        notify: False if an alert rule about the same figure sends one.
        alert: the alert rule that its failure triggers.
    """

    severity: Literal["warn", "error"]
    notify: bool = True
    alert: Identifier = "failed_check"

    @model_validator(mode="before")
    @classmethod
    def _former_key(cls, declared: Any) -> Any:
        return renamed(declared, "checks.<name>", told="notify")


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
    imports: ImportRules
    clock: ClockRule = ClockRule()
    report: MorningReport = MorningReport()
    checks: Mapping[Identifier, CheckRule]

    @field_validator("checks", mode="before")
    @classmethod
    def _former_check(cls, declared: Any) -> Any:
        return renamed(declared, "checks", table_contracts="table_schemas")

    def check(self, name: str) -> CheckRule:
        """The rule of an asset check.

        Raises:
            UnknownCheck: there is none.
        """
        try:
            return self.checks[name]
        except KeyError:
            raise UnknownCheck(f"check {name!r} has no severity; declare it under checks: in rules.yaml") from None

    def price_calendar(
        self, published: PublicationRule, closed: Iterable[str], extra: Iterable[str], frequency: MarketFrequency = "daily"
    ) -> PriceCalendar:
        """When the prices of a market are due, and how old one may be.

        Args:
            published: the publication rule of its target series.
            closed, extra: weekdays without trading, weekend days with trading.
            frequency: of the market.
        """
        return PriceCalendar(
            closed=frozenset(closed),
            extra=frozenset(extra),
            lag_days=published.lag_days,
            at=published.at.isoformat(),
            zone=published.zone,
            issue_at=self.schedules.issue_time.isoformat(),
            issue_zone=self.schedules.zone,
            limit=self.freshness.oldest_price(frequency),
            frequency=frequency,
        )
