"""The age of a price is one figure: sessions of its market, no weekend, no holiday, no usual lag; the same without pandas."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from steel_assets.catalog import Catalog, load_catalog
from steel_assets.core.calendars import closures, issue_moments, publication_moments, sessions
from steel_assets.core.freshness import missed_periods
from steel_assets.core.price_age import LookedUp, PriceAge, PriceCalendar, aged_confidence, aged_drivers, price_age

MARKETS = ("rebar_fob_turkey", "rebar_shanghai", "hrc_us_midwest")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def calendar_of(catalog: Catalog, market: str) -> PriceCalendar:
    declared = catalog.markets[market]
    published = catalog.series[declared.target.series].published
    return catalog.rules.price_calendar(published, *closures(declared.calendar, pd.Timestamp(2027, 12, 31)))


def age(calendar: PriceCalendar, day: str, at: str, looked_up: LookedUp | None = None) -> int:
    """The age of the price of ``day`` at ``at``, UTC, of a forecast that was issued when it was new."""
    found = date.fromisoformat(day)
    return price_age(calendar, found, found, datetime.fromisoformat(at).replace(tzinfo=UTC), looked_up).sessions


@pytest.mark.parametrize(
    ("at", "sessions_old"),
    [
        ("2026-03-05T19:00", 0),  # Thursday's own close is out
        ("2026-03-07T12:00", 1),  # Friday's should be here on Saturday, two hours after the issue
        ("2026-03-07T09:59", 0),  # until then the run of the issue may be under way
        ("2026-03-09T09:59", 1),  # the weekend adds nothing
        ("2026-03-10T10:00", 2),  # Monday's
        ("2026-03-10T20:00", 2),  # Tuesday's is out in London, and due with the issue of Wednesday
        ("2026-03-11T10:00", 3),
        ("2026-04-02T10:00", 19),
        ("2026-04-08T09:00", 20),  # Good Friday and Easter Monday add nothing
    ],
)
def test_the_age_counts_sessions_whose_price_should_be_here(catalog: Catalog, at: str, sessions_old: int) -> None:
    assert age(calendar_of(catalog, "rebar_fob_turkey"), "2026-03-05", at) == sessions_old


def test_golden_week_and_the_close_before_the_issue_are_counted_as_in_shanghai(catalog: Catalog) -> None:
    calendar = calendar_of(catalog, "rebar_shanghai")
    assert age(calendar, "2026-02-13", "2026-02-23T12:00") == 0, "the Chinese new year"
    assert age(calendar, "2026-03-09", "2026-03-10T10:00") == 1, "Tuesday closed before the issue of Tuesday"
    assert age(calendar, "2026-03-09", "2026-03-10T09:00") == 0


def test_a_run_that_looked_in_vain_counts_at_once_and_one_that_found_a_newer_price_does_not(catalog: Catalog) -> None:
    calendar = calendar_of(catalog, "rebar_fob_turkey")
    thursday, friday = date(2026, 3, 5), date(2026, 3, 6)
    at = "2026-03-07T08:05"
    assert age(calendar, "2026-03-05", at, LookedUp(thursday, friday)) == 1
    assert age(calendar, "2026-03-05", at, LookedUp(friday, friday)) == 0, "its forecast is about to be issued"


def test_a_forecast_issued_from_an_old_price_is_never_younger_than_it_was_then(catalog: Catalog) -> None:
    calendar, monday = calendar_of(catalog, "rebar_fob_turkey"), date(2026, 3, 9)
    moment = datetime(2026, 3, 9, 19, 0, tzinfo=UTC)  # issued by hand, after Monday's close
    assert price_age(calendar, date(2026, 3, 5), monday, moment).sessions == 2


@pytest.mark.parametrize("market", MARKETS)
def test_what_is_told_without_pandas_is_what_the_calendar_library_says(catalog: Catalog, market: str) -> None:
    calendar = calendar_of(catalog, market)
    declared = catalog.markets[market]
    series, rules = catalog.series[declared.target.series], catalog.rules.schedules
    days = sessions(declared.calendar, pd.Timestamp(2019, 1, 2), pd.Timestamp(2026, 12, 30))
    published = publication_moments(days, "daily", series.published)
    due = issue_moments(published, rules.issue_time, rules.tzinfo)
    for moment in pd.date_range("2020-01-01", "2026-11-30", freq="41h", tz="UTC"):
        when = moment.to_pydatetime()
        assert calendar.published(when) == days[published.searchsorted(moment, side="right") - 1].date()
        assert calendar.due(when) == days[due.searchsorted(moment - pd.Timedelta(hours=2), side="right") - 1].date()
    price = pd.Timestamp(2024, 1, 2)
    for moment in pd.date_range("2024-01-04T08:00", "2025-03-01", freq="24h", tz="UTC"):
        newest = calendar.published(moment.to_pydatetime())
        assert calendar.sessions(price.date(), newest) == missed_periods(series, price, moment)


def test_a_calendar_survives_being_stored(catalog: Catalog) -> None:
    calendar = calendar_of(catalog, "rebar_shanghai")
    assert PriceCalendar.restored(calendar.stored()) == calendar
    assert ZoneInfo(calendar.zone).key == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("sessions_old", "stale", "too_old"), [(0, False, False), (1, True, False), (5, True, False), (6, True, True)]
)
def test_from_one_session_on_it_is_stale_and_beyond_the_limit_too_old(sessions_old: int, stale: bool, too_old: bool) -> None:
    found = PriceAge(date(2024, 3, 4), sessions_old, 5)
    assert (found.stale, found.too_old) == (stale, too_old)
    assert (found.reason() is None) is (not stale)
    assert "2024-03-04" in found.text


def test_the_sentences_say_which_day_how_old_and_what_to_do() -> None:
    found = PriceAge(date(2024, 3, 4), 7, 5)
    assert found.text == "price of 2024-03-04, 7 sessions old"
    assert PriceAge(date(2024, 3, 4), 1, 5).text == "price of 2024-03-04, 1 session old"
    assert found.refusal("lme_rebar_m01") == (
        "the last price of lme_rebar_m01 is of 2024-03-04, 7 sessions old; nothing new is issued beyond 5; "
        "collect or import newer prices of lme_rebar_m01"
    )
    assert "2024-03-13 is here" in str(found.reason(date(2024, 3, 13)))


def test_confidence_falls_with_age_and_what_was_counted_is_not_counted_again() -> None:
    falling = [aged_confidence(0.8, 1, sessions_old) for sessions_old in (0, 1, 3, 6, 20)]
    assert falling[0] == 0.8
    assert falling == sorted(falling, reverse=True)
    assert aged_confidence(0.8, 1, 3) == pytest.approx(0.4)
    assert aged_confidence(0.8, 63, 3) > 0.77, "three days matter little to a quarter"
    at_issue = aged_confidence(0.8, 5, 2)
    assert aged_confidence(at_issue, 5, 2, counted=2) == at_issue
    assert aged_confidence(at_issue, 5, 6, counted=2) == pytest.approx(aged_confidence(0.8, 5, 6))


def test_drivers_that_died_are_read_with_their_days() -> None:
    assert aged_drivers("scrap=2026-01-02,iron_ore=2025-12-31") == {"scrap": "2026-01-02", "iron_ore": "2025-12-31"}
    assert aged_drivers("") == aged_drivers(None) == {}
