"""Folds: fitted on the calendar, wherever an evaluation starts."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.folds import folds
from steel_assets.core.models._protocol import Cadence

ORIGINS = pd.bdate_range("2020-03-11", periods=700)


@pytest.mark.parametrize("cadence", get_args(Cadence))
def test_every_origin_is_forecast_once_by_a_model_fitted_at_or_before_it(cadence: Cadence) -> None:
    found = folds(ORIGINS, cadence, 50, 650)
    covered = np.concatenate([np.arange(fold.start, fold.stop) for fold in found])
    assert covered.tolist() == list(range(50, 650))
    assert all(fold.fitted_at <= fold.start < fold.stop for fold in found)


@pytest.mark.parametrize("cadence", get_args(Cadence))
def test_who_forecasts_a_day_does_not_depend_on_where_the_evaluation_starts_or_ends(cadence: Cadence) -> None:
    def fitted(start: int, stop: int) -> dict[int, int]:
        return {day: fold.fitted_at for fold in folds(ORIGINS, cadence, start, stop) for day in range(fold.start, fold.stop)}

    whole = fitted(0, len(ORIGINS))
    for start, stop in ((1, 2), (37, 41), (120, 500), (333, 700)):
        assert fitted(start, stop).items() <= whole.items()


def test_a_month_begins_with_its_first_origin_and_a_week_with_its_own() -> None:
    month = folds(ORIGINS, "month", 0, len(ORIGINS))
    assert ORIGINS[month[1].fitted_at] == pd.Timestamp("2020-04-01")
    week = folds(ORIGINS, "week", 0, len(ORIGINS))
    assert {ORIGINS[fold.fitted_at].dayofweek for fold in week[1:]} == {0}
    half = folds(ORIGINS, "half_year", 0, len(ORIGINS))
    assert [str(ORIGINS[fold.fitted_at].date()) for fold in half[:3]] == ["2020-03-11", "2020-07-01", "2021-01-01"]
    year = folds(ORIGINS, "year", 0, len(ORIGINS))
    assert [ORIGINS[fold.fitted_at].year for fold in year] == [2020, 2021, 2022]


def test_a_week_over_new_year_is_one_week() -> None:
    days = pd.bdate_range("2020-12-28", "2021-01-08")
    assert [fold.fitted_at for fold in folds(days, "week", 0, len(days))] == [0, 5]
