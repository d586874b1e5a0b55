"""Challenger against champion: luck does not win, skill does, and a champion that went wrong is seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.champion_challenger import challenger_test

DAYS = pd.bdate_range("2023-01-02", periods=250)


def rows(errors: dict[str, np.ndarray], horizon: int = 1) -> pd.DataFrame:
    """A backtest in which each model is off by its ``errors``, in USD/t."""
    count = len(next(iter(errors.values())))
    frames = [
        pd.DataFrame({"model": model, "h": horizon, "origin": DAYS[:count], "y": 600.0, "last": 600.0, "p": 600.0 + error})
        for model, error in errors.items()
    ]
    return pd.concat(frames, ignore_index=True)


def noise(seed: int, scale: float = 6.0, count: int = 250) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, count)


def test_a_challenger_that_is_clearly_better_wins() -> None:
    naive = noise(0)
    found = challenger_test(
        rows({"naive": naive, "forward_curve": 0.95 * naive, "ridge": 0.8 * naive}), "ridge", "forward_curve", 1
    )
    assert found.won
    assert not found.failing


@pytest.mark.slow  # three hundred pairs of records
def test_a_challenger_five_percent_worse_wins_in_fewer_than_a_twentieth_of_all_cases_though_often_luckier() -> None:
    """Errors of the two share most of their noise, as forecasts of one price do."""
    won = luckier = 0
    for seed in range(300):
        shared = noise(seed)
        champion, challenger = shared + noise(1000 + seed, 3), 1.05 * (shared + noise(2000 + seed, 3))
        found = challenger_test(rows({"naive": 1.3 * shared, "prophet": champion, "ridge": challenger}), "ridge", "prophet", 1)
        won += found.won
        luckier += np.abs(challenger).mean() < np.abs(champion).mean()
    assert luckier > 15
    assert won <= 15


def test_two_weeks_of_luck_are_no_evidence() -> None:
    naive = noise(1, count=10)
    found = challenger_test(rows({"naive": naive, "forward_curve": naive, "ridge": 0.1 * naive}), "ridge", "forward_curve", 1)
    assert found.days == 10
    assert not found.won


def test_a_champion_whose_last_weeks_were_worse_than_the_last_price_is_failing() -> None:
    naive = noise(2)
    champion = np.concatenate([0.7 * naive[:200], 1.5 * naive[200:]])
    found = challenger_test(rows({"naive": naive, "forward_curve": champion}), "naive", "forward_curve", 1)
    assert found.champion_lately > 1.1
    assert found.failing
    sound = challenger_test(rows({"naive": naive, "forward_curve": 0.7 * naive}), "naive", "forward_curve", 1)
    assert not sound.failing


def test_the_last_price_as_champion_never_fails_against_itself() -> None:
    assert not challenger_test(rows({"naive": noise(3), "ridge": noise(4)}), "ridge", "naive", 1).failing


def test_a_family_without_rows_is_named() -> None:
    with pytest.raises(ValueError, match="magic was not walked forward 1 days ahead"):
        challenger_test(rows({"naive": noise(5)}), "magic", "naive", 1)
