"""When the second file of a series is a question: another column, unit or series, and not an ordinary revision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.overlap import OverlapRule, difference
from steel_assets.core.types import Series

RULE = OverlapRule(share=0.5, change=0.05, moves=1.0, least=0.002, periods=3)
PRICE = Series(id="rebar", name="Rebar", unit="USD/t")
RATE = Series(id="rate", name="Rate", unit="percent")


def prices(periods: int = 60, seed: int = 1) -> pd.DataFrame:
    moves = np.random.default_rng(seed).normal(0, 0.008, periods)
    values = np.round(600 * np.exp(np.cumsum(moves)), 1)
    return pd.DataFrame({"period": pd.bdate_range("2024-01-02", periods=periods), "value": values})


def rates() -> pd.DataFrame:
    return pd.DataFrame({"period": pd.bdate_range("2024-01-02", periods=40), "value": 1 + np.arange(40) % 5 * 0.1 - 0.2})


def told(change: Callable[[pd.Series], pd.Series], before: pd.DataFrame | None = None, series: Series = PRICE) -> str | None:
    before = prices() if before is None else before
    return difference(before.assign(value=change(before["value"])), before, series, RULE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda v: v * 1.19, "factor of 1.19"),
        (lambda v: (v * 1.0160469).round(1), "factor of 1.016"),
        (lambda v: v / 10, "factor of 0.1"),
        (lambda v: v - 18, "all by -18"),
        (lambda v: pd.Series(v.to_numpy()[::-1]), "becomes"),
        (lambda v: v.shift(-1, fill_value=611.3), "becomes"),
        (lambda v: v * np.linspace(0.86, 0.94, len(v)), "becomes"),
    ],
)
def test_another_column_unit_or_day_is_asked_about(change: Callable[[pd.Series], pd.Series], says: str) -> None:
    found = told(change)
    assert found is not None
    assert says in found
    assert "periods that were imported before differ" in found


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v,
        lambda v: v.where(v.index != 59, v * 1.3),
        lambda v: v.where(v.index < 50, v + np.arange(len(v)) % 3 - 1),
        lambda v: (v * (1 + 0.0004 * np.sin(np.arange(len(v))))).round(2),
    ],
)
def test_ordinary_revisions_pass(change: Callable[[pd.Series], pd.Series]) -> None:
    assert told(change) is None


def test_three_rows_of_another_column_are_enough_and_two_that_are_a_little_revised_are_not() -> None:
    assert told(lambda v: v * 0.97, prices(3)) is not None
    assert told(lambda v: v * 0.97, prices(2)) is None
    assert told(lambda v: v * 1.2, prices(1)) is not None


def test_a_percentage_is_compared_in_points_and_may_cross_zero() -> None:
    assert told(lambda v: v / 100, rates(), RATE) is not None
    assert told(lambda v: v.where(v.index < 30, v + 0.05), rates(), RATE) is None
    assert told(lambda v: v + 1.5, rates(), RATE) is not None


def test_files_that_do_not_overlap_are_no_question() -> None:
    later = prices().assign(period=lambda frame: frame["period"] + pd.Timedelta(days=365), value=1.0)
    assert difference(later, prices(), PRICE, RULE) is None
