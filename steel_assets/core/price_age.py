"""The age of the price that a forecast starts from, and what follows from it; all parts of the platform use this module.

The age of a price is counted in sessions of its market: those after the price's own day whose price is due, so that a weekend, a
holiday and the usual publication lag add nothing. The sessions of a weekly or monthly market are its weeks or months, named by
their first days. A session's price is due

- when a run has looked for it and nothing newer than the price in question came, and in any case
- two hours after the first daily issue at or after its publication (``RUN``), which is the longest time of a run.

A forecast ages while no new one is issued. From one session on it is ``stale``; beyond the limit of ``rules.yaml`` nothing new is
issued and the forecast in force stays, marked. Standard library only, because the service, which has no pandas, computes it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from steel_assets.core.periods import counted, period_name

if TYPE_CHECKING:
    from steel_assets.core.types import MarketFrequency

RUN = timedelta(hours=2)
"""What was collected this soon after an issue was collected by the run of that issue."""

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class PriceCalendar:
    """When the prices of one market are due, and how old one may be.

    Attributes:
        closed: weekdays on which its exchange is closed, as 2026-12-25.
        extra: Saturdays and Sundays on which it trades.
        lag_days, at, zone: a session's price is published that many days later (after its last day, for a week or a month), at
        that time there.
        issue_at, issue_zone: time of the daily issue.
        limit: sessions; from an older price nothing new is issued.
        frequency: of the market.
    """

    closed: frozenset[str]
    extra: frozenset[str]
    lag_days: int
    at: str
    zone: str
    issue_at: str
    issue_zone: str
    limit: int
    frequency: MarketFrequency = "daily"

    def sessions(self, after: date, until: date) -> int:
        """Trading days in (after, until]."""
        return sum(self._trades(after + A_DAY * step) for step in range(1, (until - after).days + 1))

    def session_of(self, day: date) -> date:
        """The trading day that a price of ``day`` belongs to: the next one if it is not one itself."""
        while not self._trades(day):
            day += A_DAY
        return day

    def published(self, moment: datetime) -> date:
        """The newest session whose price was published by ``moment``."""
        day = moment.astimezone(ZoneInfo(self.zone)).date() + A_DAY
        while not (self._trades(day) and _at(self._ends(day) + A_DAY * self.lag_days, self.at, self.zone) <= moment):
            day -= A_DAY
        return day

    def due(self, moment: datetime) -> date:
        """The newest session whose price a daily run should have collected by ``moment``."""
        return self.published(last_daily(moment - RUN, self.issue_at, self.issue_zone))

    def stored(self) -> dict[str, Any]:
        """The calendar as JSON values; the default frequency is left out."""
        slow = {} if self.frequency == "daily" else {"frequency": self.frequency}
        plain = {name: value for name, value in vars(self).items() if name != "frequency"}
        return {**plain, "closed": sorted(self.closed), "extra": sorted(self.extra), **slow}

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Self:
        """The calendar that ``stored`` gave."""
        return cls(**{**stored, "closed": frozenset(stored["closed"]), "extra": frozenset(stored["extra"])})

    def _trades(self, day: date) -> bool:
        if self.frequency == "weekly":
            return day.weekday() == 0
        if self.frequency == "monthly":
            return day.day == 1
        return day.isoformat() not in self.closed if day.weekday() < 5 else day.isoformat() in self.extra

    def _ends(self, day: date) -> date:
        """The last day of the session that begins with ``day``."""
        if self.frequency == "weekly":
            return day + 6 * A_DAY
        return (day + 31 * A_DAY).replace(day=1) - A_DAY if self.frequency == "monthly" else day


@dataclass(frozen=True)
class LookedUp:
    """What the newest run that looked for prices of a market found.

    Attributes:
        newest: day of the newest price.
        until: the newest session whose price was published by then.
    """

    newest: date
    until: date


@dataclass(frozen=True)
class PriceAge:
    """The age of the price of ``day``: ``sessions``, of which ``limit`` are allowed."""

    day: date
    sessions: int
    limit: int
    frequency: MarketFrequency = "daily"

    @property
    def stale(self) -> bool:
        """Whether a newer price is due."""
        return self.sessions > 0

    @property
    def too_old(self) -> bool:
        """Whether nothing new is issued from it."""
        return self.sessions > self.limit

    @property
    def text(self) -> str:
        """Its day and age in words, such as ``price of 2024-03-04, 3 sessions old``."""
        return f"price of {self.period}, {sessions_old(self.sessions, self.frequency)}"

    @property
    def period(self) -> str:
        """Its day, week or month: 2024-03-04, 2024-W10, 2024-03."""
        return period_name(self.day, self.frequency)

    def reason(self, newest: date | None = None) -> str | None:
        """Why it is stale; None if it is not.

        Args:
            newest: day of the newest stored price.
        """
        if not self.stale:
            return None
        if newest is not None and newest > self.day:
            return f"{self.text}; a price of {period_name(newest, self.frequency)} is here, but no forecast was issued from it"
        if self.too_old:
            return f"{self.text}; beyond {self.limit} nothing new is issued until a newer price comes"
        return f"{self.text}; a newer one should be here"

    def refusal(self, series: str) -> str:
        """Why nothing new is issued, and what to do."""
        return (
            f"the last price of {series} is of {self.period}, {sessions_old(self.sessions, self.frequency)}; nothing new is "
            f"issued beyond {self.limit}; collect or import newer prices of {series}"
        )


def sessions_old(sessions: int, frequency: MarketFrequency = "daily") -> str:
    """``3 sessions old``, ``3 months old``."""
    if frequency != "daily":
        return f"{counted(sessions, frequency)} old"
    return f"{sessions} session{'' if sessions == 1 else 's'} old"


def price_age(calendar: PriceCalendar, day: date, origin: date, moment: datetime, looked_up: LookedUp | None = None) -> PriceAge:
    """The age of the price of ``day`` at ``moment``.

    Args:
        origin: of the forecast that starts from this price: the newest session whose price was published at its issue.
        moment: with a time zone.
        looked_up: what the newest run found; a price newer than that of ``day`` is about to be used for a forecast.
    """
    until = max(origin, calendar.due(moment))
    if looked_up is not None and looked_up.newest <= day:
        until = max(until, looked_up.until)
    return PriceAge(day, calendar.sessions(calendar.session_of(day), until), calendar.limit, calendar.frequency)


def aged_confidence(confidence: float, horizon: int, sessions: int, counted: int = 0) -> float:
    """``confidence`` of a forecast ``horizon`` sessions ahead from a price that is ``sessions`` old.

    The forecast spans horizon + sessions, and errors grow with the square root of the span: c · √(h / (h + age)).

    Args:
        counted: sessions of age that ``confidence`` already includes.
    """
    return confidence * math.sqrt((horizon + counted) / (horizon + max(sessions, counted)))


def aged_drivers(listed: str | None) -> dict[str, str]:
    """Driver → day of its newest value, from ``series=YYYY-MM-DD`` joined by commas."""
    return dict(_pairs(listed.split(","))) if isinstance(listed, str) else {}


def _pairs(parts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for part in parts:
        series, equals, day = part.strip().partition("=")
        if equals:
            yield series, day


def last_daily(moment: datetime, at: str, zone: str) -> datetime:
    """The newest time ``at`` (ISO 8601) in ``zone`` at or before ``moment``, UTC."""
    day = moment.astimezone(ZoneInfo(zone)).date()
    today = _at(day, at, zone)
    return today if today <= moment else _at(day - A_DAY, at, zone)


def _at(day: date, at: str, zone: str) -> datetime:
    """The time ``at`` in ``zone`` on ``day``, UTC; the later of two if the clock is set back over it."""
    local = datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone))
    return max(local.astimezone(UTC), local.replace(fold=1).astimezone(UTC))
