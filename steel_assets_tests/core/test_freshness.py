"""A source is stale when its own calendar says so, and only then."""

from __future__ import annotations

import pandas as pd
import pytest

from steel_assets.core.freshness import missed_periods
from steel_assets.core.types import PublicationRule, Series

LONDON = PublicationRule(at="17:00", zone="Europe/London")  # type: ignore[arg-type]


def daily(calendar: str = "XLON") -> Series:
    return Series(id="a", name="A", unit="USD/t", calendar=calendar, published=LONDON)


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


@pytest.mark.parametrize(
    ("now", "missed"),
    [
        ("2026-11-20 16:59", 0),  # Friday, an hour before Friday's price: nothing is missing
        ("2026-11-20 17:01", 1),
        ("2026-11-22 12:00", 1),  # the weekend adds nothing
        ("2026-11-23 16:59", 1),
        ("2026-11-23 17:01", 2),
    ],
)
def test_a_weekend_adds_nothing(now: str, missed: int) -> None:
    assert missed_periods(daily(), pd.Timestamp("2026-11-19"), utc(now)) == missed


def test_national_holidays_add_nothing() -> None:
    christmas_week = (pd.Timestamp("2025-12-24"), utc("2025-12-29 12:00"))
    assert missed_periods(daily(), *christmas_week) == 0
    assert missed_periods(daily("weekdays"), *christmas_week) == 2
    golden_week = (pd.Timestamp("2025-09-30"), utc("2025-10-08 20:00"))
    assert missed_periods(daily("XSHG"), *golden_week) == 0


def test_a_backfill_of_old_history_makes_nothing_fresh() -> None:
    assert missed_periods(daily(), pd.Timestamp("2019-03-01"), utc("2026-11-20 20:00")) > 1900


def test_a_monthly_figure_is_missed_only_after_its_publication_lag() -> None:
    series = Series(id="a", name="A", unit="index", frequency="monthly", published=PublicationRule(lag_days=15))
    newest = pd.Timestamp("2026-09-01")
    assert missed_periods(series, newest, utc("2026-11-14 12:00")) == 0
    assert missed_periods(series, newest, utc("2026-11-16 12:00")) == 1


def test_a_weekly_figure_counts_from_the_end_of_its_week() -> None:
    series = Series(id="a", name="A", unit="index", frequency="weekly")
    assert missed_periods(series, pd.Timestamp("2026-11-09"), utc("2026-11-22 12:00")) == 0
    assert missed_periods(series, pd.Timestamp("2026-11-09"), utc("2026-11-23 00:00")) == 1


def test_a_figure_from_the_future_misses_nothing() -> None:
    assert missed_periods(daily(), pd.Timestamp("2026-12-30"), utc("2026-11-20 20:00")) == 0


def test_a_quarterly_figure_is_missed_once_its_quarter_was_published() -> None:
    survey = Series(id="a", name="A", unit="percent", frequency="quarterly", published=PublicationRule(lag_days=30))
    assert missed_periods(survey, pd.Timestamp("2026-01-01"), utc("2026-07-30 12:00")) == 0
    assert missed_periods(survey, pd.Timestamp("2026-01-01"), utc("2026-07-31 12:00")) == 1
