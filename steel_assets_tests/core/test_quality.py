"""Quality: what each fault costs, and that no fault ever pays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, time
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.calendars import publication_moments, sessions
from steel_assets.core.quality import assess, critical_series, market_score
from steel_assets.core.tables import DATA_QUALITY, OBSERVATIONS
from steel_assets.core.types import Market, PublicationRule, Series, Target

AS_OF = pd.Timestamp("2024-06-12 08:00", tz="UTC")
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "lme_sr_curve.csv"

LONDON = PublicationRule(at=time(18), zone="Europe/London")
SERIES = {
    "front": Series(id="front", name="front", unit="USD/t", calendar="XLON", published=LONDON),
    "second": Series(id="second", name="second", unit="USD/t", calendar="XLON", published=LONDON),
    "driver": Series(id="driver", name="driver", unit="USD/t", calendar="XNYS", published=LONDON),
    "monthly": Series(id="monthly", name="monthly", unit="index", frequency="monthly", published=PublicationRule(lag_days=16)),
}
MARKET = Market(
    id="market",
    name="market",
    commodity="rebar",
    region="turkey",
    calendar="XLON",
    target=Target(series="front", curve=("front", "second"), roll="first_business_day_of_month"),
    drivers=("driver", "monthly"),
)


def observed(name: str, values: np.ndarray, periods: pd.DatetimeIndex) -> pd.DataFrame:
    series = SERIES[name]
    return pd.DataFrame(
        {
            "series": name,
            "period": periods,
            "value": values,
            "published_at": publication_moments(periods, series.frequency, series.published),
            "collected_at": pd.Timestamp("2024-06-12 07:00", tz="UTC"),
            "source": "somewhere",
            "simulated": True,
        }
    )


def healthy(seed: int = 0) -> pd.DataFrame:
    """Two years of everything MARKET reads, up to the last session before AS_OF."""
    return _healthy(seed).copy()


@lru_cache
def _healthy(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frames = []
    for name, series in SERIES.items():
        if series.frequency == "daily":
            periods = sessions(series.calendar, pd.Timestamp("2022-06-01"), pd.Timestamp("2024-06-11"))
        else:
            periods = pd.date_range("2020-01-01", "2024-04-01", freq="MS")
        walk = 600 * np.exp(np.cumsum(0.01 * random.standard_t(4, len(periods))))
        frames.append(observed(name, walk, periods))
    return OBSERVATIONS.enforce(pd.concat(frames, ignore_index=True))


@lru_cache
def _healthy_score(seed: int) -> float:
    return score(healthy(seed))


def score(observations: pd.DataFrame) -> float:
    return market_score(assess(observations, MARKET, SERIES, AS_OF))


def row(observations: pd.DataFrame, name: str = "front") -> pd.Series:
    return assess(observations, MARKET, SERIES, AS_OF).set_index("series").loc[name]


def rows_of(observations: pd.DataFrame, name: str = "front") -> pd.Index:
    return observations.index[observations["series"] == name]


def test_the_same_values_about_other_days_are_assessed_anew() -> None:
    observations = healthy()
    before = row(observations)
    later = observations.assign(period=observations["period"] - pd.Timedelta(days=7))
    assert row(later)["newest_period"] == before["newest_period"] - pd.Timedelta(days=7)
    assert row(later)["freshness_score"] < before["freshness_score"]
    pd.testing.assert_series_equal(row(observations), before)


def test_healthy_data_scores_nearly_one_for_every_series():
    rows = assess(healthy(), MARKET, SERIES, AS_OF)
    assert list(rows["series"]) == list(MARKET.series_ids)
    assert list(rows.columns) == DATA_QUALITY.column_names
    assert (rows["quality_score"] > 0.98).all()
    assert (rows["freshness_score"] == 1).all()


def test_the_target_the_front_two_and_the_exchange_rate_are_critical():
    yuan = Market(
        id="m", name="m", commodity="c", region="r", drivers=("driver",), target=Target(series="front", fx="second", unit="USD/t")
    )
    assert critical_series(yuan) == ("front", "second")
    assert critical_series(MARKET) == ("front", "second")


@pytest.mark.parametrize("name", ["front", "second"])
def test_a_dead_critical_series_scores_zero_whatever_the_others_do(name: str):
    observations = healthy()
    alive = observations[observations["series"] != name]
    assert score(alive) == 0
    assert pd.isna(row(alive, name)["newest_period"])


def test_a_dead_driver_is_visible_and_does_not_stop_the_market():
    observations = healthy()
    alive = observations[observations["series"] != "driver"]
    assert row(alive, "driver")["quality_score"] == 0
    assert score(alive) == pytest.approx(score(observations))


def test_no_observation_at_all_is_a_row_of_zeros_for_every_series():
    rows = assess(OBSERVATIONS.empty(), MARKET, SERIES, AS_OF)
    assert len(rows) == len(MARKET.series_ids)
    assert (rows["quality_score"] == 0).all()
    assert rows["newest_period"].isna().all()


def test_missing_periods_cost_completeness_by_their_share():
    observations = healthy()
    gone = rows_of(observations)[-100:-75]
    assert row(observations.drop(gone))["completeness_score"] == pytest.approx(225 / 250)


def test_a_young_series_is_measured_from_its_first_period_on():
    observations = healthy()
    young = observations.drop(rows_of(observations)[:-30])
    assert row(young)["completeness_score"] == 1


def test_freshness_falls_by_a_tenth_for_each_session_missed_and_is_dead_after_ten():
    observations = healthy()
    front = rows_of(observations)
    scores = [row(observations.drop(front[len(front) - missed :]))["freshness_score"] for missed in (0, 1, 2, 5, 10, 50)]
    assert scores == pytest.approx([1.0, 0.9, 0.8, 0.5, 0.0, 0.0])


def test_a_period_is_not_missed_before_its_publication():
    observations = healthy()
    early = pd.Timestamp("2024-06-11 16:59", tz="UTC")  # 17:59 in London
    without_today = observations[observations["period"] < pd.Timestamp("2024-06-11")]
    before = without_today.assign(collected_at=pd.Timestamp("2024-06-10 20:00", tz="UTC"))
    rows = assess(before, MARKET, SERIES, early).set_index("series")
    assert rows.loc["front", "freshness_score"] == 1
    late = assess(before, MARKET, SERIES, pd.Timestamp("2024-06-11 17:01", tz="UTC")).set_index("series")
    assert late.loc["front", "freshness_score"] == pytest.approx(0.9)


def test_a_weekend_and_a_bank_holiday_make_nothing_stale():
    observations = healthy()
    until_friday = observations[observations["period"] <= pd.Timestamp("2024-05-24")]
    known = until_friday.assign(collected_at=pd.Timestamp("2024-05-24 23:00", tz="UTC"))
    bank_holiday = assess(known, MARKET, SERIES, pd.Timestamp("2024-05-28 08:00", tz="UTC")).set_index("series")
    assert bank_holiday.loc["front", "freshness_score"] == 1


def test_a_monthly_figure_dated_in_the_middle_of_its_month_still_counts():
    observations = healthy()
    monthly = rows_of(observations, "monthly")
    observations.loc[monthly, "period"] += pd.Timedelta(days=14)
    assert row(observations, "monthly")["completeness_score"] == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -5.0, 0.0])
def test_a_value_that_cannot_be_a_price_costs_validity(value: float):
    observations = healthy()
    observations.loc[rows_of(observations)[-100], "value"] = value
    assert row(observations)["validity_score"] == pytest.approx(249 / 250)


@pytest.mark.parametrize("value", [1e9, 1e-6])
def test_a_value_out_of_all_proportion_is_an_outlier(value: float):
    observations = healthy()
    observations.loc[rows_of(observations)[-100], "value"] = value
    assert row(observations)["outlier_score"] == pytest.approx(249 / 250)


def test_a_newest_value_that_cannot_be_true_is_not_fresh():
    observations = healthy()
    observations.loc[rows_of(observations)[-1], "value"] = np.nan
    assert row(observations)["freshness_score"] == pytest.approx(0.9)


def test_a_figure_for_a_day_to_come_costs_validity():
    observations = healthy()
    tomorrow = observations.loc[[rows_of(observations)[-1]]].assign(period=pd.Timestamp("2024-06-20"))
    found = row(pd.concat([observations, tomorrow], ignore_index=True))
    assert found["validity_score"] < 1
    assert found["newest_period"] == pd.Timestamp("2024-06-11")


def test_a_feed_stuck_on_one_price_for_a_month_loses_validity_and_freshness():
    observations = healthy()
    front = rows_of(observations)
    observations.loc[front[-25:], "value"] = 600.0
    assert row(observations)["validity_score"] == pytest.approx(228 / 250), "from the fourth on: it never stood still before"
    assert row(observations)["freshness_score"] == 0


def test_a_liquid_feed_that_stands_still_for_a_week_is_less_to_be_trusted_already():
    observations = healthy()
    observations.loc[rows_of(observations)[-6:], "value"] = 600.0
    assert row(observations)["quality_score"] < 0.75


def test_two_values_for_one_publication_are_a_dispute():
    observations = healthy()
    again = observations.loc[[rows_of(observations)[-100]]]
    again = again.assign(value=again["value"] * 1.01, collected_at=again["collected_at"] + pd.Timedelta(minutes=1))
    assert row(pd.concat([observations, again], ignore_index=True))["consistency_score"] == pytest.approx(249 / 250)


def test_a_revision_published_later_is_no_dispute():
    observations = healthy()
    old = observations.loc[[rows_of(observations)[-100]]]
    revised = old.assign(value=old["value"] * 1.01, published_at=old["published_at"] + pd.Timedelta(days=30))
    assert row(pd.concat([observations, revised], ignore_index=True))["consistency_score"] == 1


def test_two_sources_that_differ_are_a_dispute_and_two_that_agree_are_none():
    observations = healthy()
    other = observations.loc[rows_of(observations)[-10:]].assign(source="elsewhere")
    for factor, agreed in ((1.001, 1.0), (1.05, 240 / 250)):
        both = pd.concat([observations, other.assign(value=other["value"] * factor)], ignore_index=True)
        assert row(both)["consistency_score"] == pytest.approx(agreed)


def test_a_spike_is_blamed_once_and_a_roll_costs_little():
    observations = healthy()
    front = rows_of(observations)
    clean = row(observations)["outlier_score"]
    spiked = observations.copy()
    spiked.loc[front[-100], "value"] *= 3
    assert clean - row(spiked)["outlier_score"] == pytest.approx(1 / 250, abs=1e-4)
    rolled = observations.copy()
    for start in range(10, 250, 21):
        rolled.loc[front[-start:], "value"] *= 1.05
    assert row(rolled)["outlier_score"] > 0.99


def test_negative_values_are_fine_where_the_unit_allows_them():
    observations = healthy()
    monthly = rows_of(observations, "monthly")
    observations.loc[monthly, "value"] -= 600
    assert row(observations, "monthly")["validity_score"] == 1


def test_what_was_learnt_after_the_moment_changes_nothing():
    observations = healthy()
    later = observations.assign(
        value=-1.0, published_at=AS_OF + pd.Timedelta(hours=1), collected_at=AS_OF + pd.Timedelta(hours=1)
    )
    pd.testing.assert_frame_equal(
        assess(observations, MARKET, SERIES, AS_OF),
        assess(pd.concat([observations, later], ignore_index=True), MARKET, SERIES, AS_OF),
    )


def test_the_day_of_the_assessment_is_told_in_the_zone_asked_for():
    late = pd.Timestamp("2024-06-12 03:00", tz="UTC")
    mexico = assess(healthy(), MARKET, SERIES, late, zone=ZoneInfo("America/Mexico_City"))
    assert (mexico["date"] == pd.Timestamp("2024-06-11")).all()
    assert (assess(healthy(), MARKET, SERIES, late, zone=UTC)["date"] == pd.Timestamp("2024-06-12")).all()


def test_a_missing_declaration_and_a_strange_critical_series_are_refused_by_name():
    with pytest.raises(ValueError, match="driver, monthly"):
        assess(healthy(), MARKET, {name: SERIES[name] for name in ("front", "second")}, AS_OF)
    with pytest.raises(ValueError, match="nobody"):
        assess(healthy(), MARKET, SERIES, AS_OF, critical={"nobody"})
    with pytest.raises(ValueError, match="critical"):
        assess(healthy(), MARKET, SERIES, AS_OF, critical=set())


def test_the_score_of_two_markets_at_once_is_refused():
    rows = assess(healthy(), MARKET, SERIES, AS_OF)
    with pytest.raises(ValueError, match="one market"):
        market_score(pd.concat([rows, rows.assign(market="other")]))
    with pytest.raises(ValueError, match="no critical"):
        market_score(rows[~rows["critical"]])


Fault = Callable[[pd.DataFrame, pd.Index, np.random.Generator], pd.DataFrame]


def _missing(o: pd.DataFrame, at: pd.Index, _: np.random.Generator) -> pd.DataFrame:
    return o.drop(at)


def _scaled(factor: float) -> Fault:
    return lambda o, at, _: o.assign(value=o["value"].where(~o.index.isin(at), o["value"] * factor))


def _set(value: float) -> Fault:
    return lambda o, at, _: o.assign(value=o["value"].where(~o.index.isin(at), value))


def _contradicted(o: pd.DataFrame, at: pd.Index, random: np.random.Generator) -> pd.DataFrame:
    twin = o.loc[at]
    twin = twin.assign(value=twin["value"] * random.uniform(1.01, 2, len(at)), collected_at=AS_OF - pd.Timedelta(minutes=5))
    return pd.concat([o, twin], ignore_index=True)


def _other_source(o: pd.DataFrame, at: pd.Index, random: np.random.Generator) -> pd.DataFrame:
    twin = o.loc[at].assign(source="elsewhere", collected_at=AS_OF - pd.Timedelta(minutes=5))
    return pd.concat([o, twin.assign(value=twin["value"] * random.uniform(1.01, 2))], ignore_index=True)


def _future(o: pd.DataFrame, at: pd.Index, random: np.random.Generator) -> pd.DataFrame:
    ahead = o.loc[at].assign(period=AS_OF.tz_localize(None).normalize() + pd.to_timedelta(np.arange(1, len(at) + 1), unit="D"))
    return pd.concat([o, ahead], ignore_index=True)


def _dead_since(o: pd.DataFrame, at: pd.Index, _: np.random.Generator) -> pd.DataFrame:
    first = at.min()
    name = o.loc[first, "series"]
    return o[(o["series"] != name) | (o["period"] < o.loc[first, "period"])]


FAULTS: dict[str, Fault] = {
    "missing": _missing,
    "ten times": _scaled(10.0),
    "a hundred times": _scaled(100.0),
    "a tenth": _scaled(0.1),
    "minus": _scaled(-1.0),
    "nan": _set(np.nan),
    "infinite": _set(np.inf),
    "zero": _set(0.0),
    "contradicted": _contradicted,
    "other source": _other_source,
    "future": _future,
    "dead since": _dead_since,
}


@pytest.mark.slow  # faults upon faults, drawn by the hundred
@pytest.mark.parametrize("fault", FAULTS)
def test_injecting_a_fault_never_raises_the_score_even_on_top_of_other_faults(fault: str):
    for seed in range(5):
        random = np.random.default_rng([seed, len(fault)])
        before, others = healthy(seed), random.choice(list(FAULTS), size=seed % 3, replace=False)
        for name in others:
            before = FAULTS[name](before, _some_rows(before, random), random).reset_index(drop=True)
        after = FAULTS[fault](before, _some_rows(before, random), random)
        assert score(after) <= (score(before) if len(others) else _healthy_score(seed)) + 1e-9, f"seed {seed}"


def _some_rows(observations: pd.DataFrame, random: np.random.Generator) -> pd.Index:
    recent = observations.index[(observations["series"] == "front") & (observations["period"] > pd.Timestamp("2023-07-01"))]
    if len(recent) == 0:
        recent = rows_of(observations, "second")
    return pd.Index(random.choice(recent, size=min(len(recent), int(random.integers(1, 12))), replace=False))


def test_real_front_months_with_their_rolls_pass_the_gate_in_calm_and_stormy_years():
    if not REAL.exists():
        pytest.skip("needs ../shared/data (real LME closing prices)")
    curve = pd.read_csv(REAL, parse_dates=["date"])
    periods = pd.DatetimeIndex(curve["date"])
    real = pd.concat([observed("front", curve["m01"].to_numpy(), periods), observed("second", curve["m02"].to_numpy(), periods)])
    for day in ("2017-06-30", "2020-05-05", "2022-06-01", "2023-12-29"):
        rows = assess(real, MARKET, SERIES, pd.Timestamp(day, tz="UTC") + pd.Timedelta(hours=8))
        assert market_score(rows) > 0.95
