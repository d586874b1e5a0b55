"""Year by year, at its worst, and quantile by quantile."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.scorecard import by_year, reliability, worst_window
from steel_assets.core.scoring import NothingToScore
from steel_assets.core.types import QUANTILE_COLUMNS

NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


def rows(count: int = 600) -> pd.DataFrame:
    """A last price and a champion at one horizon, both right about a price with a standard deviation of 1 USD/t."""
    origins = pd.bdate_range("2021-01-04", periods=count)
    y = 500 + np.random.default_rng(2).standard_normal(count)
    frame = pd.DataFrame({"market": "wire_rod", "origin": origins, "h": 1, "y": y, "p": 500.0})
    frame[list(QUANTILE_COLUMNS)] = 500 + NORMAL
    return pd.concat([frame.assign(model="naive"), frame.assign(model="champion")], ignore_index=True)


def test_a_bad_year_is_seen() -> None:
    table = rows()
    wrong = (table["model"] == "champion") & (table["origin"].dt.year == 2022)
    table.loc[wrong, "p"] += 3
    yearly = by_year(table).set_index(["model", "year"])["mae_ratio"]
    assert yearly["champion", 2021] == 1.0
    assert yearly["champion", 2022] > 2
    assert yearly["naive"].eq(1.0).all()


def test_the_worst_window_is_the_run_of_misses_and_not_the_mean() -> None:
    table = rows()
    run = table.index[table["model"] == "champion"][200:230]
    table.loc[run, "y"] = 600.0
    worst = worst_window(table).set_index("model")["worst_60"]
    assert worst["champion"] <= 0.5
    assert 0.7 < worst["naive"] < 0.95


def test_fewer_forecasts_than_a_window_have_no_worst_one() -> None:
    assert worst_window(rows(59))["worst_60"].isna().all()


def test_right_quantiles_lie_on_the_diagonal_and_narrow_ones_do_not() -> None:
    table = rows(4000)
    found = reliability(table[table["model"] == "champion"])
    assert found["found"].to_numpy() == pytest.approx(found["promised"].to_numpy(), abs=0.02)
    table[list(QUANTILE_COLUMNS)] = 500 + NORMAL / 3
    narrow = reliability(table[table["model"] == "champion"]).set_index("promised")["found"]
    assert narrow[0.95] < 0.8
    assert narrow[0.05] > 0.2


def test_a_price_that_never_moves_meets_its_median() -> None:
    still = rows(50).assign(y=500.0)
    assert reliability(still).set_index(["model", "promised"])["found"]["naive", 0.5] == 0.5


def test_nothing_known_is_said_so() -> None:
    with pytest.raises(NothingToScore, match="no forecasts"):
        by_year(rows().assign(y=np.nan))
