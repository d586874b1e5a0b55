"""What is issued on any day of a week is what the backtest says, however long ago the champion was trained."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.backtest import backtest
from steel_assets.core.calibration import Track, levels_now
from steel_assets.core.evaluation import Steps, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.forecast import Bundle, issue
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import applicable
from steel_assets.core.models.naive import Naive
from steel_assets.core.samples import build_samples
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets_tests.core.synthetic import Synthetic, synthetic


@cache
def market() -> Synthetic:
    return synthetic(count=420, lived=0).of(curve=(), roll="none", drivers=())


@cache
def whole() -> MarketHistory:
    return market().history()


@cache
def at(day: str) -> MarketHistory:
    return market().history(whole().moments[whole().origins.get_loc(pd.Timestamp(day))])


@cache
def bundle_of(day: str, horizon: int) -> Bundle:
    """The last price, trained on that day."""
    history = at(day)
    samples = build_samples(history, build_features(history), horizon)
    families = {"naive": applicable(history.market)["naive"]}
    evaluation = evaluate(history, samples, families, 20, len(history.origins), Steps(1, None))
    return Bundle(history.market.id, horizon, Naive(), evaluation.track("naive"), 0.5)


@cache
def said_by_the_backtest(day: str) -> pd.DataFrame:
    """What the platform would have issued on that day, by horizon."""
    rows = backtest(whole(), pd.Timestamp(day), pd.Timestamp(day), families=["champion", "naive"])
    return rows[rows["model"] == "champion"].sort_values("h")


@pytest.mark.parametrize("day", ["2020-06-15", "2020-06-17", "2020-06-19", "2020-07-02"])
@pytest.mark.parametrize("trained", ["2020-03-02", "2020-06-11"])
def test_a_champion_in_force_is_calibrated_as_the_backtest_says(trained: str, day: str) -> None:
    history = at(day)
    issued = issue(history, build_features(history), [bundle_of(trained, 1), bundle_of(trained, 5)])
    expected = said_by_the_backtest(day)
    assert issued[list(QUANTILE_COLUMNS)].to_numpy().tolist() == expected[list(QUANTILE_COLUMNS)].to_numpy().tolist()


def test_errors_made_since_training_widen_the_interval() -> None:
    fresh, later = at("2020-03-02"), at("2020-07-02")
    bundle = bundle_of("2020-03-02", 1)
    wrong = Track(bundle.track.origins, bundle.track.points * 1.5)
    now = [
        levels_now(history, build_samples(history, build_features(history), 1), Naive(), wrong)[-1] for history in (fresh, later)
    ]
    assert now[0] > 10 > 1 < now[1] < now[0]


def test_a_track_survives_storage_and_refuses_what_is_none() -> None:
    track = bundle_of("2020-03-02", 5).track
    again = Track.restored(track.stored())
    assert again.origins.equals(track.origins)
    assert np.array_equal(again.points, track.points, equal_nan=True)
    for damaged in ({"origins": ["2020-01-02"], "points": []}, {"origins": ["2020-01-03", "2020-01-02"], "points": [1, 2]}):
        with pytest.raises(ValueError, match="one point for each"):
            Track.restored(damaged)


def test_without_a_track_the_quantiles_are_the_prior() -> None:
    history = at("2020-03-02")
    samples = build_samples(history, build_features(history), 5)
    empty = Track(pd.DatetimeIndex([]).as_unit("ns"), np.array([]))
    assert levels_now(history, samples, Naive(), empty) == pytest.approx(
        [-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645], abs=1e-3
    )
