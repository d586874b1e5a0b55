"""The model families: each keeps the contract, and has a few ways of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steel_assets.core.features import driver_of
from steel_assets.core.models import ModelError, applicable, load_model, model_families
from steel_assets_tests.contracts.model import SPLIT, ModelContract, market_samples
from steel_assets_tests.core.synthetic import synthetic


class TestNaive(ModelContract):
    family = "naive"

    def test_it_is_the_last_price(self) -> None:
        assert self.trained().predict(self.to_predict())["p"].tolist() == self.to_predict().last.tolist()

    def test_no_driver_moved_it(self) -> None:
        assert self.trained().explain(self.to_predict()).shape == (len(self.to_predict()), 0)


class TestRollAware(ModelContract):
    family = "roll_aware"

    def test_it_is_the_second_contract_after_the_roll(self) -> None:
        assert self.trained().predict(self.to_predict())["p"].tolist() == self.to_predict().roll_aware.tolist()


class TestForwardCurve(ModelContract):
    family = "forward_curve"

    def test_it_is_the_contract_of_the_target_date(self) -> None:
        assert self.trained(21).predict(self.to_predict(21))["p"].tolist() == self.to_predict(21).curve.tolist()


class LearningContract(ModelContract):
    """What families that learn from features keep besides."""

    def test_it_learns_what_scrap_did_yesterday(self) -> None:
        rows = market_samples(1).rows(slice(SPLIT, None))
        seen = np.isfinite(rows.y)
        forecast = self.trained(1).predict(self.to_predict(1))["p"].to_numpy()
        error, naive = np.abs(forecast - rows.y)[seen].mean(), np.abs(rows.curve - rows.y)[seen].mean()
        assert error < 0.95 * naive

    def test_it_forecasts_the_base_price_where_the_past_explains_nothing(self) -> None:
        samples = market_samples(1)
        noise = np.random.default_rng(5).normal(size=samples.features.shape)
        rows = replace(samples, features=noise)
        forecast = model_families()[self.family]().fit(rows.rows(slice(0, SPLIT))).predict(rows.rows(slice(SPLIT, None)))
        moved = np.abs(np.log(forecast["p"].to_numpy() / rows.curve[SPLIT:])) / rows.volatility[SPLIT:]
        assert moved.mean() < 0.25

    def test_it_names_the_driver_that_it_learned_from(self) -> None:
        rows = self.to_predict(1)
        explained = self.trained(1).explain(rows).drop(columns=["forward_curve"])
        assert explained.abs().mean().idxmax() == "scrap"
        assert set(explained.columns) <= {*rows_drivers(), "caution", "long_run_trend", "other"}

    def test_absurd_features_move_it_by_one_standard_deviation_at_most(self) -> None:
        rows = self.to_predict(1)
        absurd = replace(rows, features=np.sign(rows.features) * 1e9)
        forecast = self.trained(1).predict(absurd)["p"].to_numpy()
        assert (np.abs(np.log(forecast / rows.curve)) <= rows.volatility * 1.0001).all()

    def test_other_features_than_it_was_trained_on_are_an_error_that_says_so(self) -> None:
        rows = self.to_predict(1)
        renamed = replace(rows, feature_names=tuple(f"new_{name}" for name in rows.feature_names))
        with pytest.raises(ModelError, match="train it again"):
            self.trained(1).predict(renamed)


def rows_drivers() -> set[str]:
    return {driver_of(name) for name in market_samples(1).feature_names}


class TestRidge(LearningContract):
    family = "ridge"

    def test_a_feature_without_a_value_contributes_nothing(self) -> None:
        rows = self.to_predict(1)
        scrap = np.array([driver_of(name) == "scrap" for name in rows.feature_names])
        without = replace(rows, features=np.where(scrap, np.nan, rows.features))
        explained = self.trained(1).explain(without)
        assert (explained["scrap"] == 0).all()
        assert (explained["own_price"] != 0).any()

    def test_what_the_limit_took_back_is_called_caution(self) -> None:
        rows = self.to_predict(1)
        absurd = self.trained(1).explain(replace(rows, features=np.sign(rows.features) * 1e9))
        assert (absurd["caution"] != 0).any()
        assert (np.sign(absurd["caution"]) * np.sign(absurd.drop(columns=["caution", "forward_curve"]).sum(axis=1)) <= 0).all()

    def test_weights_that_do_not_match_the_features_are_refused(self) -> None:
        import json

        stored = json.loads(self.trained().to_bytes())
        with pytest.raises(ModelError, match="one weight for each feature"):
            load_model("ridge", json.dumps(stored | {"weights": [1.0]}).encode())


class TestProphet(LearningContract):
    family = "prophet"

    def test_it_travels_between_processes_as_it_is_stored(self) -> None:
        import copy

        model = self.trained()
        assert copy.copy(model).to_bytes() == model.to_bytes()
        assert model.__reduce__() == (type(model).from_bytes, (model.to_bytes(),))

    def test_it_says_nothing_while_it_learns(self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        self.trained(1)
        out, err = capfd.readouterr()
        assert out == ""
        assert err == ""
        assert not caplog.records


def test_every_family_found_has_a_class_here_that_holds_it_to_the_contract() -> None:
    held = {thing.family for thing in globals().values() if isinstance(thing, type) and "family" in vars(thing)}
    assert held == set(model_families())


def test_families_are_ordered_from_simple_to_complex_and_begin_with_the_last_price() -> None:
    families = list(model_families().values())
    assert families[0].family == "naive"
    assert [family.complexity for family in families] == sorted({family.complexity for family in families})


def test_families_that_read_a_curve_are_only_for_markets_that_have_one() -> None:
    market = synthetic(60)
    assert {"roll_aware", "forward_curve"} <= set(applicable(market.market))
    assert not {"roll_aware", "forward_curve"} & set(applicable(market.of(curve=(), roll="none").market))


def test_an_unknown_family_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="no model family 'magic'; known are naive, "):
        load_model("magic", b"{}")
