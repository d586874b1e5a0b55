"""Restated histories: recognised by the overlap, and no return sees the step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.restatements import on_newest_basis, recognised
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Market, Series, Target
from steel_assets_tests.core.synthetic import LONDON, Synthetic, declare, publish

TONNE = Series(id="x", name="x", unit="USD/t")
SHARE = Series(id="x", name="x", unit="USD")
SPREAD = Series(id="x", name="x", unit="USD/t", kind="spread")
DAYS = pd.bdate_range("2024-01-01", periods=60)
MOMENT = pd.Timestamp("2024-04-01", tz="UTC")


def known(values: np.ndarray) -> pd.DataFrame:
    days = DAYS[: len(values)]
    rows = {"series": "x", "period": days, "value": values, "published_at": days.tz_localize("UTC"), "collected_at": MOMENT}
    return OBSERVATIONS.enforce(pd.DataFrame({**rows, "source": "s", "simulated": True}))


def came(values: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"series": "x", "period": values.index, "value": values.to_numpy(), "published_at": MOMENT})


def walk(start: float = 600.0) -> np.ndarray:
    return (start * np.exp(np.cumsum(0.01 * np.random.default_rng(1).standard_normal(60)))).round(1)


def newest(count: int, change: float, amount: float = 0.0, values: np.ndarray | None = None) -> pd.DataFrame:
    """The last ``count`` known figures on a new basis."""
    return came((pd.Series(walk() if values is None else values, DAYS) * change + amount).round(2).iloc[-count:])


@pytest.mark.parametrize(
    ("factor", "series", "words"),
    [
        (0.90718474, TONNE, "0.907 = USD/t written as USD/short_ton"),
        (1 / 1000, TONNE, "0.001 = USD/t written as USD/kg"),
        (0.5, SHARE, "0.5 = a 2:1 split"),
        (5 / 6, SHARE, "0.833 = a 6:5 split"),
        (10.0, SHARE, "10 = a 1:10 split"),
        (1.2, TONNE, "restated by a factor of 1.2 since"),
    ],
)
def test_a_common_factor_is_one_restatement_and_a_known_one_is_named(factor: float, series: Series, words: str) -> None:
    rows = came((pd.Series(walk(), DAYS) * factor).round(4).iloc[-7:])
    found = recognised(rows, known(walk()), series)
    assert found is not None
    assert found.factor == pytest.approx(factor, rel=0.002)
    assert found.since == DAYS[-7]
    assert words.replace("_", " ") in found.sentence(series).replace("_", " ")


def test_a_common_amount_restates_a_spread_that_changes_its_sign() -> None:
    spread = walk() - 600
    found = recognised(newest(8, 1.0, 50.0, spread), known(spread), SPREAD)
    assert found is not None
    assert found.amount == pytest.approx(50)
    assert "an amount of 50" in found.sentence(SPREAD)


def test_new_periods_alone_ordinary_revisions_and_a_part_of_what_is_known_are_no_restatement() -> None:
    before = known(walk())
    assert recognised(came(pd.Series([700.0] * 5, pd.bdate_range("2024-04-01", periods=5))), before, TONNE) is None
    noise = 1 + 0.02 * np.random.default_rng(2).standard_normal(8)
    assert recognised(came((pd.Series(walk(), DAYS).iloc[-8:] * noise).round(1)), before, TONNE) is None
    every_third = pd.Series(walk() * 1.2, DAYS).iloc[-30::3]
    assert recognised(came(every_third), before, TONNE) is None


def test_versions_before_a_restatement_are_brought_to_its_basis_and_single_ones_left() -> None:
    old = known(walk())[["series", "period", "value", "published_at"]]
    twice = came(pd.Series(walk() * 0.5, DAYS).iloc[10:])
    again = came(pd.Series(walk() * 0.05, DAYS).iloc[10:]).assign(published_at=MOMENT + pd.Timedelta(days=1))
    values = on_newest_basis(pd.concat([old, twice, again], ignore_index=True))["value"].to_numpy()
    assert np.allclose(values[:10], walk()[:10])
    assert np.allclose(values[10:60], walk()[10:] * 0.05)
    assert np.allclose(values[60:110], walk()[10:] * 0.05)


def split_market() -> Synthetic:
    """A share at 100, 101, … that was split 2:1 after its fortieth day, when its whole history was restated."""
    price = declare("price", "USD/t", LONDON, "weekdays")
    days = pd.bdate_range("2021-01-04", periods=60)
    whole = np.arange(100.0, 160.0)
    rows = publish(price, days, np.where(np.arange(60) < 40, whole, whole / 2))
    vintage = rows.iloc[:40].assign(value=whole[:40] / 2, published_at=rows["published_at"].iloc[40])
    declared = Market(id="m", name="m", commodity="c", region="r", target=Target(series="price"), horizons=(1,))
    return Synthetic(pd.concat([rows, vintage], ignore_index=True), declared, {"price": price}, days)


def test_no_return_of_a_market_sees_a_split_and_before_it_the_old_level_was_known() -> None:
    market = split_market()
    history = market.history()
    assert np.diff(np.log(history.last.to_numpy())).max() < 0.011
    assert np.diff(np.log(history.last.to_numpy())).min() > 0
    before = market.history(history.moments[38])
    assert before.last.iloc[-1] == 138.0
    assert history.last.iloc[-1] == 79.5
