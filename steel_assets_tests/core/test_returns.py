"""Returns without rolls in them, the curve read at the target date, and expected volatility."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.returns import FLOOR, UNKNOWN, Returns, daily_returns, expected_volatility
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.types import Market, Target
from steel_assets_tests.core.synthetic import LONDON, Synthetic, declare, publish

DAYS = pd.bdate_range("2021-01-04", periods=90)
CURVE = ("m01", "m02", "m03")


def flat_contracts(drop: tuple[str, int] | None = None) -> Synthetic:
    """Every delivery month has a price that never moves: January 100, February 110, March 120, …; only rolls move M01."""
    month = DAYS.month.to_numpy()
    series = {name: declare(name, "USD/t", LONDON, "weekdays") for name in CURVE}
    rows = [publish(series[name], DAYS, 90.0 + 10.0 * (month + k)) for k, name in enumerate(CURVE)]
    if drop:
        rows[CURVE.index(drop[0])] = rows[CURVE.index(drop[0])].drop(index=drop[1])
    market = Market(
        id="m",
        name="m",
        commodity="c",
        region="r",
        target=Target(series="m01", curve=CURVE, roll="first_business_day_of_month"),
        horizons=(1, 21),
    )
    return Synthetic(pd.concat(rows), market, series, DAYS)


def gapless(moves: np.ndarray) -> Returns:
    return Returns(pd.Series(moves), np.ones(len(moves)))


def samples(history: MarketHistory, horizon: int) -> Samples:
    return build_samples(history, build_features(history), horizon)


def test_a_roll_is_no_return() -> None:
    history = flat_contracts().history()
    assert history.last.nunique() > 3
    assert daily_returns(history).moves.abs().max() == 0.0


def test_without_a_curve_the_roll_is_a_return() -> None:
    market = flat_contracts()
    assert daily_returns(market.of(curve=(), roll="none").history()).moves.abs().max() > 0.05


def test_the_curve_knows_the_contract_of_the_target_date() -> None:
    history = flat_contracts().history()
    for horizon in (1, 21):
        rows = samples(history, horizon)
        y = history.prices_at(rows.target_dates, history.as_of)
        seen = np.isfinite(y)
        assert rows.curve[seen].tolist() == y[seen].tolist()


def test_roll_aware_reads_one_roll_ahead_and_the_curve_as_many_as_it_has_contracts_for() -> None:
    rows = samples(flat_contracts().history(), 63)
    assert rows.last[0] == 100.0
    assert rows.roll_aware[0] == 110.0
    assert rows.curve[0] == 120.0  # three rolls ahead, but only three contracts


def test_a_contract_without_a_price_today_is_spoken_for_by_the_nearest_shorter_one() -> None:
    rows = samples(flat_contracts(drop=("m03", 10)).history(), 42)
    assert rows.curve[9] == 120.0
    assert rows.curve[10] == 110.0


def test_after_an_outage_over_a_roll_the_contract_is_counted_from_the_day_its_price_is_of() -> None:
    market = flat_contracts()
    first_of_february = DAYS[DAYS.month == 2][0]
    gone = market.observations[market.observations["period"] != first_of_february]
    history = market.knowing(gone).history()
    place = history.origins.get_loc(first_of_february)
    assert history.last.iloc[place] == 100.0  # January's contract, of the day before
    assert samples(history, 1).curve[place] == 110.0
    assert daily_returns(history).moves.abs().max() == 0.0


def test_a_market_without_a_curve_forecasts_from_its_last_price() -> None:
    rows = samples(flat_contracts().of(curve=(), roll="none").history(), 21)
    assert rows.curve.tolist() == rows.roll_aware.tolist() == rows.last.tolist()


def test_volatility_grows_with_the_horizon_and_a_burst_fades() -> None:
    rng = np.random.default_rng(1)
    moves = np.concatenate([[np.nan], 0.01 * rng.standard_normal(999)])
    calm, burst = gapless(moves), gapless(moves * np.where(np.arange(1000) < 990, 1, 5))
    assert expected_volatility(calm, 1)[-1] == pytest.approx(0.01, rel=0.15)
    assert expected_volatility(calm, 25)[-1] == pytest.approx(0.05, rel=0.15)
    near, far = (expected_volatility(burst, h)[-1] / expected_volatility(calm, h)[-1] for h in (1, 250))
    assert near > far > 1


def test_volatility_is_known_from_the_first_day_and_never_zero() -> None:
    still = gapless(np.concatenate([[np.nan], np.zeros(50)]))
    volatility = expected_volatility(still, 4)
    assert np.isfinite(volatility).all()
    assert volatility[0] == volatility[5] == 2 * UNKNOWN  # a few days without a move are no calm market
    assert volatility[-1] == 2 * FLOOR


def test_volatility_of_a_day_does_not_change_with_what_follows() -> None:
    rng = np.random.default_rng(2)
    moves = np.concatenate([[np.nan], rng.standard_t(4, 300)])
    whole = expected_volatility(gapless(moves), 5)
    for cut in range(1, 301, 13):
        assert expected_volatility(gapless(moves[:cut]), 5).tolist() == whole[:cut].tolist()
