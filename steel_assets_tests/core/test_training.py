"""From a history to a candidate, to files, to a published row: the same every time."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.backtest import CHAMPION, backtest, families_of
from steel_assets.core.champion_challenger import challenger_test
from steel_assets.core.features import build_features
from steel_assets.core.forecast import ForecastError, bundle_from_files, bundle_to_files, issue
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import ModelError
from steel_assets.core.models.pooled import Pooled
from steel_assets.core.selection import YOUNG
from steel_assets.core.tables import BACKTEST, FORECASTS
from steel_assets.core.training import (
    Candidate,
    ProposedFamily,
    baseline,
    confidence,
    learns_from_others,
    train,
    train_horizon,
    variant,
)
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets_tests.core.synthetic import LONDON, declare, publish, synthetic


@cache
def history() -> MarketHistory:
    """Ends on the first origin of a week, a month and a half-year, when every family is fitted anew."""
    market = synthetic(count=520, lived=0)
    return market.history(market.history().moments[market.sessions.get_loc(pd.Timestamp("2021-01-04"))])


@cache
def features() -> pd.DataFrame:
    return build_features(history())


@cache
def candidate() -> Candidate:
    return train(history(), features(), window=30)


def test_a_candidate_has_a_bundle_a_reason_and_a_walk_forward_for_each_horizon() -> None:
    assert candidate().origin == pd.Timestamp("2021-01-04")
    assert list(candidate().bundles) == list(candidate().choices) == [1, 5]
    assert all(choice.reason for choice in candidate().choices.values())
    rows = candidate().backtest
    assert BACKTEST.enforce(rows).equals(rows)
    assert rows["y"].notna().all()
    assert rows.groupby(["model", "h"]).size().eq(30).all()
    assert set(rows["model"]) == {*families_of(history().market), CHAMPION} - {Pooled.family}


def test_its_walk_forward_is_that_of_the_backtest() -> None:
    rows = candidate().backtest
    again = backtest(history(), rows["origin"].min(), rows["origin"].max())
    key = ["model", "origin", "h"]
    both = rows.merge(again, on=key, suffixes=("", "_again"), how="left")
    for name in ("p", *QUANTILE_COLUMNS):
        assert (both[name] == both[f"{name}_again"]).all()


@pytest.mark.slow  # trains again
def test_training_twice_gives_the_same_forecast_to_the_last_bit() -> None:
    again = train(history(), features(), window=30)
    assert issue(history(), features(), again.bundles.values()).equals(issue(history(), features(), candidate().bundles.values()))
    assert again.backtest.equals(candidate().backtest)


def test_what_is_issued_is_what_the_backtest_says_the_champion_would_have_issued() -> None:
    issued = issue(history(), features(), candidate().bundles.values())
    rows = backtest(history(), history().origins[-1], history().origins[-1])
    champion = rows[rows["model"] == CHAMPION].reset_index(drop=True)
    assert issued["target_date"].tolist() == champion["target_date"].tolist()
    assert issued["predicted_price"].tolist() == champion["p"].tolist()
    assert issued[list(QUANTILE_COLUMNS)].to_numpy().tolist() == champion[list(QUANTILE_COLUMNS)].to_numpy().tolist()


def test_the_model_over_all_markets_is_walked_forward_only_where_it_could_be_chosen() -> None:
    assert learns_from_others(synthetic(count=YOUNG, lived=0).history())
    assert not learns_from_others(synthetic(count=YOUNG + 100, lived=0).history())
    monthly = history().market.model_copy(update={"frequency": "monthly"})
    assert not learns_from_others(replace(history(), market=monthly))


def test_a_forecast_has_the_columns_of_its_table_that_it_can_know() -> None:
    issued = issue(history(), features(), candidate().bundles.values())
    assert set(FORECASTS.column_names) - set(issued.columns) == {"issued_date", "model_version", "created_at"}
    assert issued["horizon"].tolist() == [1, 5]
    assert (issued["last_price"] == history().last.iloc[-1]).all()
    assert (issued["data_as_of"] == history().origins[-1]).all()
    assert issued["unit"].tolist() == ["USD/t", "USD/t"]
    assert issued["model_confidence"].between(0.05, 0.95).all()


def test_a_bundle_read_back_from_its_files_issues_the_same_forecast() -> None:
    restored = [bundle_from_files(bundle_to_files(bundle)) for bundle in candidate().bundles.values()]
    assert issue(history(), features(), restored).equals(issue(history(), features(), candidate().bundles.values()))


def test_a_damaged_bundle_is_refused() -> None:
    files = bundle_to_files(candidate().bundles[1])
    about = json.loads(files["bundle.json"])
    for damaged in (
        {"bundle.json": files["bundle.json"]},
        {"model.json": files["model.json"]},
        files | {"bundle.json": b"\x80\x04"},
        files | {"bundle.json": b"[]"},
        files | {"bundle.json": json.dumps(about | {"track": {"origins": ["2020-01-02"], "points": []}}).encode()},
        files | {"bundle.json": json.dumps(about | {"family": "magic"}).encode()},
        files | {"bundle.json": json.dumps(about | {"horizon": "soon"}).encode()},
        files | {"model.json": b"{}"},
    ):
        with pytest.raises(ModelError):
            bundle_from_files(damaged)


def test_a_champion_of_another_market_is_refused() -> None:
    other = synthetic(count=60, lived=0)
    renamed = other.market.model_copy(update={"id": "elsewhere"})
    stranger = synthetic(count=60, lived=0).knowing(other.observations)
    history_there = type(stranger)(stranger.observations, renamed, stranger.series, stranger.sessions).history()
    with pytest.raises(ForecastError, match="of market rebar_test cannot forecast elsewhere"):
        issue(history_there, build_features(history_there), [candidate().bundles[1]])


def test_the_baseline_is_the_last_price_with_intervals_of_its_own() -> None:
    bundle = baseline(history(), features(), 5, window=30)
    issued = issue(history(), features(), [bundle]).iloc[0]
    assert bundle.family == "naive"
    assert issued["predicted_price"] == issued["last_price"]
    assert issued["q05"] < issued["q50"] < issued["q95"]
    assert 0 < bundle.confidence < 1


def test_a_market_with_forty_prices_gets_the_last_price_and_little_confidence() -> None:
    plain = synthetic(count=60, lived=0).of(curve=(), roll="none", drivers=())
    days = plain.sessions[:40]
    values = 500 * np.exp(np.cumsum(0.01 * np.random.default_rng(0).standard_normal(40)))
    tiny = plain.knowing(publish(declare("rebar_m01", "USD/t", LONDON), days, values)).history()
    found = train(tiny, build_features(tiny))
    assert {bundle.family for bundle in found.bundles.values()} == {"naive"}
    assert "are needed to judge others by" in found.choices[1].reason
    assert all(bundle.confidence < 0.3 for bundle in found.bundles.values())
    assert len(issue(tiny, build_features(tiny), found.bundles.values())) == 2


def test_a_horizon_that_has_never_come_true_is_forecast_without_any_confidence() -> None:
    plain = synthetic(count=60, lived=0).of(curve=(), roll="none", drivers=())
    far = plain.market.model_copy(update={"horizons": (63,)})
    short = type(plain)(plain.observations, far, plain.series, plain.sessions).history()
    found = train(short, build_features(short))
    assert found.backtest.empty
    assert found.bundles[63].confidence == 0.0
    assert issue(short, build_features(short), found.bundles.values())["q05"].notna().all()


def test_confidence_falls_with_wrong_coverage_and_rises_with_skill() -> None:
    rows = candidate().backtest[candidate().backtest["h"] == 1]
    honest = confidence(rows)
    overconfident = rows.copy()
    mine = overconfident["model"] == CHAMPION
    for name in QUANTILE_COLUMNS:
        overconfident.loc[mine, name] = overconfident.loc[mine, "p"]
    assert confidence(overconfident) < 0.1 < honest
    clairvoyant = rows.copy()
    for name in ("p", *QUANTILE_COLUMNS):
        clairvoyant.loc[mine, name] = clairvoyant.loc[mine, "y"]
    assert confidence(clairvoyant) > honest


@pytest.mark.slow  # trains again
def test_a_champion_in_production_is_refreshed_where_nothing_beats_it_beyond_luck() -> None:
    assert candidate().bundles[1].family != "naive"
    kept = train(history(), features(), window=30, champions={1: "naive"})
    assert kept.bundles[1].family == "naive"
    assert kept.choices[1].reason == f"naive: the champion stays, {candidate().bundles[1].family} is not better beyond luck"
    assert kept.bundles[5].family == candidate().bundles[5].family


def test_a_family_that_won_an_experiment_is_proposed_where_it_beats_the_champion_beyond_luck() -> None:
    found = train_horizon(history(), features(), 1, 150, "naive", ProposedFamily("ridge", "trial"))
    assert (found.bundle.family, found.choice.experiment) == ("ridge", "trial")
    assert found.choice.reason.startswith("ridge: it won experiment trial")
    compared = challenger_test(found.rows, "ridge", "naive", 1)
    assert compared.won


@pytest.mark.slow  # trains several times
def test_one_that_does_not_is_not_and_the_champion_itself_needs_no_offer() -> None:
    ordinary = train_horizon(history(), features(), 1, 150, "ridge")
    for family in ("drift", "ridge", "gone"):
        found = train_horizon(history(), features(), 1, 150, "ridge", ProposedFamily(family, "trial"))
        assert (found.bundle.family, found.choice) == (ordinary.bundle.family, ordinary.choice)


@pytest.mark.slow  # trains several times
@pytest.mark.parametrize("family", ["naive", "ridge", "experts"])
def test_a_variant_is_of_its_family_whatever_would_have_been_chosen_and_says_what_the_backtest_says_of_it(family: str) -> None:
    bundle = variant(history(), features(), 1, family, window=30)
    issued = issue(history(), features(), [bundle]).iloc[0]
    rows = backtest(history(), history().origins[-1], history().origins[-1])
    same = rows[(rows["model"] == family) & (rows["h"] == 1)].iloc[0]
    assert bundle.family == issued["model_family"] == family
    assert issued["predicted_price"] == same["p"]


def test_a_variant_that_does_not_apply_to_a_market_is_refused() -> None:
    with pytest.raises(ModelError, match="'gone' does not apply to market rebar_test"):
        variant(history(), features(), 1, "gone")
