"""Leakage canaries: the future, removed or falsified, changes nothing of the past; a planted leak is seen."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.asof import known_at
from steel_assets.core.backtest import backtest
from steel_assets.core.features import build_features, feature_families
from steel_assets.core.history import MarketHistory
from steel_assets.core.scoring import scores
from steel_assets.core.types import AutoMLSearches, Generated, Search
from steel_assets_tests.core.synthetic import LONDON, Synthetic, declare, publish, runs, synthetic

COUNT, LIVED = 440, 60
FORECASTS = ["model", "origin", "target_date", "h", "last", "p", "q05", "q10", "q25", "q50", "q75", "q90", "q95"]


@cache
def market() -> Synthetic:
    made = synthetic(count=COUNT, lived=LIVED)
    searching = {"automl": AutoMLSearches(embedded=Search(trials=3)), "generated": Generated(windows=(2, 21))}
    return replace(made, market=made.market.model_copy(update=searching))


@cache
def whole() -> MarketHistory:
    return market().history()


def moment(place: int) -> pd.Timestamp:
    """When the forecast of origin number ``place`` was really issued: in the years lived through, when the run was done."""
    return runs(market().sessions)[place] if place >= COUNT - LIVED else whole().moments[place]


def without_future(place: int) -> Synthetic:
    """The market without anything known after that moment."""
    rows = market().observations
    return market().knowing(rows[(known_at(rows) <= moment(place)).to_numpy()])


def with_false_future(place: int, seed: int = 0) -> Synthetic:
    """The market with noise of a factor of up to e³ on everything known after that moment."""
    rows = market().observations
    future = (known_at(rows) > moment(place)).to_numpy()
    noise = np.exp(3 * np.random.default_rng(seed).uniform(-1, 1, len(rows)))
    return market().knowing(rows.assign(value=np.where(future, rows["value"] * noise, rows["value"])))


def forecasts(history: MarketHistory, first: int, last: int) -> pd.DataFrame:
    return backtest(history, history.origins[first], history.origins[last])[FORECASTS].sort_values(["model", "h", "origin"])


@cache
def every_forecast() -> pd.DataFrame:
    return forecasts(whole(), 320, COUNT - 1)


def as_it_was(first: int, last: int) -> pd.DataFrame:
    return every_forecast()[every_forecast()["origin"].between(whole().origins[first], whole().origins[last])]


def first_sessions_of_months(low: int, high: int) -> list[int]:
    days = market().sessions
    return [k for k in range(low, high) if days[k].month != days[k - 1].month]


def identical(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return one.reset_index(drop=True).equals(other.reset_index(drop=True))


ONE_OF_A_KIND = [first_sessions_of_months(340, 400)[0], 380, 391, 439]
"""After a roll, on the first day of operation, in the outage, after a correction."""

BESIDE_THEM = [pytest.param(place, marks=pytest.mark.slow) for place in (330, 379, 394, 401)]  # around these


@pytest.mark.parametrize("place", [*ONE_OF_A_KIND, *BESIDE_THEM])
def test_removing_the_future_changes_no_forecast_of_any_family_nor_of_the_champion(place: int) -> None:
    """Around rolls, at the border of backfill and operation, in and after the outage, before and after a correction."""
    cut = without_future(place).history(moment(place))
    assert cut.origins[-1] == market().sessions[place]
    assert identical(forecasts(cut, place - 6, place), as_it_was(place - 6, place))


@pytest.mark.parametrize("place", [378, *(pytest.param(place, marks=pytest.mark.slow) for place in (335, 400))])  # as above
def test_falsifying_the_future_changes_no_forecast_either(place: int) -> None:
    false = with_false_future(place).history(whole().as_of)
    assert not np.allclose(false.last.iloc[place + 1 :], whole().last.iloc[place + 1 :])
    assert identical(forecasts(false, place - 10, place), as_it_was(place - 10, place))


def test_what_was_known_at_an_origin_does_not_depend_on_what_came_later() -> None:
    for place in range(60, COUNT, 9):
        cut = without_future(place).history(moment(place))
        assert cut.known.equals(whole().known.iloc[: place + 1])
        assert cut.periods.equals(whole().periods.iloc[: place + 1])
        assert cut.newest.equals(whole().newest.iloc[: place + 1])


def test_a_row_of_what_was_known_ends_at_its_origin_whatever_was_out_about_later_days() -> None:
    periods = whole().periods.to_numpy()
    assert (np.isnat(periods) | (periods <= whole().origins.to_numpy()[:, None])).all()
    assert (whole().newest["ore"] != whole().known["ore"]).mean() > 0.25


DAILY = [name for name in feature_families() if name != "nowcast"]
"""Families of daily markets; ``test_slow_markets.py`` has the canaries of the other one."""


@pytest.mark.slow  # every feature at a hundred ends of history
@pytest.mark.parametrize("family", DAILY)
def test_a_feature_of_a_day_is_the_same_at_more_than_a_hundred_ends_of_history(family: str) -> None:
    """Each end is that of three days, which are compared."""
    compute = feature_families()[family]
    features = compute(whole())
    for place in range(36, COUNT, 3):
        cut = replace(
            whole(),
            origins=whole().origins[: place + 1],
            moments=whole().moments[: place + 1],
            known=whole().known.iloc[: place + 1],
            periods=whole().periods.iloc[: place + 1],
            newest=whole().newest.iloc[: place + 1],
        )
        assert np.array_equal(compute(cut).to_numpy()[-3:], features.to_numpy()[place - 2 : place + 1], equal_nan=True)


def test_features_are_all_declared_and_known_at_some_time() -> None:
    features = build_features(whole())
    assert len(features) == COUNT
    assert {name.split(".")[0] for name in features.columns} == set(DAILY) - {"generated"}, "models compute those themselves"
    assert features.columns.is_unique
    assert not np.isinf(features.to_numpy()).any()
    assert features.notna().any().all()


def with_oracle(published_too_early: bool) -> MarketHistory:
    """A driver that is tomorrow's price, filed under today: out today (a lie), or out tomorrow when it is known anyway."""
    plain = synthetic(count=600, lived=0).of(curve=(), roll="none", drivers=())
    prices = plain.observations[plain.observations["series"] == "rebar_m01"].sort_values("period")
    oracle = declare("oracle", "USD/t", LONDON)
    rows = publish(oracle, plain.sessions[:-1], prices["value"].to_numpy()[1:])
    if not published_too_early:
        rows["published_at"] = prices["published_at"].to_numpy()[1:]
    planted = plain.of(drivers=("oracle",))
    planted = Synthetic(
        pd.concat([planted.observations, rows]), planted.market, {**plain.series, "oracle": oracle}, plain.sessions
    )
    return planted.history()


