"""Markets whose price comes once a week or month: known when published, forecast between publications, counted in own periods."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.catalog.load import SHIPPED, CatalogError, load_catalog
from steel_assets.core import calendars
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.paths import PathsError, refuse_slow
from steel_assets.core.price_age import PriceCalendar, price_age
from steel_assets.core.returns import daily_returns, expected_volatility
from steel_assets.core.samples import build_samples
from steel_assets.core.types import FURTHEST, HORIZONS, Market, MarketFrequency
from steel_assets_tests.core.slow_world import TWELFTH, slow_world
from steel_assets_tests.core.synthetic import Synthetic, synthetic

MONTHLY = slow_world("monthly")
SEPTEMBER = pd.Timestamp("2026-09-01")


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def newest_price(world: Synthetic, moment: pd.Timestamp) -> pd.Timestamp:
    """The month of the last price that a forecast at ``moment`` starts from."""
    return pd.Timestamp(world.history(moment).periods["rebar_mx"].iloc[-1])


def test_a_month_published_on_the_twelfth_is_unknown_before_and_known_from_the_next_issue_on() -> None:
    eleventh, twelfth_at_nine, day_after = utc("2026-10-11 08:00"), utc("2026-10-12 15:00"), utc("2026-10-13 08:00")
    assert newest_price(MONTHLY, eleventh) == pd.Timestamp("2026-08-01")
    assert newest_price(MONTHLY, twelfth_at_nine - pd.Timedelta(seconds=1)) == pd.Timestamp("2026-08-01")
    assert newest_price(MONTHLY, twelfth_at_nine) == SEPTEMBER
    later = MONTHLY.history(utc("2026-11-20 08:00"))
    moment = dict(zip(later.origins, later.moments, strict=True))[SEPTEMBER]
    assert moment == day_after, "a backtest forecasts from September's price at the first issue after its publication"
    assert np.isfinite(later.prices_at(pd.DatetimeIndex([SEPTEMBER]), day_after)).all()
    assert np.isnan(later.prices_at(pd.DatetimeIndex([SEPTEMBER]), eleventh)).all()


def rows_up_to(history: MarketHistory, count: int) -> list[np.ndarray]:
    features = build_features(history)
    samples = build_samples(history, features, 1)
    parts = [history.known, history.within, features, pd.DataFrame(samples.volatility), pd.DataFrame(samples.last)]
    return [part.to_numpy(dtype=float)[:count] for part in parts]


@pytest.mark.parametrize("frequency", ["monthly", "weekly"])
def test_nothing_that_came_after_a_moment_changes_what_was_known_at_it(frequency: MarketFrequency) -> None:
    world = slow_world(frequency)
    whole = world.history(utc("2026-10-25 08:00"))
    cut = len(whole.origins) - 6
    moment = whole.moments[cut]
    rows = world.observations
    later = rows["published_at"] > moment
    poisoned = rows.assign(value=rows["value"].mask(later, rows["value"] * 3.0))
    short = world.knowing(rows[~later]).history(moment)
    for other in (world.knowing(poisoned).history(whole.as_of), short):
        for mine, theirs in zip(rows_up_to(whole, cut + 1), rows_up_to(other, cut + 1), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_between_publications_the_newest_row_follows_the_drivers_known_by_then_and_no_later_ones() -> None:
    before, after = MONTHLY.history(utc("2026-10-13 08:00")), MONTHLY.history(utc("2026-10-27 08:00"))
    assert before.origins[-1] == after.origins[-1] == SEPTEMBER, "no price came in between"
    rows = MONTHLY.observations
    october = rows[(rows["series"] == "scrap") & (rows["period"] >= "2026-10-01") & (rows["published_at"] <= after.as_of)]
    assert after.within["scrap.next"].iloc[-1] == pytest.approx(october["value"].mean())
    assert october["period"].max() == pd.Timestamp("2026-10-23"), "Monday's figure comes at six, the issue is at two"
    assert after.known["scrap"].iloc[-1] == october["value"].iloc[-1]
    told = [build_features(history)["nowcast.scrap_newest"] for history in (before, after)]
    assert told[0].iloc[-1] != told[1].iloc[-1]
    pd.testing.assert_series_equal(told[0].iloc[:-1], told[1].iloc[:-1])


def test_a_late_price_ages_the_row_and_its_driver_is_measured_from_the_month_that_is_known() -> None:
    rows = MONTHLY.observations
    without = MONTHLY.knowing(rows[(rows["series"] != "rebar_mx") | (rows["period"] < SEPTEMBER)])
    history = without.history(utc("2026-10-27 08:00"))
    assert history.origins[-1] == SEPTEMBER
    assert (history.price_ages[-1], history.price_news[-1]) == (1, False)
    own = np.log(history.within["scrap.own"])
    usual = own.diff().rolling(104, min_periods=12).std().iloc[-1]
    expected = (np.log(history.known["scrap"].iloc[-1]) - own.iloc[-2]) / usual
    assert build_features(history)["nowcast.scrap_newest"].iloc[-1] == pytest.approx(expected)


def test_horizons_and_volatility_count_weeks_and_months() -> None:
    for world, second in ((MONTHLY, "2026-11-01"), (slow_world("weekly"), "2026-10-19")):
        history = world.history(utc("2026-10-13 08:00"))
        assert history.target_dates(2)[-1] == pd.Timestamp(second)
        monthly, quarterly = (expected_volatility(daily_returns(history), horizon)[-1] for horizon in (1, 3))
        spread = float(np.log(history.last).diff().std())
        assert 0.5 * spread < monthly < 2 * spread
        assert 1.4 * monthly < quarterly < 2 * monthly


def calendar_of(frequency: MarketFrequency, lag: int, limit: int = 2) -> PriceCalendar:
    return PriceCalendar(
        frozenset(), frozenset(), lag, "09:00:00", "America/Mexico_City", "02:00:00", "America/Mexico_City", limit, frequency
    )


@pytest.mark.parametrize(
    ("moment", "months"), [("2026-10-12 14:00", 0), ("2026-10-13 09:59", 0), ("2026-10-13 10:01", 1), ("2026-12-20 08:00", 3)]
)
def test_a_monthly_price_is_overdue_two_hours_after_the_issue_that_should_have_brought_the_next(moment: str, months: int) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    age = price_age(calendar_of("monthly", TWELFTH.lag_days), date(2026, 8, 1), date(2026, 8, 1), at)
    assert (age.sessions, age.stale, age.too_old) == (months, months > 0, months > 2)
    assert age.text == f"price of 2026-08, {months} month{'' if months == 1 else 's'} old"


@pytest.mark.parametrize("frequency", ["weekly", "monthly"])
def test_the_service_counts_the_same_periods_as_the_history(frequency: MarketFrequency) -> None:
    calendar = calendar_of(frequency, 3)
    for day in pd.date_range("2026-01-03", "2026-12-28", freq="11D"):
        moment = day.tz_localize("UTC") + pd.Timedelta(hours=15, minutes=1)
        firsts = calendars.sessions(frequency, pd.Timestamp("2025-10-01"), day)
        published = calendars.publication_moments(firsts, frequency, TWELFTH.model_copy(update={"lag_days": 3, "at": time(9)}))
        assert calendar.published(moment.to_pydatetime()) == firsts[published <= moment][-1].date()
    assert PriceCalendar.restored(calendar.stored()) == calendar
    assert "frequency" not in calendar_of("daily", 0).stored(), "what is published of a daily market is as it was"


def test_a_daily_market_is_declared_and_counted_as_ever() -> None:
    made = synthetic(count=60)
    assert (made.market.frequency, made.history().within.empty) == ("daily", True)
    assert not [name for name in build_features(made.history()) if name.startswith("nowcast")]


def test_paths_say_that_they_do_not_apply() -> None:
    with pytest.raises(PathsError, match=r"rebar_mexico has a monthly price.*averages, odds, plans.*1, 2, 3 months ahead"):
        refuse_slow(MONTHLY.market)


SERIES = """
series:
  - {id: rebar_mx, name: Rebar, unit: MXN/t, frequency: monthly}
