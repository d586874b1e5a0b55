"""Trading days, moments of publication and of issue."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import exchange_calendars
import pandas as pd
import pytest

from steel_assets.catalog import load_catalog
from steel_assets.core import calendars
from steel_assets.core.calendar_names import USUAL, calendar_exists
from steel_assets.core.types import PublicationRule

MEXICO = ZoneInfo("America/Mexico_City")


def days(*dates: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(dates)


def test_a_holiday_of_the_exchange_is_no_session() -> None:
    london = calendars.sessions("XLON", pd.Timestamp("2026-12-24"), pd.Timestamp("2026-12-29"))
    assert list(london) == list(days("2026-12-24", "2026-12-29"))


def test_the_next_session_skips_weekends_and_holidays() -> None:
    after = calendars.session_after("XLON", days("2026-12-24", "2026-11-20", "2026-11-21"), 1)
    assert list(after) == list(days("2026-12-29", "2026-11-23", "2026-11-23"))


def test_horizons_reach_beyond_the_holidays_that_are_known() -> None:
    far = calendars.session_after("XSHG", days("2026-12-30"), 63)
    assert far[0] > pd.Timestamp("2027-03-01")
    assert far[0].dayofweek < 5


@pytest.mark.parametrize("name", ["weekdays", "24/5", "XLON", "CMES", "XSHG", "XETR"])
def test_known_calendars_exist(name: str) -> None:
    assert calendar_exists(name)


def test_an_unknown_calendar_does_not() -> None:
    assert not calendar_exists("LME")


def test_the_calendars_that_are_known_without_the_library_are_the_shipped_ones_and_the_library_knows_them() -> None:
    catalog = load_catalog()
    assert {declaration.calendar for declaration in (*catalog.series.values(), *catalog.markets.values())} <= USUAL
    assert set(exchange_calendars.get_calendar_names(include_aliases=True)) >= USUAL - {"weekdays"}


def test_a_daily_price_is_published_at_its_close_in_local_time() -> None:
    rule = PublicationRule.model_validate({"at": "18:30", "zone": "Europe/London"})
    moments = calendars.publication_moments(days("2026-07-01", "2026-11-20"), "daily", rule)
    assert list(moments) == [pd.Timestamp("2026-07-01T17:30Z"), pd.Timestamp("2026-11-20T18:30Z")]


def test_a_monthly_figure_is_published_weeks_after_its_month_ends() -> None:
    rule = PublicationRule.model_validate({"lag_days": 16, "at": "08:30", "zone": "America/New_York"})
    assert calendars.publication_moments(days("2026-01-01"), "monthly", rule)[0] == pd.Timestamp("2026-02-16T13:30Z")


def test_a_quarter_begins_with_its_first_month_and_is_published_after_its_last() -> None:
    assert list(calendars.period_starts(days("2026-02-17", "2026-04-01", "2026-12-31"), "quarterly")) == [
        pd.Timestamp("2026-01-01"),
        pd.Timestamp("2026-04-01"),
        pd.Timestamp("2026-10-01"),
    ]
    rule = PublicationRule.model_validate({"lag_days": 30, "at": "08:30", "zone": "America/New_York"})
    assert calendars.publication_moments(days("2026-01-01"), "quarterly", rule)[0] == pd.Timestamp("2026-04-30T12:30Z")
    first, last = pd.Timestamp("2025-12-31"), pd.Timestamp("2026-07-01")
    assert list(calendars.period_starts_between("weekdays", "quarterly", first, last)) == list(
        days("2026-01-01", "2026-04-01", "2026-07-01")
    )


def test_a_forecast_is_issued_at_the_first_two_oclock_in_mexico_after_publication() -> None:
    published = pd.DatetimeIndex(["2026-11-20T18:30Z", "2026-11-20T08:00Z", "2026-11-20T07:20Z", "2026-11-20T08:00:01Z"])
    issued = calendars.issue_moments(published, time(2), MEXICO)
    assert [f"{moment:%d %H:%M}" for moment in issued] == ["21 08:00", "20 08:00", "20 08:00", "21 08:00"]


def test_issues_follow_mexicos_own_daylight_saving_history() -> None:
    published = pd.DatetimeIndex(["2022-07-01T18:00Z", "2023-07-01T18:00Z"])
    issued = calendars.issue_moments(published, time(2), MEXICO)
    assert [f"{moment:%H}" for moment in issued] == ["07", "08"]


def test_a_time_that_daylight_saving_skips_moves_forward() -> None:
    skipped = calendars.local_moments(days("2026-03-08"), time(2, 30), ZoneInfo("America/New_York"))
    assert skipped[0] == pd.Timestamp("2026-03-08T07:00Z")


@pytest.mark.parametrize("zone", ["America/Mexico_City", "America/Havana", "Asia/Shanghai"])
def test_a_day_has_the_same_moment_whatever_it_is_asked_with(zone: str) -> None:
    every = pd.date_range("2009-12-30", "2012-01-02")
    offset = pd.Timedelta(minutes=30)
    alone = [(day + offset).tz_localize(zone, nonexistent="shift_forward", ambiguous=False).tz_convert("UTC") for day in every]
    assert list(calendars.local_moments(every, time(0, 30), ZoneInfo(zone))) == alone
    some = pd.DatetimeIndex([every[400], pd.NaT, every[0]])
    moments = calendars.local_moments(some, time(0, 30), ZoneInfo(zone))
    assert (moments[0], moments[2]) == (alone[400], alone[0])
    assert moments[1] is pd.NaT


def test_the_front_contract_rolls_once_a_month() -> None:
    rolls = calendars.rolls_between(
        days("2026-11-20", "2026-11-30", "2026-12-15"), days("2026-11-27", "2026-12-01", "2027-03-15")
    )
    assert rolls.tolist() == [0, 1, 3]
