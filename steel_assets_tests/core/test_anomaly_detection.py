"""Doubt: errors of scale, sign and a stuck feed are seen; rolls, crises and holidays of real markets are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steel_assets.core.anomaly_detection import anomalies, anomaly_reasons, anomaly_reasons_of_all
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series
from steel_assets_tests.bench.anomalies import TRIED, History, first_collection, found, real, simulated
from steel_assets_tests.bench.invented import SURVEY, invented

FRONT = Series(id="front", name="front", unit="USD/t")
RATE = Series(id="rate", name="rate", unit="percent")
BALANCE = Series(id="balance", name="balance", unit="million_usd", frequency="monthly")
NOTHING = OBSERVATIONS.empty()


def figures(values: list[float] | np.ndarray, name: str = "front", first: str = "2024-01-01", freq: str = "B") -> pd.DataFrame:
    periods = pd.date_range(first, periods=len(values), freq=freq)
    return pd.DataFrame({"series": name, "period": periods, "value": values, "published_at": periods.tz_localize("UTC")})


def stored(rows: pd.DataFrame) -> pd.DataFrame:
    return OBSERVATIONS.enforce(rows.assign(collected_at=pd.Timestamp("2026-01-01", tz="UTC"), source="x", simulated=True))


def walk(days: int = 250, seed: int = 1) -> np.ndarray:
    return 600 * np.exp(np.cumsum(0.01 * np.random.default_rng(seed).standard_t(4, days)))


def tomorrow(value: float, after: int = 250) -> pd.DataFrame:
    return figures([*np.zeros(after), value]).tail(1)


def test_a_usual_history_is_believed_whole() -> None:
    assert anomaly_reasons(figures(walk()), NOTHING, FRONT).isna().all()


@pytest.mark.parametrize("factor", [10, 100, 1000, 0.1, 0.01, 1.5, 0.7])
def test_a_price_out_of_scale_is_doubted_and_the_reason_says_so(factor: float) -> None:
    prices = walk()
    [reason] = anomaly_reasons(tomorrow(prices[-1] * factor), stored(figures(prices)), FRONT)
    assert reason is not None
    assert "times" in reason


@pytest.mark.parametrize("factor", [1.0, 1.11, 0.89, 1.25])
def test_a_contracts_roll_and_a_bad_day_are_believed(factor: float) -> None:
    prices = walk()
    assert anomaly_reasons(tomorrow(prices[-1] * factor), stored(figures(prices)), FRONT).isna().all()


@pytest.mark.parametrize("value", [0.0, -1.0, -600.0])
def test_a_price_is_above_zero(value: float) -> None:
    [reason] = anomaly_reasons(tomorrow(value), stored(figures(walk())), FRONT)
    assert "above zero" in reason


def test_a_spike_is_doubted_and_the_way_back_is_not() -> None:
    prices = walk()
    prices[100] *= 10
    assert anomaly_reasons(figures(prices), NOTHING, FRONT).notna().tolist() == [day == 100 for day in range(250)]


def test_a_change_of_unit_is_doubted_as_long_as_it_lasts() -> None:
    prices = walk()
    prices[200:] *= 100
    assert anomaly_reasons(figures(prices), NOTHING, FRONT).notna().sum() == 50


def test_a_first_figure_that_is_wrong_does_not_bring_the_others_into_disrepute() -> None:
    prices = walk()
    prices[0] *= 100
    assert anomaly_reasons(figures(prices), NOTHING, FRONT).notna().tolist() == [True] + [False] * 249


def test_a_revision_is_compared_with_the_version_it_replaces() -> None:
    known = stored(figures(walk()))
    newest = known.tail(1)[["series", "period", "value", "published_at"]]
    later = newest["published_at"] + pd.Timedelta(days=1)
    assert anomaly_reasons(newest.assign(value=newest["value"] * 1.02, published_at=later), known, FRONT).isna().all()
    assert anomaly_reasons(newest.assign(value=newest["value"] * 10, published_at=later), known, FRONT).notna().all()


def test_a_year_without_figures_widens_what_is_believed() -> None:
    prices = walk()
    again = figures([prices[-1] * 1.8], first="2026-01-05")
    assert anomaly_reasons(again, stored(figures(prices)), FRONT).isna().all()
    assert anomaly_reasons(again.assign(value=prices[-1] * 10), stored(figures(prices)), FRONT).notna().all()


def test_history_before_what_is_known_is_compared_with_what_comes_after() -> None:
    known = stored(figures(walk()))
    first = known["value"].iloc[0]
    assert anomaly_reasons(figures([first * 10], first="2023-12-29"), known, FRONT).notna().all()
    assert anomaly_reasons(figures([first * 1.01], first="2023-12-29"), known, FRONT).isna().all()


@pytest.mark.parametrize("released", [0.0, -37.63])
def test_after_a_price_below_zero_was_released_the_next_usual_one_is_believed(released: float) -> None:
    prices = walk()
    known = stored(figures([*prices, released]))
    following = figures([*prices, released, prices[-1]]).tail(1)
    assert anomaly_reasons(following, known, FRONT).isna().all()


def test_a_feed_that_stands_still_longer_than_its_past_makes_likely_is_doubted_until_it_moves() -> None:
    prices = np.concatenate([walk(100), np.full(35, 500.0), [501.0]])
    prices[100:] *= prices[99] / 500
    reasons = anomaly_reasons(figures(prices), NOTHING, FRONT)
    assert reasons.notna().tolist() == [False] * 103 + [True] * 32 + [False], "the day before has the same price"
    assert "stuck" in reasons[134]
    assert reasons[135] is None


def test_a_rate_may_be_zero_negative_and_stand_still() -> None:
    rates = np.concatenate([np.full(60, 0.1), np.full(60, -0.5)])
    assert anomaly_reasons(figures(rates, "rate"), NOTHING, RATE).isna().all()
    assert anomaly_reasons(figures([42.0], "rate", "2025-01-01"), stored(figures(rates, "rate")), RATE).notna().all()


def test_a_balance_of_trade_may_change_sign_and_an_amount_may_not() -> None:
    deficit = stored(figures(np.linspace(-60_000, 20_000, 60), "balance", "2019-01-01", "MS"))
    assert anomaly_reasons(figures([-10_000.0], "balance", "2024-01-01", "MS"), deficit, BALANCE).isna().all()
    assert anomaly_reasons(figures([-9e6], "balance", "2024-01-01", "MS"), deficit, BALANCE).notna().all()
    spending = stored(figures(np.linspace(8e5, 9e5, 60), "balance", "2019-01-01", "MS"))
    assert anomaly_reasons(figures([-9e5], "balance", "2024-01-01", "MS"), spending, BALANCE).notna().all()


def test_several_series_are_judged_each_by_its_own_past() -> None:
    both = pd.concat([figures(walk()), figures(walk() * 1000, "rate")], ignore_index=True).sample(frac=1, random_state=3)
    reasons = anomaly_reasons_of_all(both, NOTHING, [FRONT, FRONT.model_copy(update={"id": "rate"})])
    assert reasons.index.equals(both.index)
    assert reasons.isna().all()


@pytest.mark.slow  # a hundred drawn histories
@given(st.lists(st.floats(1e-6, 1e9), max_size=40), st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=10))
def test_any_figures_get_a_verdict(known: list[float], new: list[float]) -> None:
    before = stored(figures(known)) if known else NOTHING
    reasons = anomaly_reasons(figures(new, first="2025-01-01"), before, FRONT)
    assert len(reasons) == len(new)
    assert all(reason is None or reason for reason in reasons.where(reasons.notna(), None))


UNEMPLOYMENT = [3.6, 3.5, 4.4, 14.8, 13.2, 11.0, 10.1, 8.4, 7.9, 6.9, 6.7, 6.7, 6.4, 6.2, 6.1, 6.0, 5.8, 5.9, 5.4, 5.2, 4.7, 4.5,
    4.1, 3.9, 4.0, 3.8, 3.7, 3.6, 3.6, 3.6, 3.5, 3.7, 3.5, 3.6, 3.6, 3.5, 3.4, 3.6, 3.5, 3.4, 3.7, 3.6]  # fmt: skip
"""Invented, in the shape of a labour market in a pandemic."""


def test_a_crisis_in_a_first_history_is_history_and_a_spike_in_it_an_error() -> None:
    rate = RATE.model_copy(update={"frequency": "monthly"})
    months = figures(UNEMPLOYMENT, "rate", "2020-01-01", "MS")
    assert anomaly_reasons(months, NOTHING, rate).isna().all()
    months.loc[20, "value"] *= 10
    assert anomaly_reasons(months, NOTHING, rate).notna().tolist() == [month == 20 for month in range(len(months))]


def test_a_quarterly_survey_of_either_sign_is_believed_whole() -> None:
    survey = Series(id="survey", name="survey", unit="percent", frequency="quarterly")
    assert anomaly_reasons(figures(SURVEY, "survey", "2019-01-01", "QS"), NOTHING, survey).isna().all()


@pytest.mark.parametrize("unit", ["index", "percent", "million_usd"])
def test_what_is_no_price_may_be_negative(unit: str) -> None:
    values = np.random.default_rng(5).normal(0, 10, 120).round(1)
    series = Series(id="front", name="x", unit=unit, frequency="monthly")
    assert anomaly_reasons(figures(values, freq="MS", first="2010-01-01"), NOTHING, series).isna().all()


def test_an_index_that_was_never_negative_does_not_turn_its_sign() -> None:
    index = Series(id="front", name="x", unit="index", frequency="monthly")
    level = np.linspace(200, 300, 150) + np.random.default_rng(6).normal(0, 1, 150)
    known = stored(figures(level, freq="MS", first="2010-01-01"))
    wrong = figures([-300.5], freq="MS", first="2022-07-01")
    assert anomaly_reasons(wrong, known, index).notna().all()
    level[70] *= -1
    reasons = anomaly_reasons(figures(level, freq="MS", first="2010-01-01"), NOTHING, index)
    assert reasons.notna().tolist() == [month == 70 for month in range(150)]


@pytest.mark.parametrize(("dead", "days"), [(0.0, 3), (0.0, 12), (0.0, 60), (-1.0, 3), (-1.0, 12)])
def test_a_feed_that_sends_one_figure_for_days_is_no_new_level_of_an_index(dead: float, days: int) -> None:
    index = Series(id="front", name="broad", unit="index")
    history, all_dead = walk() / 5, np.full(days, dead)
    rows = figures(np.concatenate([history, all_dead])).tail(days)
    assert anomaly_reasons(rows, stored(figures(history)), index).notna().all()
    arrived_at_once = anomaly_reasons(figures(np.concatenate([history, all_dead])), NOTHING, index)
    assert arrived_at_once.tail(days).notna().all()
    assert arrived_at_once.head(-days).isna().all()


def test_a_wild_index_is_known_by_its_own_moves() -> None:
    declared = {series.id: (series, values) for series, values in invented()}
    series, values = declared["volatility_index"]
    assert anomalies(values, series).empty


@pytest.mark.parametrize("level", [1.4, 4.2, 11.0])
def test_a_percentage_written_as_a_share_and_a_turned_sign_of_a_rate_are_told(level: float) -> None:
    rates = level + np.cumsum(np.random.default_rng(7).normal(0, 0.02, 250))
    known = stored(figures(rates, "rate"))
    for factor, words in ((0.01, "share"), (-1.0, "sign")):
        [reason] = anomaly_reasons(figures([rates[-1] * factor], "rate", "2025-01-01"), known, RATE)
        assert reason is not None
        assert words in reason or "change of more than" in reason


@pytest.mark.parametrize(
    ("factor", "words"), [(1 / 2, "2:1 split"), (5 / 6, "6:5 split"), (2 / 3, "3:2 split"), (1 / 10, "10:1 split")]
)
def test_a_step_of_raw_closes_that_is_a_usual_split_is_told_as_one(factor: float, words: str) -> None:
    share = Series(id="front", name="x", unit="USD")
    closes = walk()
    [reason] = anomaly_reasons(tomorrow(closes[-1] * factor * 1.004), stored(figures(closes)), share)
    assert f"looks like a {words}" in reason


def test_while_a_split_is_held_the_days_after_it_are_held_too() -> None:
    share = Series(id="front", name="x", unit="USD")
    closes = walk()
    after = closes[-1] * 5 / 6 * np.array([1.004, 0.995, 1.01])
    for day in range(3):
        rows = figures([*np.zeros(250 + day), after[day]]).tail(1)
        assert anomaly_reasons(rows, stored(figures(closes)), share).notna().all(), day


def test_days_that_were_known_and_have_changed_places_are_told() -> None:
    prices = walk().round(2)
    known = stored(figures(prices))
    pair = known.iloc[[-3, -2]][["series", "period"]].assign(
        value=prices[[-2, -3]], published_at=pd.Timestamp("2025-01-01", tz="UTC")
    )
    reasons = anomaly_reasons(pair, known, FRONT)
    assert reasons.notna().all()
    assert "changed places" in reasons.iloc[0]


def test_a_revision_back_to_the_line_is_believed_where_a_wrong_figure_was_let_in() -> None:
    prices = walk()
    wrong = prices.copy()
    wrong[200] *= 10
    right = figures(prices).iloc[[200]].assign(published_at=pd.Timestamp("2025-01-01", tz="UTC"))
    assert anomaly_reasons(right, stored(figures(wrong)), FRONT).isna().all()


def test_a_liquid_price_that_stands_still_is_told_within_a_week_and_a_rare_trade_is_not() -> None:
    prices = walk(500).round(2)
    [*_, fifth] = anomaly_reasons(figures([prices[-1]] * 5, first="2026-01-05"), stored(figures(prices)), FRONT)
    assert "stuck" in fifth
    declared = {series.id: (series, values) for series, values in invented()}
    series, values = declared["illiquid"]
    assert (values.diff() == 0).mean() > 0.2
    assert anomalies(values, series).empty
    quiet = pd.Series(values.iloc[-1], pd.bdate_range(values.index[-1], periods=9)[1:])
    assert anomalies(quiet, series, values).empty


def test_a_price_may_be_negative_only_when_a_person_says_so() -> None:
    prices = walk()
    [reason] = anomaly_reasons(tomorrow(-37.63), stored(figures(prices)), FRONT)
    assert reason == "-37.63 is not above zero, as USD/t must be"
    spread = FRONT.model_copy(update={"declared_kind": "spread"})
    gap = np.random.default_rng(8).normal(0, 20, 250)
    assert anomaly_reasons(tomorrow(-37.63), stored(figures(gap)), spread).isna().all()


@pytest.mark.parametrize("history", list(simulated()), ids=lambda history: history.series.id)
def test_of_invented_series_of_every_kind_nothing_true_is_held_and_what_is_ten_times_too_large_is(history: History) -> None:
    assert first_collection(history) == 0
    if history.series.kind == "price":
        assert found(history, "x 10") == (TRIED, TRIED)
        assert found(history, "/ 100") == (TRIED, TRIED)
        assert found(history, "sign") == (TRIED, TRIED)


def test_on_real_history_false_alarms_are_rare_and_errors_of_scale_never_pass(real_prices: Path) -> None:
    """On a few of them; ``bench.anomalies`` measures all."""
    some = {"lme_rebar_m01", "lme_scrap_m06", "share_vale", "usdmxn", "treasury_10y", "cpi_us", "iron_ore_imf", "crude_wti"}
    histories = [history for history in real() if history.series.id in some | {"unrate"}]
    alarms = sum(first_collection(history) for history in histories)
    assert alarms / sum(history.years for history in real()) <= 0.01
    for path in histories:
        if path.series.kind == "price":
            assert found(path, "x 10") == (TRIED, TRIED)
            assert found(path, "/ 10") == (TRIED, TRIED)
        if path.series.id == "unrate":
            assert first_collection(path) == 0
