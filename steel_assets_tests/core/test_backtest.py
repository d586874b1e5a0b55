"""The backtest: one row per model, origin and horizon, the same wherever it starts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.backtest import CHAMPION, BacktestError, backtest, families_of, without_price
from steel_assets.core.history import MarketHistory
from steel_assets.core.scoring import pinball
from steel_assets.core.tables import BACKTEST
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets_tests.core.synthetic import LONDON, Synthetic, declare, publish, synthetic

FIRST, LAST = 300, 339


@cache
def market() -> Synthetic:
    return synthetic(count=345, lived=0)


@cache
def history() -> MarketHistory:
    return market().history()


@cache
def whole() -> pd.DataFrame:
    return backtest(history(), history().origins[FIRST], history().origins[LAST])


def price_only(values: np.ndarray, days: pd.DatetimeIndex) -> Synthetic:
    plain = market().of(curve=(), roll="none", drivers=())
    return plain.knowing(publish(declare("rebar_m01", "USD/t", LONDON), days, values))


def test_there_is_one_row_per_model_origin_and_horizon() -> None:
    rows = whole()
    models = [*families_of(history().market), CHAMPION]
    assert models[:4] == ["naive", "roll_aware", "forward_curve", "combination"]
    assert models[-1] == "champion"
    expected = pd.MultiIndex.from_product([models, history().origins[FIRST : LAST + 1], [1, 5]])
    found = pd.MultiIndex.from_frame(rows[["model", "origin", "h"]])
    assert set(found) == set(expected)
    assert len(rows) == len(expected)
    assert BACKTEST.enforce(rows).equals(rows)


def test_forecasts_are_ordered_and_dates_are_trading_days_ahead() -> None:
    rows = whole()
    assert (np.diff(rows[list(QUANTILE_COLUMNS)].to_numpy(), axis=1) >= 0).all()
    assert rows["p"].between(rows["q05"], rows["q95"]).all()
    sessions = history().target_dates(5)
    ahead = rows[(rows["h"] == 5) & (rows["model"] == "naive")]
    assert ahead["target_date"].tolist() == list(sessions[FIRST : LAST + 1])
    assert (rows[rows["model"] == "naive"]["p"] == rows[rows["model"] == "naive"]["last"]).all()


def test_a_price_that_is_not_known_yet_is_empty_and_the_forecast_is_there() -> None:
    rows = backtest(history(), history().origins[-3], history().origins[-1], families=["naive"])
    assert rows.loc[rows["h"] == 5, "y"].isna().all()
    assert rows.loc[rows["h"] == 1, "y"].notna().sum() == 2
    assert rows["p"].notna().all()


@pytest.mark.parametrize(("start", "end", "step"), [(FIRST, LAST, 3), (FIRST + 7, LAST - 5, 1), (FIRST + 11, LAST, 7)])
def test_a_row_is_the_same_whatever_the_start_the_end_and_the_step(start: int, end: int, step: int) -> None:
    rows = backtest(history(), history().origins[start], history().origins[end], step=step)
    assert rows["origin"].drop_duplicates().tolist() == list(history().origins[start : end + 1 : step])
    common = whole()[whole()["origin"].isin(rows["origin"])]
    key = ["model", "h", "origin"]
    assert rows.sort_values(key).reset_index(drop=True).equals(common.sort_values(key).reset_index(drop=True))


def test_a_start_on_a_holiday_means_the_next_trading_day() -> None:
    rows = backtest(history(), pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02"), families=["naive"])
    assert rows["origin"].unique().tolist() == [pd.Timestamp("2020-01-02")]


def test_a_family_is_the_same_alone_as_among_others() -> None:
    rows = backtest(history(), history().origins[FIRST], history().origins[LAST], families=["ridge"])
    assert set(rows["model"]) == {"naive", "ridge"}
    assert rows[rows["model"] == "ridge"].equals(
        whole()[whole()["model"] == "ridge"].set_axis(rows.index[rows["model"] == "ridge"])
    )


def test_a_combination_alone_is_the_same_too_though_its_members_are_walked_forward_for_it() -> None:
    rows = backtest(history(), history().origins[FIRST], history().origins[LAST], families=["combination"])
    assert set(rows["model"]) == {"naive", "combination"}
    key = ["origin", "h"]
    alone, among = (table[table["model"] == "combination"].set_index(key)["p"] for table in (rows, whole()))
    assert (alone == among).all()
    curve = whole()[whole()["model"] == "forward_curve"].set_index(key)["p"]
    assert (among != curve).any()


def test_the_champion_is_one_of_the_families_and_its_choice_changes_only_between_weeks() -> None:
    rows = whole()[whole()["h"] == 1].pivot(index="origin", columns="model", values="p")
    for _, week in rows.groupby(rows.index.to_period("W")):
        assert any((week["champion"] == week[family]).all() for family in families_of(history().market))


def test_progress_is_reported_to_the_end() -> None:
    seen: list[tuple[int, int, str]] = []
    backtest(
        history(), history().origins[LAST], history().origins[LAST], families=["naive", "roll_aware"],
        progress=lambda done, total, what: seen.append((done, total, what)),
    )  # fmt: skip
    assert [(done, total) for done, total, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert seen[0][2] == "naive, 1 days ahead"


def test_wrong_questions_get_an_error_that_names_what_would_be_right() -> None:
    with pytest.raises(BacktestError, match="models magic: market rebar_test has naive, roll_aware"):
        backtest(history(), history().origins[FIRST], history().origins[LAST], families=["magic"])
    with pytest.raises(BacktestError, match="step 0"):
        backtest(history(), history().origins[FIRST], history().origins[LAST], step=0)
    with pytest.raises(BacktestError, match=r"that is possible from 2019-01-30 to 2020-"):
        backtest(history(), pd.Timestamp("2001-01-01"), pd.Timestamp("2001-12-31"))


def test_a_tiny_history_can_be_backtested() -> None:
    days = market().sessions[:33]
    rows = backtest(price_only(500 + np.arange(33.0), days).history(), days[0], days[-1])
    assert rows["origin"].min() == days[20]
    assert np.isfinite(rows[["p", *QUANTILE_COLUMNS]].to_numpy()).all()


def test_a_price_that_never_moves_is_forecast_to_stay() -> None:
    days = market().sessions
    rows = backtest(price_only(np.full(len(days), 500.0), days).history(), days[FIRST], days[LAST])
    assert np.allclose(rows["p"], 500.0)
    assert np.allclose(rows["q95"], 500.0, rtol=1e-3)


def test_days_without_a_price_of_their_own_have_no_rows_and_are_counted() -> None:
    days = market().sessions
    gone = np.zeros(len(days), dtype=bool)
    gone[310:325] = True
    values = 500 * np.exp(np.cumsum(0.01 * np.random.default_rng(1).standard_normal(len(days))))
    gappy = price_only(values[~gone], days[~gone]).history()
    rows = backtest(gappy, days[305], days[330], families=["naive", "ridge"])
    assert sorted(rows["origin"].unique()) == [*days[305:310], *days[325:331]]
    assert rows.groupby(["model", "h"]).size().eq(11).all()
    assert without_price(gappy, days[305], days[330]) == 15
    assert without_price(gappy, days[305], days[330], step=5) == 3
    assert (rows["age"] == 0).all()
    assert np.isfinite(rows[["p", *QUANTILE_COLUMNS]].to_numpy()).all()
    with pytest.raises(BacktestError, match="no trading day between 2020-04-01 and 2020-04-03 can be forecast; that is possible"):
        backtest(gappy, pd.Timestamp("2020-04-01"), pd.Timestamp("2020-04-03"))


def test_with_prices_withheld_each_row_starts_from_a_price_that_much_older() -> None:
    rows = backtest(history(), history().origins[FIRST], history().origins[LAST], families=["naive", "ridge"], withhold=5)
    assert (rows["age"] == 5).all()
    assert rows["origin"].drop_duplicates().tolist() == list(history().origins[FIRST : LAST + 1])
    one = rows[(rows["model"] == "naive") & (rows["h"] == 1)]
    assert one["last"].tolist() == history().last.iloc[FIRST - 5 : LAST - 4].tolist()
    assert one["target_date"].tolist() == list(history().target_dates(1)[FIRST : LAST + 1])
    fresh = whole()[(whole()["model"] == "naive") & (whole()["h"] == 1)]
    assert (one["q95"] / one["q05"] - 1).mean() > 1.5 * (fresh["q95"] / fresh["q05"] - 1).mean()


def test_withheld_prices_change_no_row_however_false_they_are() -> None:
    place, names = FIRST + 5, market().market.target.curve
    rows = market().observations
    withheld = rows["series"].isin(names) & rows["period"].between(history().origins[place - 4], history().origins[place])
    false = market().knowing(rows.assign(value=rows["value"].where(~withheld, rows["value"] * 3))).history()
    day = history().origins[place]
    asked = {"families": ["naive", "forward_curve", "ridge"], "withhold": 5}
    told, lied = (backtest(market_history, day, day, **asked).drop(columns="y") for market_history in (history(), false))
    assert told.equals(lied)


@pytest.mark.parametrize("withhold", [-1, 251, 10**9])
def test_a_count_of_withheld_prices_that_makes_no_sense_is_refused(withhold: int) -> None:
    with pytest.raises(BacktestError, match="between 0 and 250 prices can be withheld"):
        backtest(history(), history().origins[FIRST], history().origins[LAST], withhold=withhold)


@pytest.mark.slow  # twelve backtests
def test_intervals_hold_and_losses_grow_with_the_age_of_the_price_where_prices_trend() -> None:
    """Three simulated markets whose moves go on for some days: the square root of time alone would hold far less than 90 %."""
    inside: dict[int, list[float]] = {age: [] for age in (0, 1, 5, 20)}
    losses: dict[int, list[float]] = {age: [] for age in inside}
    days = synthetic(count=1000, lived=0).sessions
    for seed in range(3):
        noise = 0.01 * np.random.default_rng(seed).standard_normal(len(days) + 3)
        trending = price_only(500 * np.exp(np.cumsum((noise[3:] + noise[2:-1]) / 2**0.5)), days).history()
        for age in inside:
            rows = backtest(trending, days[700], days[990], step=3, families=["naive"], withhold=age)
            rows = rows[(rows["h"] == 1) & rows["y"].notna()]
            inside[age].append(rows["y"].between(rows["q05"], rows["q95"]).mean())
            losses[age].append((pinball(rows) / rows["last"]).mean())
    for age, shares in inside.items():
        assert 0.85 <= np.mean(shares) <= 0.95, age
    assert (np.diff([np.mean(values) for values in losses.values()]) > 0).all()


@pytest.mark.slow  # two years of every family: as long as all other tests of this file
def test_champion_on_real_prices_is_never_worse_than_the_last_price(real_prices: object) -> None:
    from pathlib import Path

    frame = pd.read_csv(Path(str(real_prices)) / "lme_sr_curve.csv", parse_dates=["date"])
    plain = market().of(drivers=())
    rows = [
        publish(declare(name, "USD/t", LONDON), pd.DatetimeIndex(frame["date"]), frame[f"m0{k}"].to_numpy())
        for k, name in enumerate(plain.market.target.curve, start=1)
    ]
    real = plain.knowing(pd.concat(rows)).history()
    from steel_assets.core.scoring import scores

    table = scores(backtest(real, pd.Timestamp("2021-01-01"), pd.Timestamp("2022-12-31"))).set_index(["model", "h"])
    assert (table.loc["champion", "mae_ratio"] <= 1.01).all()
    assert table.loc[("roll_aware", 1), "mae_ratio"] == pytest.approx(0.82, abs=0.03)
    assert table.loc["champion", "coverage_90"].between(0.84, 0.96).all()
