"""Doubt: errors of scale, sign and a stuck feed are seen; rolls, crises and holidays of real markets are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steel_assets.catalog import load_catalog
from steel_assets.cli.real_prices import FILES
from steel_assets.core.doubts import doubted, doubts
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series

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
    assert doubts(figures(walk()), NOTHING, FRONT).isna().all()


@pytest.mark.parametrize("factor", [10, 100, 1000, 0.1, 0.01, 1.5, 0.7])
def test_a_price_out_of_scale_is_doubted_and_the_reason_says_so(factor: float) -> None:
    prices = walk()
    [reason] = doubts(tomorrow(prices[-1] * factor), stored(figures(prices)), FRONT)
    assert reason is not None
    assert "times" in reason


@pytest.mark.parametrize("factor", [1.0, 1.11, 0.89, 1.25])
def test_a_contracts_roll_and_a_bad_day_are_believed(factor: float) -> None:
    prices = walk()
    assert doubts(tomorrow(prices[-1] * factor), stored(figures(prices)), FRONT).isna().all()


@pytest.mark.parametrize("value", [0.0, -1.0, -600.0])
def test_a_price_is_above_zero(value: float) -> None:
    [reason] = doubts(tomorrow(value), stored(figures(walk())), FRONT)
    assert "above zero" in reason


def test_a_spike_is_doubted_and_the_way_back_is_not() -> None:
    prices = walk()
    prices[100] *= 10
    assert doubts(figures(prices), NOTHING, FRONT).notna().tolist() == [day == 100 for day in range(250)]


def test_a_change_of_unit_is_doubted_as_long_as_it_lasts() -> None:
    prices = walk()
    prices[200:] *= 100
    assert doubts(figures(prices), NOTHING, FRONT).notna().sum() == 50


def test_a_first_figure_that_is_wrong_does_not_bring_the_others_into_disrepute() -> None:
    prices = walk()
    prices[0] *= 100
    assert doubts(figures(prices), NOTHING, FRONT).notna().tolist() == [True] + [False] * 249


def test_a_revision_is_compared_with_the_version_it_replaces() -> None:
    known = stored(figures(walk()))
    newest = known.tail(1)[["series", "period", "value", "published_at"]]
    later = newest["published_at"] + pd.Timedelta(days=1)
    assert doubts(newest.assign(value=newest["value"] * 1.02, published_at=later), known, FRONT).isna().all()
    assert doubts(newest.assign(value=newest["value"] * 10, published_at=later), known, FRONT).notna().all()


def test_a_year_without_figures_widens_what_is_believed() -> None:
    prices = walk()
    again = figures([prices[-1] * 1.8], first="2026-01-05")
    assert doubts(again, stored(figures(prices)), FRONT).isna().all()
    assert doubts(again.assign(value=prices[-1] * 10), stored(figures(prices)), FRONT).notna().all()


def test_history_before_what_is_known_is_compared_with_what_comes_after() -> None:
    known = stored(figures(walk()))
    first = known["value"].iloc[0]
    assert doubts(figures([first * 10], first="2023-12-29"), known, FRONT).notna().all()
    assert doubts(figures([first * 1.01], first="2023-12-29"), known, FRONT).isna().all()


@pytest.mark.parametrize("released", [0.0, -37.63])
def test_after_a_price_below_zero_was_released_the_next_usual_one_is_believed(released: float) -> None:
    prices = walk()
    known = stored(figures([*prices, released]))
    following = figures([*prices, released, prices[-1]]).tail(1)
    assert doubts(following, known, FRONT).isna().all()


def test_a_feed_that_stands_still_for_six_weeks_is_doubted_until_it_moves() -> None:
    prices = np.concatenate([walk(100), np.full(35, 500.0), [501.0]])
    prices[100:] *= prices[99] / 500
    reasons = doubts(figures(prices), NOTHING, FRONT)
    assert reasons.notna().sum() == 6, "the day before the standstill has the same price"
    assert "stuck" in reasons[134]
    assert reasons[135] is None


def test_a_rate_may_be_zero_negative_and_stand_still() -> None:
    rates = np.concatenate([np.full(60, 0.1), np.full(60, -0.5)])
    assert doubts(figures(rates, "rate"), NOTHING, RATE).isna().all()
    assert doubts(figures([42.0], "rate", "2025-01-01"), stored(figures(rates, "rate")), RATE).notna().all()


def test_a_balance_of_trade_may_change_sign_and_an_amount_may_not() -> None:
    deficit = stored(figures(np.linspace(-60_000, 20_000, 60), "balance", "2019-01-01", "MS"))
    assert doubts(figures([-10_000.0], "balance", "2024-01-01", "MS"), deficit, BALANCE).isna().all()
    assert doubts(figures([-9e6], "balance", "2024-01-01", "MS"), deficit, BALANCE).notna().all()
    spending = stored(figures(np.linspace(8e5, 9e5, 60), "balance", "2019-01-01", "MS"))
    assert doubts(figures([-9e5], "balance", "2024-01-01", "MS"), spending, BALANCE).notna().all()


def test_several_series_are_judged_each_by_its_own_past() -> None:
    both = pd.concat([figures(walk()), figures(walk() * 1000, "rate")], ignore_index=True).sample(frac=1, random_state=3)
    reasons = doubted(both, NOTHING, [FRONT, FRONT.model_copy(update={"id": "rate"})])
    assert reasons.index.equals(both.index)
    assert reasons.isna().all()


@given(st.lists(st.floats(1e-6, 1e9), max_size=40), st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=10))
def test_any_figures_get_a_verdict(known: list[float], new: list[float]) -> None:
    before = stored(figures(known)) if known else NOTHING
    reasons = doubts(figures(new, first="2025-01-01"), before, FRONT)
    assert len(reasons) == len(new)
    assert all(reason is None or reason for reason in reasons.where(reasons.notna(), None))


def test_on_real_prices_false_alarms_are_rare_and_errors_of_scale_never_pass(real_prices: Path) -> None:
    catalog, alarms, years, missed = load_catalog(), {}, {}, []
    for name, (file, column) in FILES.items():
        series = catalog.series[name]
        real = pd.read_csv(real_prices / file, parse_dates=["date"]).rename(columns={"date": "period", column: "value"})
        real = real[["period", "value"]].dropna().assign(series=name).reset_index(drop=True)
        real["published_at"], real["value"] = real["period"].dt.tz_localize("UTC"), real["value"].astype(float)
        alarms[name] = int(doubts(real, NOTHING, series).notna().sum())
        years[name] = (real["period"].max() - real["period"].min()).days / 365.25
        if series.unit != "percent":
            last = real.tail(1)
            for factor in (10, 0.1, 100, 0.01, -1):
                reasons = doubts(last.assign(value=last["value"] * factor), stored(real.iloc[:-1]), series)
                missed += [(name, factor)] * int(reasons.isna().sum())
    assert missed == []
    assert sum(alarms.values()) / sum(years.values()) < 0.05
    assert max(alarms[name] / years[name] for name in FILES) < 0.5