"""
MARKET = """
id: rebar_mexico
name: Rebar, Mexico
commodity: rebar
region: mexico
target: {series: rebar_mx, unit: MXN/t}
"""


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", "target series rebar_mx must be daily, it is monthly; write frequency: monthly in the market"),
        ("frequency: weekly", "target series rebar_mx must be weekly, it is monthly"),
        ("frequency: quarterly", "Input should be 'daily', 'weekly' or 'monthly'"),
        ("frequency: monthly\ncalendar: XLON", "a monthly market has no calendar of trading days: leave calendar out"),
        ("frequency: monthly\nhorizons: [3, 1]", r"ascending months without repeats, for example \[1, 2, 3\]"),
        ("frequency: monthly\nhorizons: [1, 13]", "horizons of a monthly market reach 12 months at most"),
        ("calendar: monthly", "calendar 'monthly' is not known"),
    ],
)
def test_the_catalogue_refuses_what_a_slow_market_cannot_be(more: str, why: str, tmp_path: Path) -> None:
    for place, text in (("series/mine.yaml", SERIES), ("markets/mine.yaml", f"{MARKET}{more}\n")):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_text(text)
    with pytest.raises(CatalogError, match=why):
        load_catalog(tmp_path)


@pytest.mark.parametrize(
    ("place", "text", "why"),
    [
        ("rules.yaml", "default_market: rebar_mexico", "must be a daily market"),
        (
            "experiments/mine.yaml",
            "{id: one, name: One, family: ridge, markets: [rebar_mexico], horizons: [1], start: 2026-12-01, planned_days: 90}",
            "rebar_mexico has a monthly price; experiments are of daily markets",
        ),
        (
            "parity/mine.yaml",
            "{id: p, name: P, name_es: P, place: X, market: rebar_mexico, rate: usdmxn, terms: "
            "[{id: duty, name: D, name_es: D, amount: 1, unit: percent, date: 2026-11-30, source: mine}]}",
            "market rebar_mexico has a monthly price; a parity needs a daily one",
        ),
    ],
)
def test_what_needs_a_daily_market_refuses_another_by_name(place: str, text: str, why: str, tmp_path: Path) -> None:
    files = {"series/mine.yaml": SERIES, "markets/mine.yaml": f"{MARKET}frequency: monthly\n", place: text}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(CatalogError, match=why):
        load_catalog(tmp_path)


def test_the_template_of_a_mexican_market_loads_once_it_is_copied_and_not_before(tmp_path: Path) -> None:
    assert "rebar_mexico" not in load_catalog().markets
    for kind in ("series", "markets"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "rebar_mexico.yaml").write_text((SHIPPED / kind / "_rebar_mexico.yaml").read_text())
    market = load_catalog(tmp_path).markets["rebar_mexico"]
    assert (market.frequency, market.horizons, market.calendar) == ("monthly", (1, 2, 3), "monthly")


@pytest.mark.parametrize("target", [{"fx": "usdmxn"}, {"curve": ["rebar_mx"], "roll": "first_business_day_of_month"}])
def test_a_slow_target_has_no_exchange_rate_and_no_curve(target: dict[str, object]) -> None:
    declared = MONTHLY.market.model_dump(exclude={"target"})
    with pytest.raises(ValueError, match="a monthly target has neither fx nor curve nor roll"):
        Market.model_validate({**declared, "target": {"series": "rebar_mx", "unit": "MXN/t", **target}})


def test_every_frequency_has_its_horizons_within_reach() -> None:
    assert {name: horizons[-1] <= FURTHEST[name] for name, horizons in HORIZONS.items()} == dict.fromkeys(HORIZONS, True)
