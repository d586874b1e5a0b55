"""Quantile experts, which only the bench knows: they learn what is right, and nothing before it was known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.intervals import NORMAL_QUANTILES
from steel_assets.core.samples import PATH, Samples
from steel_assets_tests.bench.interval_makers import PRESENT, Walk, makers
from steel_assets_tests.bench.quantile_experts import RULES, Rule, combined

pytestmark = pytest.mark.slow  # of a bench, not of the platform

ROWS, HORIZON, CUT = 700, 5, 400


@pytest.fixture(scope="module")
def walk() -> Walk:
    """Forecasts whose errors are as large as expected, each known a horizon later and some a week after that."""
    rng = np.random.default_rng(0)
    empty, volatility = np.zeros(ROWS), 0.01 * np.sqrt(HORIZON) * rng.uniform(0.5, 2, ROWS)
    days = pd.bdate_range("2015-01-01", periods=ROWS + HORIZON)
    moves = np.lib.stride_tricks.sliding_window_view(0.01 * rng.standard_normal(ROWS + PATH - 1), PATH)
    samples = Samples(
        horizon=HORIZON,
        origins=days[:ROWS],
        target_dates=days[HORIZON:],
        ages=np.zeros(ROWS, dtype=int),
        news=np.ones(ROWS, dtype=bool),
        last=np.full(ROWS, 500.0),
        roll_aware=empty,
        curve=empty,
        volatility=volatility,
        moves=moves,
        features=np.empty((ROWS, 0)),
        feature_names=(),
        y=np.full(ROWS, np.nan),
    )
    known_at = np.arange(ROWS) + HORIZON + 5 * (rng.random(ROWS) < 0.1)
    errors = np.where(rng.random(ROWS) < 0.05, np.nan, volatility * rng.standard_normal(ROWS))
    beside = [CUT - HORIZON, CUT - HORIZON + 1]  # one price that has just come at CUT, and one that comes right after it
    known_at[beside], errors[beside] = [CUT, CUT + 1], volatility[beside]
    return Walk("test", samples, 300, samples.last, volatility[:, None] * NORMAL_QUANTILES, errors, known_at)


def test_what_is_known_later_changes_no_interval_before_and_what_is_known_does(walk: Walk) -> None:
    now, made = walk.known_at == CUT, makers(walk)
    later = replace(walk, errors=np.where(walk.known_at > CUT, 5 * walk.errors + 0.1, walk.errors))
    just = replace(walk, errors=np.where(now, 5 * walk.errors + 0.1, walk.errors))
    for name, said in makers(later).items():
        assert np.array_equal(said[: CUT + 1], made[name][: CUT + 1]), name
    for rule in RULES:
        before = combined(walk, made, rule)
        assert np.array_equal(combined(later, makers(later), rule)[: CUT + 1], before[: CUT + 1]), rule
        assert not np.array_equal(combined(just, makers(just), rule)[CUT], before[CUT]), rule
        assert (np.diff(before, axis=1) >= 0).all()


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_weight_goes_to_the_maker_that_is_right_where_the_present_one_is_wrong(walk: Walk, rule: Rule) -> None:
    right = walk.present
    said = combined(walk, {PRESENT: 4 * right, "right": right, "wider still": 6 * right}, rule)
    losses = [walk.losses(quantiles)[walk.judged].mean() for quantiles in (said, right, 4 * right)]
    assert losses[0] < losses[1] + 0.2 * (losses[2] - losses[1])
