"""Experiments as stages: the shadow leaves what is published as it is, doing it again changes nothing, a verdict is final."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.core.asof import known_at
from steel_assets.core.calendars import local_day
from steel_assets.core.tables import EXPERIMENT_FORECASTS, EXPERIMENT_VERDICTS
from steel_assets.core.training import ProposedFamily
from steel_assets.operations import experiment_switch, experimenting, feature_store, histories, training
from steel_assets_tests.assets.measured_world import MARKET, lived
from steel_assets_tests.core.synthetic import Synthetic, synthetic
from steel_assets_tests.damages import DAMAGES
from steel_assets_tests.operations.experiment_world import TRIAL, experimenting_with, past, world

MADE = synthetic(count=520, lived=0)


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    return world(tmp_path, TRIAL)


def as_of(parts: Platform) -> pd.Timestamp:
    return histories.load(parts.catalog, parts.lake, MARKET).as_of


def shadow(parts: Platform) -> experimenting.Shadow:
    """What the variant says today."""
    day = local_day(as_of(parts), parts.catalog.rules.schedules.tzinfo)
    return experimenting.shadow(parts.catalog, parts.lake, parts.warehouse, parts.models, TRIAL, MARKET, day)


def verdict(parts: Platform, days: int = 0) -> pd.Series:
    moment = as_of(parts) + pd.Timedelta(days=days)
    return experimenting.verdict(parts.catalog, parts.lake, parts.warehouse, TRIAL, moment).iloc[0]


def live_on(parts: Platform, made: Synthetic, moment: pd.Timestamp) -> None:
    """Store the history and features of another moment."""
    market = made.market.model_copy(update={"id": MARKET})
    history = Synthetic(made.observations, market, made.series, made.sessions).history(moment)
    histories.save(parts.lake, history)
    feature_store.build(parts.lake, history)


def versions(parts: Platform) -> list[str]:
    return parts.models.variants.versions(TRIAL.id, MARKET, 1)


def test_the_variant_forecasts_each_horizon_from_the_stored_history_and_nothing_of_it_is_published(parts: Platform) -> None:
    before = {key: parts.store.get(key) for key in parts.store.list("")}
    done = shadow(parts)
    assert done.rows["horizon"].tolist() == [1, 5]
    assert set(done.rows["model_family"]) == {"drift"}
    assert (done.rows["as_of"] == as_of(parts)).all()
    pd.testing.assert_frame_equal(parts.warehouse.read(EXPERIMENT_FORECASTS), done.rows)
    after = {key: parts.store.get(key) for key in parts.store.list("")}
    assert {key for key in after if key not in before} == {key for key in after if key.startswith("experiments/trial/")}
    assert {key: after[key] for key in before} == before


def test_doing_it_again_writes_the_same(parts: Platform) -> None:
    first = shadow(parts)
    stored = {key: parts.store.get(key) for key in parts.store.list("experiments/")}
    pd.testing.assert_frame_equal(shadow(parts).rows, first.rows)
    assert len(parts.warehouse.read(EXPERIMENT_FORECASTS)) == 2
    assert {key: parts.store.get(key) for key in parts.store.list("experiments/")} == stored


def test_a_model_is_used_for_a_week_and_then_fitted_anew_and_the_one_before_is_kept(parts: Platform) -> None:
    moments = MADE.history().moments
    used = []
    for place in (-30, -27, -24, -10, -1):
        live_on(parts, MADE, moments[place])
        used.append(shadow(parts).rows["model_version"].iloc[0])
    assert used[0] == used[1] != used[2]
    assert versions(parts) == used[-2:]


@pytest.mark.parametrize("damage", ["truncated", "empty"])
def test_a_damaged_model_is_fitted_again(parts: Platform, damage: str) -> None:
    first = shadow(parts).rows
    [key] = [key for key in parts.store.list("experiments/trial/") if "/1/" in key and key.endswith("model.json")]
    parts.store.put(key, DAMAGES[damage](parts.store.get(key)))
    pd.testing.assert_frame_equal(shadow(parts).rows, first)


@pytest.mark.parametrize("family", ["ridge", "drift"])
def test_the_future_falsified_changes_no_shadow_forecast(tmp_path: Path, family: str) -> None:
    moment = MADE.history().moments[-40]
    rows = MADE.observations
    noise = np.exp(3 * np.random.default_rng(0).uniform(-1, 1, len(rows)))
    false = MADE.knowing(rows.assign(value=rows["value"].where(known_at(rows) <= moment, rows["value"] * noise)))
    trial, found = TRIAL.model_copy(update={"family": family, "horizons": (1,)}), []
    for number, made in enumerate((MADE, false)):
        parts = experimenting_with(lived(tmp_path / str(number)), trial)
        live_on(parts, made, moment)
        day = local_day(moment, parts.catalog.rules.schedules.tzinfo)
        found.append(experimenting.shadow(parts.catalog, parts.lake, parts.warehouse, parts.models, trial, MARKET, day).rows)
    pd.testing.assert_frame_equal(*found)


@pytest.mark.parametrize(
    ("champion", "variant", "state", "told"),
    [(4.0, 1.0, "won", "loss -"), (1.0, 4.0, "harmful", "loss +"), (2.0, 2.0, "collecting", "loss -0.0%")],
)
def test_a_verdict_says_who_was_better(parts: Platform, champion: float, variant: float, state: str, told: str) -> None:
    past(parts, champion, variant)
    row = verdict(parts)
    assert row["state"] == state
    assert told in experimenting.described(row)
    start = pd.Timestamp(TRIAL.start, tz="UTC")
    issues = parts.warehouse.read(EXPERIMENT_FORECASTS)["as_of"]
    assert row["n"] == (issues.dt.normalize() >= start).sum() < len(issues), "issues before the start do not count"


def test_a_verdict_is_final_and_nothing_is_forecast_any_more(parts: Platform) -> None:
    past(parts, 1.0, 4.0)
    first = verdict(parts)
    assert first["state"] == "harmful"
    later = verdict(parts, days=3)
    pd.testing.assert_series_equal(later, first)
    assert len(parts.warehouse.read(EXPERIMENT_VERDICTS)) == 1
    done = shadow(parts)
    assert done.rows.empty
    assert done.why_none.startswith("it is over: harmful on ")


def test_a_day_has_one_row_whoever_looks_how_often(parts: Platform) -> None:
    for days in (0, 0, 1):
        assert verdict(parts, days)["state"] == "collecting"
    assert len(parts.warehouse.read(EXPERIMENT_VERDICTS)) == 2


def test_without_a_verdict_it_is_inconclusive_when_its_days_are_over(parts: Platform) -> None:
    assert verdict(parts, days=700)["state"] == "inconclusive"


def test_what_is_stopped_forecasts_nothing_until_it_is_started_again(parts: Platform) -> None:
    assert experiment_switch.stop(parts.store, TRIAL.id, as_of(parts))
    assert not experiment_switch.stop(parts.store, TRIAL.id, as_of(parts))
    assert "steel experiment start trial" in shadow(parts).why_none
    assert verdict(parts)["state"] == "stopped"
    assert experiment_switch.start(parts.store, TRIAL.id)
    assert not experiment_switch.start(parts.store, TRIAL.id)
    assert len(shadow(parts).rows) == 2


def test_only_an_experiment_that_was_won_is_offered(parts: Platform) -> None:
    past(parts, 2.0, 2.0)
    verdict(parts)
    assert experimenting.offers(parts.catalog, parts.warehouse, MARKET) == {}
    past(parts, 4.0, 1.0)
    verdict(parts, days=1)
    found = experimenting.offers(parts.catalog, parts.warehouse, MARKET)
    assert {horizon: (offer.family, offer.experiment) for horizon, offer in found.items()} == {
        1: ("drift", "trial"),
        5: ("drift", "trial"),
    }
    assert experimenting.offers(parts.catalog, parts.warehouse, "iron_ore_62") == {}


def test_the_next_retraining_is_offered_what_was_won(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    past(parts, 4.0, 1.0)
    verdict(parts)
    handed: list[dict[int, ProposedFamily]] = []

    def noted(*handed_in: Any) -> Any:
        handed.append(handed_in[4])
        return SimpleNamespace(folds={})

    monkeypatch.setattr(training, "quality_score", lambda *_: 1.0)
    monkeypatch.setattr(training, "train_market", noted)
    monkeypatch.setattr(training.candidates, "propose", lambda *_: {})
    training.train_candidate(parts.catalog, parts.lake, parts.warehouse, parts.models, MARKET)
    assert handed == [{1: ProposedFamily("drift", "trial"), 5: ProposedFamily("drift", "trial")}]
