"""The model families: each keeps the contract, and has a few ways of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from steel_assets.core.features import driver_of
from steel_assets.core.features._pool import Pool
from steel_assets.core.models import ModelError, applicable, load_model, model_families
from steel_assets.core.models._protocol import unfitted
from steel_assets.core.models._search import EmbeddedSearch, SearchResult, fitted
from steel_assets.core.models._shrunk import trial
from steel_assets.core.models.combination import Combination, learned_weights
from steel_assets.core.models.prophet import Prophet, _closest
from steel_assets.core.models.recursive_ridge import RecursiveRidge
from steel_assets.core.types import AutoMLSearches as Declared
from steel_assets.core.types import Search
from steel_assets_tests.contracts.model import SPLIT, ModelContract, declaring, market_samples
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


class TestDrift(ModelContract):
    family = "drift"

    def test_it_carries_the_mean_move_of_the_past_on(self) -> None:
        samples = market_samples(5)
        rising = replace(samples, y=samples.curve * np.exp(0.01))
        rows = self.to_predict()
        model = model_families()["drift"]().fit(rising.rows(slice(0, SPLIT)))
        assert model.predict(rows)["p"].to_numpy() == pytest.approx(rows.curve * np.exp(0.01))
        assert model.explain(rows)["long_run_trend"].to_numpy() == pytest.approx(0.01)


class TestPooled(ModelContract):
    family = "pooled"


def smoothed_path(kind: str) -> np.ndarray:
    """500 log prices that a forecaster by smoothing can learn something of."""
    rng = np.random.default_rng(1)
    noise = 0.01 * rng.normal(size=500)
    logs = 6 + np.cumsum(0.4 * noise) + 0.6 * noise
    if kind == "trending":
        slopes = np.zeros(500)
        for day in range(1, 500):
            slopes[day] = 0.9 * slopes[day - 1] + 0.002 * rng.normal()
        logs = logs + np.cumsum(slopes)
    return logs


class TestETS(ModelContract):
    family = "ets"

    def test_its_update_from_a_path_alone_gives_what_the_library_forecasts(self) -> None:
        from statsforecast.ets import ets_f, forecast_ets

        from steel_assets.core.models.ets import ETS

        logs = smoothed_path("trending")
        model, path = ETS(), np.diff(logs)[None, -250:]
        model.fit_path(logs)
        assert 0 < model.trend < model.level < 1
        assert 0 < model.fading < 1
        theirs = forecast_ets(ets_f(logs, 1, model="AZN"), 1)["mean"] - logs[-1]  # for more days it adds up phi's powers wrong
        assert model.moves(path, 1) == pytest.approx(theirs, rel=1e-9)
        one, two, five = (model.moves(path, h)[0] for h in (1, 2, 5))
        slope = (two - one) / model.fading**2
        assert five == pytest.approx(one + slope * sum(model.fading**k for k in (2, 3, 4, 5)))

    def test_a_level_without_a_trend_is_the_librarys_at_every_horizon(self) -> None:
        from statsforecast.ets import ets_f, forecast_ets

        from steel_assets.core.models.ets import ETS

        logs, model = smoothed_path("level") + 0.004 * np.random.default_rng(2).normal(size=500), ETS()
        fitted = ets_f(logs, 1, model="ANN")
        model.level = float(fitted["par"][0])
        assert 0.1 < model.level < 0.9
        theirs = forecast_ets(fitted, 21)["mean"] - logs[-1]
        for horizon in (1, 21):
            assert model.moves(np.diff(logs)[None, -250:], horizon)[0] == pytest.approx(theirs[horizon - 1], rel=1e-9)


class TestTheta(ModelContract):
    family = "theta"

    def test_its_closed_form_gives_what_the_library_forecasts(self) -> None:
        from statsforecast.theta import auto_theta, forecast_theta

        from steel_assets.core.models.theta import Theta

        logs, model = smoothed_path("trending")[-250:], Theta()
        model.fit_path(logs)
        theirs = forecast_theta(auto_theta(logs, 1, model="STM"), 63)["mean"] - logs[-1]
        for horizon in (1, 5, 21, 63):
            moves = model.moves(np.diff(logs, prepend=logs[0])[None], horizon)
            assert moves[0] == pytest.approx(theirs[horizon - 1], rel=1e-9)


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
        stored = json.loads(self.trained().to_bytes())
        with pytest.raises(ModelError, match="one weight for each feature"):
            load_model("ridge", json.dumps(stored | {"weights": [1.0]}).encode())


class TestRecursiveRidge(LearningContract):
    family = "recursive_ridge"

    def test_newer_rows_count_more(self) -> None:
        samples = market_samples(1).rows(slice(0, SPLIT))
        turned = samples.with_labels(np.where(np.arange(SPLIT) < SPLIT // 2, samples.curve**2 / samples.y, samples.y))
        before, after = (self.trained(1).explain(self.to_predict(1))["scrap"], None)
        after = model_families()["recursive_ridge"]().fit(turned).explain(self.to_predict(1))["scrap"]
        assert 0 < np.polyfit(before, after, 1)[0] < 0.6

    def test_a_price_that_arrives_late_is_learned_once_when_it_is_there(self) -> None:
        samples = market_samples(1).rows(slice(0, SPLIT))
        missing = samples.with_labels(np.where(np.arange(SPLIT) == SPLIT // 2, np.nan, samples.y))
        late = RecursiveRidge().learn(missing).learn(samples)
        assert late._sums.rows == pytest.approx(RecursiveRidge().fit(samples)._sums.rows)
        before = late.to_bytes()
        assert late.learn(samples).to_bytes() == before


class TestExperts(ModelContract):
    family = "experts"

    def test_before_anything_is_known_it_is_near_the_last_price(self) -> None:
        rows = self.to_predict(1)
        moved = np.abs(np.log(self.trained(1).predict(rows)["p"].to_numpy() / rows.last))
        said = [np.abs(np.log(model.predict(rows)["p"].to_numpy() / rows.last)) for model in self.trained(1).members.values()]
        assert 0 < moved.mean() < 0.35 * np.max([sentence.mean() for sentence in said])


class TestBoosting(LearningContract):
    family = "boosting"

    def test_its_trees_say_what_scikit_learns_say_to_the_last_bit(self) -> None:
        from steel_assets.core.models._trees import grown
        from steel_assets.core.models.boosting import fitted_regressor

        samples = market_samples(1).rows(slice(60, SPLIT))
        regressor = fitted_regressor(samples.features, samples.scaled_returns)
        forest = grown(regressor)
        rng = np.random.default_rng(4)
        rows = rng.normal(scale=3, size=(5_000, samples.features.shape[1]))
        rows[rng.random(rows.shape) < 0.2] = np.nan
        edges = np.concatenate([tree.threshold for tree in forest.trees])
        rows[:1000] = rng.choice(edges, size=rows[:1000].shape)  # exactly at a threshold is to the left
        for asked in (samples.features, rows):
            assert np.array_equal(forest.predict(asked), regressor.predict(asked))
        assert len(np.unique(forest.predict(rows))) > 1000
        assert forest.mean + forest.terms(rows).sum(axis=1) == pytest.approx(forest.predict(rows))

    @pytest.mark.parametrize(
        ("name", "place", "value"),
        [("left", 0, 0), ("right", 0, 10_000), ("feature", 0, 10_000), ("value", 1, float("nan")), ("threshold", 0, "x")],
    )
    def test_a_tree_that_no_row_would_fall_through_is_refused(self, name: str, place: int, value: object) -> None:
        stored = json.loads(self.trained(1).to_bytes())
        assert stored["trees"]
        stored["trees"][0][name][place] = value
        with pytest.raises(ModelError):
            load_model("boosting", json.dumps(stored).encode())

    def test_a_tree_with_a_node_short_is_refused(self) -> None:
        stored = json.loads(self.trained(1).to_bytes())
        stored["trees"][0]["value"].pop()
        with pytest.raises(ModelError, match="for each node"):
            load_model("boosting", json.dumps(stored).encode())


class TestAutoML(LearningContract):
    family = "automl"

    def test_more_trials_are_not_worse_on_the_rows_that_judge_them_and_the_fuse_ends_them(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        rows = market_samples(1).rows(slice(60, SPLIT))
        returns = np.clip(rows.scaled_returns, -4, 4)
        known = rows.rows(rows.labelled)

        def loss(found: SearchResult) -> float:
            learned = fitted(
                known.rows(slice(0, -len(known) // 3 - 1)), returns[rows.labelled][: -len(known) // 3 - 1], found.settings
            )
            said = learned.predict(known.rows(slice(-(len(known) // 3), None)))
            wanted = returns[rows.labelled][-(len(known) // 3) :]
            return float(min(np.abs(wanted - share * said).mean() for share in (0.25, 0.5, 0.75)))

        few, many, cut = (
            EmbeddedSearch(Search(trials=trials, seconds=seconds)).searched(known, returns[rows.labelled])
            for trials, seconds in ((1, 60), (25, 60), (500, 0.05))
        )
        assert loss(many) < loss(few)
        assert (few.settings["trials"], many.settings["trials"]) == (1, 25)
        assert cut.settings["trials"] < 500
        assert "Raise automl.embedded.seconds" in caplog.text

    def test_without_optuna_it_says_what_to_install_and_with_it_nothing_imports_it_before_a_search(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = "import sys, steel_assets.core.models as m; m.model_families(); sys.exit('optuna' in sys.modules)"
        subprocess.run([sys.executable, "-c", code], check=True)
        monkeypatch.setitem(sys.modules, "optuna", None)
        with pytest.raises(ModelError, match=r"steel-assets\[automl\]"):
            self.trained_anew()

    @pytest.mark.parametrize("learner", ["ridge", "boosting"])
    def test_a_learner_without_features_expects_nothing(self, learner: str) -> None:
        rows = market_samples(1).rows(slice(60, SPLIT))
        found = fitted(rows, np.ones(len(rows)), {"families": [], "rows": 500, "learner": learner, "penalty": 1.0})
        assert found.predict(self.to_predict(1)).tolist() == [0.0] * (500 - SPLIT)

    def test_a_learner_that_does_not_fit_its_features_is_refused(self) -> None:
        stored = json.loads(self.trained(1).to_bytes())
        assert stored["share"]
        for damage in ({"names": ["x"]}, {"learner": {}}, {"learner": {"start": 0, "trees": [{}]}}):
            with pytest.raises(ModelError):
                load_model("automl", json.dumps(stored | {"found": stored["found"] | damage}).encode())

    def test_it_is_for_markets_that_declare_it_with_their_budget(self) -> None:
        market = synthetic(60).market
        declared = market.model_copy(update={"automl": Declared(embedded=Search(trials=3))})
        assert "automl" not in applicable(market)
        assert unfitted(applicable(declared)["automl"], declared).budget.trials == 3


class TestGeneratedRidge(ModelContract):
    family = "generated_ridge"

    def test_it_finds_the_generated_feature_that_leads(self) -> None:
        """Scrap leads by a day, which the shipped features say; taken from it, they leave it to the generated ones."""
        rows = market_samples(1)
        blind = replace(rows, features=np.zeros((len(rows), 1)), feature_names=("lags.return_0",))
        model = model_families()[self.family]().fit(blind.rows(slice(0, SPLIT)))
        assert "scrap" in model.pinned[0]
        p, later = model.predict(blind.rows(slice(SPLIT, None)))["p"].to_numpy(), rows.rows(slice(SPLIT, None))
        seen = np.isfinite(later.y)
        assert np.abs(p - later.y)[seen].mean() < 0.95 * np.abs(later.curve - later.y)[seen].mean()

    def test_a_forecast_computes_the_pinned_features_alone(self) -> None:
        model = load_model(self.family, self.trained(1).to_bytes())
        pool = Pool.of(declaring().history())
        model.predict(replace(market_samples(1), pool=pool).rows(slice(SPLIT, None)))
        assert model.pinned
        assert set(pool.generator.computed) == set(model.pinned)
        assert len(pool.names) > 5 * len(model.pinned)

    @pytest.mark.parametrize(
        "name", ["zscore:21:nothing", "zscore:0:scrap", "zscore:9999:scrap", "evil:21:scrap", "ratio:21:scrap", ""]
    )
    def test_a_pinned_name_that_means_nothing_is_refused_where_it_would_be_computed(self, name: str) -> None:
        stored = json.loads(self.trained(1).to_bytes())
        names = [*stored["names"][: -len(stored["chosen"])], *(f"generated.{name}" for _ in stored["chosen"])]
        model = load_model(self.family, json.dumps(stored | {"chosen": [name] * len(stored["chosen"]), "names": names}).encode())
        with pytest.raises(ModelError, match="train it again"):
            model.predict(self.to_predict(1))

    def test_what_overdue_series_say_fades_in_generated_features_too(self) -> None:
        dead = market_samples(1).pool.columns(["difference:5:dead", "ratio:5:scrap:dead"])  # its feed ends in the middle
        assert np.isfinite(dead[100:200]).all()
        assert (np.nan_to_num(dead[300:]) == 0).all()


class TestVertex(ModelContract):
    family = "vertex"

    def test_it_believes_a_share_of_what_was_answered_and_nothing_where_nothing_was(self) -> None:
        rows = self.to_predict(1)
        model = self.trained(1)
        moves = np.log(model.predict(rows)["p"].to_numpy() / rows.curve) / rows.volatility
        assert model.share in (0.25, 0.5, 0.75)
        assert moves == pytest.approx(model.share * np.nan_to_num(rows.bought_predictions))
        silent = replace(rows, bought_predictions=np.full(len(rows), np.nan))
        assert model.predict(silent)["p"].tolist() == rows.curve.tolist()

    def test_answers_that_were_noise_are_not_believed(self) -> None:
        rows = market_samples(1)
        noise = replace(rows, bought_predictions=np.random.default_rng(3).normal(size=len(rows)))
        assert model_families()[self.family]().fit(noise.rows(slice(0, SPLIT))).share == 0

    def test_it_is_for_markets_that_declare_it(self) -> None:
        assert "vertex" not in applicable(synthetic(60).market)


class TestProphet(LearningContract):
    family = "prophet"

    def test_it_travels_between_processes_as_it_is_stored(self) -> None:
        import copy

        model = self.trained_anew()
        assert copy.copy(model).to_bytes() == model.to_bytes()
        assert model.__reduce__() == (type(model).from_bytes, (model.to_bytes(),))

    def believing(self) -> Prophet:
        """One that believes half of what it learned."""
        tried = trial(market_samples(5).rows(slice(0, SPLIT)), SPLIT)
        model = Prophet()
        model.drivers, model.share = _closest(tried.recent, tried.returns), 0.5
        model.fitted = model._fitted(tried.recent, tried.returns)
        return model

    def test_it_learns_and_predicts_to_the_last_bit_as_prophet_with_its_own_tables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from prophet import serialize

        from steel_assets.core.models import prophet

        model, frame = self.believing(), self.believing()._frame(self.to_predict())
        monkeypatch.setattr(prophet, "_features", lambda plain, rows: type(plain).make_all_seasonality_features(plain, rows))
        plain = self.believing().fitted
        assert serialize.model_to_json(model.fitted) == serialize.model_to_json(plain)
        assert model.fitted.predict(frame).equals(plain.predict(frame))
        assert np.array_equal(prophet._yhat(model.fitted, frame), plain.predict(frame)["yhat"])

    def test_other_rows_are_not_answered_with_those_before(self) -> None:
        model, rows = self.believing(), self.to_predict()
        whole = model.predict(rows)
        halves = [model.predict(rows.rows(half)) for half in (slice(None, 50), slice(50, None))]
        assert np.array_equal(whole.to_numpy(), np.concatenate(halves))

    def test_it_learns_without_the_library_that_draws(self) -> None:
        code = "import sys; from steel_assets.core.models.prophet import _library; _library(); print(*sys.modules)"
        imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        assert "prophet.forecaster" in imported
        assert "matplotlib" not in imported

    def test_it_says_nothing_while_it_learns(self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        self.trained_anew(1)
        out, err = capfd.readouterr()
        assert out == ""
        assert err == ""
        assert not caplog.records


class TestCombination(ModelContract):
    family = "combination"

    def test_it_is_the_geometric_mean_of_its_members_as_they_weigh(self) -> None:
        rows, ahead = market_samples(1).rows(slice(0, SPLIT)), self.to_predict(1)
        blended = Combination({"forward_curve": 0.25, "ridge": 0.75, "prophet": 0.0}).fit(rows)
        curve, ridge = (model_families()[name]().fit(rows).predict(ahead)["p"] for name in ("forward_curve", "ridge"))
        assert np.allclose(blended.predict(ahead)["p"], curve**0.25 * ridge**0.75, rtol=1e-12)
        assert set(blended.members) == {"forward_curve", "ridge"}

    def test_it_is_the_last_price_where_no_member_was_better_than_that(self) -> None:
        losses = {"naive": np.full(300, 1.0), "ridge": np.full(300, 1.1), "prophet": np.full(300, 1.0)}
        weights = learned_weights(losses)
        assert weights == {"ridge": 0.0, "prophet": 0.0}
        ahead = self.to_predict()
        model = Combination(weights).fit(market_samples(5).rows(slice(0, SPLIT)))
        assert model.predict(ahead)["p"].tolist() == ahead.last.tolist()

    def test_smaller_and_newer_errors_weigh_more(self) -> None:
        naive, steady = np.full(500, 1.0), np.full(500, 0.9)
        better = np.full(500, 0.8)
        better_before, better_lately = np.repeat([0.7, 1.1], 250), np.repeat([1.1, 0.7], 250)
        weights = learned_weights({"naive": naive, "forward_curve": steady, "ridge": better})
        assert weights["ridge"] > 1.3 * weights["forward_curve"]
        assert sum(weights.values()) == pytest.approx(1)
        weights = learned_weights({"naive": naive, "ridge": better_lately, "prophet": better_before})
        assert weights["ridge"] > weights["prophet"]

    def test_members_that_are_not_those_that_weigh_are_refused(self) -> None:
        stored = json.loads(self.trained().to_bytes())
        with pytest.raises(ModelError, match="not those that weigh"):
            load_model("combination", json.dumps(stored | {"weights": {"ridge": 1.0}}).encode())


def test_every_family_found_has_a_class_here_that_holds_it_to_the_contract() -> None:
    held = {value.family for value in globals().values() if isinstance(value, type) and "family" in vars(value)}
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
