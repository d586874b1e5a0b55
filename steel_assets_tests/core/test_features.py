"""Feature families: what each says, and when it says nothing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.features import build_features, feature_families
from steel_assets.core.features._drivers import freshness_weights
from steel_assets.core.history import MarketHistory
from steel_assets_tests.core.synthetic import LONDON, MONTHLY, Synthetic, declare, publish, synthetic


@cache
def history() -> MarketHistory:
    return synthetic(count=420, lived=0).history()


def test_families_are_found_by_their_file() -> None:
    assert list(feature_families()) == [
        "calendar",
        "curve",
        "drivers",
        "generated",
        "lags",
        "macro",
        "margins",
        "nowcast",
        "overnight",
        "volatility",
        "windows",
    ]


def test_a_market_without_curve_or_drivers_has_features_of_its_own_price_and_the_date() -> None:
    bare = synthetic(count=60, lived=0).of(curve=(), roll="none", drivers=()).history()
    families = {name.split(".")[0] for name in build_features(bare).columns}
    assert families == {"calendar", "lags", "volatility", "windows"}


def test_a_driver_that_stopped_says_nothing_once_its_last_figure_is_too_old() -> None:
    features = build_features(history())
    stopped = freshness_weights(history(), ["dead"])["dead"] == 0
    assert stopped.sum() > 100
    for name in features.columns[features.columns.str.contains("dead")]:
        assert features.loc[stopped, name].isna().all()
        assert features.loc[~stopped, name].notna().any()


def test_a_driver_that_stopped_fades_from_the_day_its_next_figure_is_overdue() -> None:
    shares = freshness_weights(history(), ["dead"])["dead"]
    last = history().periods["dead"].max()
    assert (shares[: last + pd.Timedelta(days=1)].iloc[1:] == 1).all()
    after = shares[last:]
    assert (after.diff().iloc[1:] <= 0).all()
    assert after.diff().min() > -0.45  # a long weekend at most, never all at once
    fading = build_features(history()).loc[after.index[after.between(0.05, 0.95)], "margins.dead_year"].abs()
    assert len(fading) >= 4
    assert fading.iloc[-1] < 0.5 * fading.iloc[0]


def test_a_holiday_of_a_drivers_exchange_fades_nothing() -> None:
    holidays = history().ages["ore"] > 5
    assert holidays.sum() >= 5
    assert (freshness_weights(history(), ["ore"])["ore"][holidays] == 1).all()


def test_a_monthly_figure_that_is_never_followed_goes_back_to_saying_nothing() -> None:
    market = synthetic(count=200, lived=0)
    rows = market.observations
    stopped = market.knowing(rows[~((rows["series"] == "ppi") & (rows["period"] > market.sessions[90]))]).history()
    alive, dead = build_features(market.history()), build_features(stopped)
    assert dead["macro.ppi_change"].iloc[-1] == dead["macro.ppi_surprise"].fillna(0.0).iloc[-1] == 0.0
    assert dead["macro.ppi_age"].max() <= alive["macro.ppi_age"].max() + 0.1
    assert dead["macro.ppi_change"].diff().abs().iloc[100:].max() < alive["macro.ppi_change"].diff().abs().max()


def test_a_driver_that_rises_shows_in_its_change_and_lowers_the_margin() -> None:
    market = synthetic(count=120, lived=0)
    rows = market.observations.copy()
    jump = (rows["series"] == "scrap") & (rows["period"] == market.sessions[100])
    rows.loc[jump, "value"] *= 1.5
    features = build_features(market.knowing(rows).history())
    before, there = features.iloc[99], features.iloc[100]
    assert there["drivers.scrap_change_1"] > 5 > abs(before["drivers.scrap_change_1"])
    assert there["margins.scrap_week"] < -1


def test_what_shanghai_did_before_the_issue_counts_and_what_it_did_after_does_not() -> None:
    """A session in winter: Shanghai's close of the day after is out at 07:20 UTC, the forecast at 08:00."""
    market = synthetic(count=120, lived=0)
    rows = market.observations.copy()
    origin, next_day = pd.Timestamp("2019-02-12"), pd.Timestamp("2019-02-13")
    plain = build_features(market.history())["overnight.ore"]
    jump = (rows["series"] == "ore") & (rows["period"] == next_day)
    rows.loc[jump, "value"] *= 1.1
    jumped = build_features(market.knowing(rows).history())["overnight.ore"]
    assert jumped[origin] > plain[origin] + 4
    rows.loc[jump, "published_at"] += pd.Timedelta(hours=1)
    late = build_features(market.knowing(rows).history())["overnight.ore"]
    assert late[origin] == 0
    assert (build_features(market.history())["overnight.scrap"].dropna() == 0).all()


def test_a_monthly_figure_changes_when_it_is_published_not_when_its_month_begins() -> None:
    series = declare("figure", "index", MONTHLY, "weekdays", "monthly")
    market = synthetic(count=120, lived=0).of(drivers=("figure",))
    months = pd.date_range("2018-11-01", "2019-06-01", freq="MS")
    rows = publish(series, months, 100 * 1.02 ** np.arange(len(months)))
    known = Synthetic(
        pd.concat([market.observations, rows]), market.market, {**market.series, "figure": series}, market.sessions
    ).history()
    change = build_features(known)["macro.figure_change"]
    first_seen = history().origins[history().moments.searchsorted(rows["published_at"].iloc[2])]
    assert change.loc[:first_seen].iloc[-1] == pytest.approx(np.log(1.02))
    age = build_features(known)["macro.figure_age"]
    assert age.loc[first_seen] == pytest.approx((first_seen - pd.Timestamp("2019-01-01")).days / 30.4)
    assert age.loc[:first_seen].iloc[-2] > age.loc[first_seen]


def test_momentum_has_no_contract_roll_in_it() -> None:
    days = pd.bdate_range("2021-01-04", periods=90)
    market = synthetic(count=60, lived=0)
    month = days.month.to_numpy()
    rows = [
        publish(declare(name, "USD/t", LONDON), days, 90.0 + 10.0 * (month + k))
        for k, name in enumerate(market.market.target.curve)
    ]
    flat = market.of(drivers=()).knowing(pd.concat(rows)).history()
    features = build_features(flat)
    assert flat.last.iloc[-1] > 1.2 * flat.last.iloc[0]
    assert features["windows.momentum_21"].abs().max() == 0.0
    assert features["lags.return_0"].abs().max() == 0.0
    assert features["curve.slope"].iloc[0] == pytest.approx(np.log(110 / 100))


def test_a_rate_in_percent_changes_by_points_and_may_be_negative() -> None:
    series = declare("rate", "percent", LONDON)
    market = synthetic(count=120, lived=0).of(drivers=("rate",))
    rows = publish(series, market.sessions, np.where(np.arange(120) % 2, -0.5, 0.5))
    known = Synthetic(
        pd.concat([market.observations, rows]), market.market, {**market.series, "rate": series}, market.sessions
    ).history()
    assert build_features(known)["drivers.rate_change_1"].iloc[60:].abs().min() > 0.5


def test_a_driver_at_or_below_zero_has_no_logarithm_and_is_unknown_that_day() -> None:
    market = synthetic(count=120, lived=0)
    rows = market.observations.copy()
    rows.loc[(rows["series"] == "scrap") & (rows["period"] == market.sessions[100]), "value"] = -37.6
    features = build_features(market.knowing(rows).history())
    assert np.isnan(features["drivers.scrap_change_1"].iloc[100])
    assert np.isfinite(features["drivers.scrap_change_1"].iloc[99])
    assert np.isfinite(features["drivers.scrap_change_1"].iloc[103])