def ratios(history: MarketHistory, families: list[str]) -> pd.Series:
    rows = backtest(history, history.origins[420], history.origins[-1], families=families)
    table = scores(rows[rows["h"] == 1])
    return table.set_index("model")["mae_ratio"]


@pytest.mark.slow  # boosting over half a thousand days, twice
def test_a_planted_leak_is_seen_as_skill_and_the_same_figure_published_in_time_is_not() -> None:
    leak = ratios(with_oracle(published_too_early=True), ["ridge", "boosting", "champion"])
    assert leak["ridge"] < 0.75
    assert leak["boosting"] < 0.75
    assert leak["champion"] < 0.9
    honest = ratios(with_oracle(published_too_early=False), ["ridge", "boosting", "champion"])
    assert honest["ridge"] > 0.97
    assert honest["boosting"] > 0.97
    assert honest["champion"] == 1.0


@pytest.mark.slow  # the same
def test_a_target_shuffled_in_time_has_no_skill_to_find() -> None:
    plain = synthetic(count=600, lived=0).of(curve=(), roll="none", drivers=("scrap", "ore", "ppi"))
    rows = plain.observations.sort_values(["series", "period"], kind="stable").reset_index(drop=True)
    target = rows["series"] == "rebar_m01"
    moves = np.diff(np.log(rows.loc[target, "value"].to_numpy()))
    real = ratios(plain.history(), ["ridge", "boosting", "champion"])
    np.random.default_rng(3).shuffle(moves)
    rows.loc[target, "value"] = 550 * np.exp(np.concatenate([[0.0], np.cumsum(moves)]))
    shuffled = ratios(plain.knowing(rows).history(), ["ridge", "boosting", "champion"])
    assert real["ridge"] < 0.95
    assert real["boosting"] < 0.97
    assert shuffled["ridge"] > 0.98
    assert shuffled["boosting"] > 0.98
    assert shuffled["champion"] == 1.0
