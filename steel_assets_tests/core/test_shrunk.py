"""The share of a prediction that is believed is the one that erred least on rows held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.models._shrunk import BOLDEST, FEWEST, LARGEST, SHARES, trial
from steel_assets.core.samples import Samples

HORIZON = 5


def samples(returns: np.ndarray) -> Samples:
    """Rows whose prices made ``returns``, in units of a volatility of 1."""
    rows = len(returns)
    days = pd.bdate_range("2020-01-01", periods=rows + HORIZON)
    ones = np.ones(rows)
    return Samples(
        horizon=HORIZON,
        origins=days[:rows],
        target_dates=days[HORIZON:],
        ages=np.zeros(rows, dtype=int),
        news=np.ones(rows, dtype=bool),
        last=ones,
        roll_aware=ones,
        curve=ones,
        volatility=ones,
        moves=np.zeros((rows, 1)),
        features=np.zeros((rows, 0)),
        feature_names=(),
        y=np.exp(returns),
    )


def test_the_newest_quarter_is_held_out_and_no_label_of_the_rest_overlaps_it() -> None:
    tried = trial(samples(np.linspace(-9, 9, 1000)), 400)
    assert (len(tried.recent), tried.held_out, tried.fitted) == (400, 100, 300 - HORIZON)
    assert np.abs(tried.returns).max() <= LARGEST


def test_too_few_rows_are_not_enough() -> None:
    assert trial(samples(np.zeros(FEWEST)), 1000).enough
    assert not trial(samples(np.zeros(FEWEST - 1)), 1000).enough


@pytest.mark.parametrize("share", SHARES)
def test_the_share_that_errs_least_is_believed(share: float) -> None:
    tried = trial(samples(np.tile([0.4, -0.4], 200) * share), 1000)
    believed = tried.shrinkage(np.tile([0.4, -0.4], 50))
    assert (believed.share, believed.candidate) == (share, ())
    assert believed.error_ratio == pytest.approx(0.0, abs=1e-9)


def test_the_candidate_that_errs_least_is_named_beside_the_share() -> None:
    tried = trial(samples(np.tile([0.2, -0.2], 200)), 1000)
    right = np.tile([0.4, -0.4], 50)
    believed = tried.shrinkage(np.stack([-right, right, right * 10 * BOLDEST], axis=1))
    assert (believed.share, believed.candidate) == (0.5, (1,))


def test_a_prediction_of_the_wrong_sign_is_not_believed() -> None:
    tried = trial(samples(np.tile([0.2, -0.2], 200)), 1000)
    believed = tried.shrinkage(np.tile([-0.4, 0.4], 50))
    assert (believed.share, believed.error_ratio) == (0.0, 1.0)
