"""An absurd forecast is named; one that is merely bold is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.catalog import load_catalog
from steel_assets.core.history import MarketHistory
from steel_assets.core.sanity import Bounds, absurdities
from steel_assets_tests.core.synthetic import synthetic

BOUNDS = Bounds(**load_catalog().rules.sanity.model_dump())
NONE = pd.DataFrame({"horizon": [], "predicted_price": [], "last_price": []})


@pytest.fixture(scope="module")
def history() -> MarketHistory:
    return synthetic(lived=0).history()


def largest(history: MarketHistory, horizon: int) -> float:
    prices = history.last.dropna()
    return float(np.log(prices / prices.shift(horizon)).abs().max())


def issue(history: MarketHistory, move: float = 0.0, band: float = 1.0, horizon: int = 5, start: float = 1.0) -> pd.DataFrame:
    """A forecast that is ``move`` of the largest move away, its band ``band`` times as wide as 90 % of all moves."""
    last = float(history.last.dropna().iloc[-1]) * start
    prices = history.last.dropna()
    low, high = np.log(prices / prices.shift(horizon)).quantile([0.05, 0.95])
    point, half = last * np.exp(move * largest(history, horizon)), band * (high - low) / 2
    row = {"horizon": horizon, "last_price": last, "predicted_price": point}
    return pd.DataFrame([row | {"q05": point * np.exp(-half), "q95": point * np.exp(half)}])


def said(history: MarketHistory, rows: pd.DataFrame, earlier: pd.DataFrame = NONE) -> list[str]:
    return absurdities(history, rows, earlier, BOUNDS)


@pytest.mark.parametrize("move", [0.0, -0.9, 1.4])
@pytest.mark.parametrize("band", [0.2, 1.0, 2.0])
def test_a_bold_forecast_is_not_absurd(history: MarketHistory, move: float, band: float) -> None:
    assert said(history, issue(history, move, band)) == []


@pytest.mark.parametrize("move", [1.6, -1.6, 20.0])
def test_a_point_further_away_than_the_price_ever_went_is(history: MarketHistory, move: float) -> None:
    (told,) = said(history, issue(history, move))
    assert told.startswith("h = 5: ")
    assert "the largest move ever was" in told


def test_a_band_of_no_width_and_one_without_end_are(history: MarketHistory) -> None:
    assert "90 % of all moves needed" in said(history, issue(history, band=0.03))[0]
    assert "from the largest fall to the largest rise" in said(history, issue(history, band=60.0))[0]


def test_a_forecast_that_turns_round_overnight_is_though_each_alone_is_not(history: MarketHistory) -> None:
    up, down = issue(history, 0.9), issue(history, -0.9)
    assert said(history, up) == said(history, down) == []
    assert "where the forecast in force expected" in said(history, down, earlier=up)[0]
    assert said(history, down, earlier=issue(history, -0.5)) == []


def test_a_forecast_in_another_unit_starts_from_another_price(history: MarketHistory) -> None:
    assert "it starts from" in said(history, issue(history, start=0.907))[0]


def test_of_a_short_history_nothing_is_known_to_be_absurd() -> None:
    short = synthetic(count=200, lived=0).history()
    assert said(short, issue(short, 5.0)) == []
