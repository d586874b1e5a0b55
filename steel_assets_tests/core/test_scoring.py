"""Every figure against one worked out by hand; scores beside the last price, on the same dates."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.intervals import NORMAL_QUANTILES, spread
from steel_assets.core.scoring import NothingToScore, accuracy, pinball, scores
from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES

DAYS = pd.bdate_range("2022-01-03", periods=40)


def forecasts(model: str, p: np.ndarray, y: np.ndarray, h: int = 1) -> pd.DataFrame:
    frame = pd.DataFrame({"market": "m", "model": model, "origin": DAYS[: len(y)], "h": h, "y": y, "last": p, "p": p})
    quantiles = spread(p, np.full(len(y), 0.02), NORMAL_QUANTILES)
    return pd.concat([frame, pd.DataFrame(quantiles, columns=list(QUANTILE_COLUMNS))], axis=1)


@pytest.fixture
def y() -> np.ndarray:
    return 500 + np.cumsum(np.random.default_rng(0).normal(0, 5, 40))


def test_scores_stand_beside_the_last_price(y: np.ndarray) -> None:
    table = scores(pd.concat([forecasts("naive", y + 10, y), forecasts("good", y - 4, y)])).set_index("model")
    assert table.loc["good", "mae"] == pytest.approx(4.0)
    assert table.loc["good", "mae_ratio"] == pytest.approx(0.4)
    assert table.loc["good", "rmse"] == pytest.approx(4.0)
    assert table.loc["good", "mape"] == pytest.approx(np.mean(4 / y))
    assert table.loc["good", "coverage_90"] == 1.0
    assert table.loc["good", "n"] == 40
    assert table.loc["naive", "mae_ratio"] == table.loc["naive", "pinball_ratio"] == 1.0


def test_only_dates_that_both_have_count(y: np.ndarray) -> None:
    naive, other = forecasts("naive", y + 10, y), forecasts("other", y + 5, y)
    table = scores(pd.concat([naive.iloc[5:], other.iloc[:30]])).set_index("model")
    assert table.loc["other", "n"] == 25
    assert table.loc["naive", "n"] == 35


def test_dates_without_a_price_do_not_count(y: np.ndarray) -> None:
    y[[3, 7]] = np.nan
    assert scores(forecasts("naive", np.full(40, 500.0), y))["n"].tolist() == [38]


def test_pinball_is_the_mean_over_the_seven_quantiles() -> None:
    row = pd.DataFrame({"y": [100.0], **{name: [90.0] for name in QUANTILE_COLUMNS}})
    assert pinball(row) == pytest.approx([np.mean([10 * level for level in QUANTILES])])


def test_a_coverage_of_nine_in_ten_is_told_as_such(y: np.ndarray) -> None:
    rows = forecasts("naive", y.copy(), y)
    rows.loc[:3, "y"] *= 1.5
    assert scores(rows)["coverage_90"].tolist() == [0.9]


def test_markets_and_horizons_are_scored_apart(y: np.ndarray) -> None:
    other = forecasts("naive", y + 1, y).assign(market="n")
    table = scores(pd.concat([forecasts("naive", y + 2, y), forecasts("naive", y + 3, y, h=5), other]))
    assert table.set_index(["market", "h"])["mae"].to_dict() == pytest.approx({("m", 1): 2.0, ("m", 5): 3.0, ("n", 1): 1.0})


def test_when_the_last_price_was_always_right_there_is_no_ratio(y: np.ndarray) -> None:
    table = scores(pd.concat([forecasts("naive", y, y), forecasts("other", y + 1, y)])).set_index("model")
    assert np.isnan(table.loc["other", "mae_ratio"])


def test_nothing_to_score_is_an_error_that_says_why(y: np.ndarray) -> None:
    rows = forecasts("other", y, y)
    with pytest.raises(NothingToScore, match="no forecasts to score"):
        scores(rows.iloc[:0])
    with pytest.raises(NothingToScore, match="no price of any target date is known"):
        scores(rows.assign(y=np.nan))
    with pytest.raises(NothingToScore, match="no forecast of model naive"):
        scores(rows)


def test_the_figures_are_those_worked_out_by_hand() -> None:
    found = accuracy([100, 200, 300], [110, 190, 300])
    assert found.origins == 3
    assert found.mape == pytest.approx((0.1 + 0.05 + 0) / 3)
    assert found.mae == pytest.approx(20 / 3)
    assert found.rmse == pytest.approx(math.sqrt(200 / 3))
    assert found.r2 == pytest.approx(1 - 200 / 20000)


def test_nothing_to_score_is_no_score() -> None:
    found = accuracy([], [])
    assert found.origins == 0
    assert all(math.isnan(value) for value in (found.mape, found.r2, found.rmse, found.mae))


def test_prices_that_never_move_have_no_r2() -> None:
    assert math.isnan(accuracy([5, 5], [5, 6]).r2)
    assert math.isnan(accuracy([5], [5]).r2)


def test_a_price_of_zero_has_no_finite_percentage() -> None:
    assert not math.isfinite(accuracy([0, 100], [1, 100]).mape)


@pytest.mark.parametrize(("actual", "predicted"), [([1, 2], [1]), ([np.nan], [1]), ([1], [np.inf]), (5, 5), ([[1]], [[1]])])
def test_columns_that_do_not_belong_together_are_refused(actual: object, predicted: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        accuracy(actual, predicted)
