"""What every model family keeps: its test class inherits this and names the family."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.explanation import contributions
from steel_assets.core.features import build_features
from steel_assets.core.models import Model, ModelError, load_model, model_families
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.types import QUANTILE_COLUMNS, Generated
from steel_assets_tests.core.synthetic import Synthetic, synthetic

SPLIT = 420


def declaring() -> Synthetic:
    """A simulated market that declares generated features."""
    made = synthetic(count=500, lived=0)
    return replace(made, market=made.market.model_copy(update={"generated": Generated()}))


@cache
def market_samples(horizon: int) -> Samples:
    """All origins of a simulated market, with every label that is known at the end."""
    history = declaring().history()
    samples = build_samples(history, build_features(history), horizon)
    scrap = samples.features[:, samples.feature_names.index("drivers.scrap_change_1")]
    samples = replace(samples, bought_predictions=np.where(np.arange(len(samples)) < 60, np.nan, 0.5 * np.clip(scrap, -2, 2)))
    return samples.with_labels(history.prices_at(samples.target_dates, history.as_of))


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """True when two predictions are identical to the last bit."""
    return list(one.columns) == list(other.columns) and np.array_equal(one.to_numpy(), other.to_numpy())


def learned(family: str, horizon: int, rows: int) -> Model:
    """A new model of a family, fitted to the first rows of the simulated market."""
    return model_families()[family]().fit(market_samples(horizon).rows(slice(0, rows)))


shared = cache(learned)
"""The same, fitted once per process: for tests of what a fitted model says, which changes nothing of it."""


class ModelContract:
    """Inherit, and name the family."""

    family: ClassVar[str]

    def trained(self, horizon: int = 5, rows: int = SPLIT) -> Model:
        """The shared model of the family."""
        return shared(self.family, horizon, rows)

    def trained_anew(self, horizon: int = 5) -> Model:
        """A model of the family that nobody has asked anything."""
        return learned(self.family, horizon, SPLIT)

    def to_predict(self, horizon: int = 5) -> Samples:
        return market_samples(horizon).rows(slice(SPLIT, None)).with_labels(np.full(500 - SPLIT, np.nan))

    @pytest.mark.parametrize("horizon", [1, 5, 21])
    def test_a_forecast_is_a_point_and_seven_ordered_positive_quantiles_around_it(self, horizon: int) -> None:
        forecast = self.trained(horizon).predict(self.to_predict(horizon))
        assert list(forecast.columns) == ["p", *QUANTILE_COLUMNS]
        assert len(forecast) == 500 - SPLIT
        values = forecast.to_numpy()
        assert np.isfinite(values).all()
        assert (values > 0).all()
        assert (np.diff(values[:, 1:], axis=1) >= 0).all()
        assert (forecast["q05"] <= forecast["p"]).all()
        assert (forecast["p"] <= forecast["q95"]).all()

    def test_fitting_again_gives_the_same_forecast_to_the_last_bit(self) -> None:
        assert same(self.trained().predict(self.to_predict()), self.trained_anew().predict(self.to_predict()))

    def test_a_stored_model_forecasts_as_before(self) -> None:
        model = self.trained_anew()
        again = load_model(self.family, model.to_bytes())
        assert same(model.predict(self.to_predict()), again.predict(self.to_predict()))
        assert again.to_bytes() == model.to_bytes()

    def test_a_model_that_learned_nothing_can_be_stored_too(self) -> None:
        model = self.trained(rows=5)
        assert same(load_model(self.family, model.to_bytes()).predict(self.to_predict()), model.predict(self.to_predict()))

    def test_what_is_stored_is_plain_text(self) -> None:
        assert json.loads(self.trained().to_bytes())["family"] == self.family

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x80\x04\x95",
            b"null",
            b"[]",
            b"{}",
            b'{"family": "other", "levels": [0, 0, 0, 0, 0, 0, 0]}',
            b"\xff\xfe not text",
        ],
    )
    def test_anything_else_is_refused(self, content: bytes) -> None:
        with pytest.raises(ModelError):
            load_model(self.family, content)

    def test_a_damaged_model_is_refused(self) -> None:
        content = self.trained().to_bytes()
        stored = json.loads(content)
        without_levels = {key: value for key, value in stored.items() if key != "levels"}
        for damaged in (
            content[: len(content) // 2],
            json.dumps(without_levels).encode(),
            json.dumps(stored | {"levels": [0.0, 1.0]}).encode(),
            json.dumps(stored | {"levels": ["a"] * 7}).encode(),
            json.dumps(stored | {"levels": [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]}).encode(),
        ):
            with pytest.raises(ModelError):
                load_model(self.family, damaged)

    def test_a_row_is_forecast_from_itself_alone(self) -> None:
        model = self.trained()
        rows = self.to_predict()
        whole = model.predict(rows).to_numpy()
        for start, stop in ((0, 1), (3, 4), (10, 37), (79, 80)):
            assert model.predict(rows.rows(slice(start, stop))).to_numpy().tolist() == whole[start:stop].tolist()

    def test_rows_without_a_label_teach_nothing(self) -> None:
        samples = market_samples(5).rows(slice(0, SPLIT))
        y = samples.y.copy()
        y[-30:] = np.nan
        features = samples.features.copy()
        features[-30:] = 1e6
        noisy = replace(samples.with_labels(y), features=features)
        model = model_families()[self.family]
        assert same(model().fit(samples.with_labels(y)).predict(self.to_predict()), model().fit(noisy).predict(self.to_predict()))

    @pytest.mark.parametrize("rows", [0, 1, 2, 10, 100, 260])
    def test_few_rows_are_no_error(self, rows: int) -> None:
        forecast = self.trained(rows=rows).predict(self.to_predict()).to_numpy()
        assert np.isfinite(forecast).all()
        assert (np.diff(forecast[:, 1:], axis=1) >= 0).all()

    def test_nothing_to_predict_gives_no_rows(self) -> None:
        assert len(self.trained().predict(self.to_predict().rows(slice(0, 0)))) == 0

    def test_a_price_that_never_moves_is_forecast_to_stay(self) -> None:
        samples = market_samples(5)
        still = np.full(len(samples), 600.0)
        unmoved = {"volatility": np.full(len(samples), 1e-4), "moves": np.zeros_like(samples.moves)}
        rows = replace(samples, last=still, roll_aware=still, curve=still, y=still, **unmoved)
        forecast = model_families()[self.family]().fit(rows).predict(rows)
        assert forecast["p"].to_numpy() == pytest.approx(still, rel=1e-4)
        assert np.isfinite(forecast.to_numpy()).all()

    @pytest.mark.parametrize("kind", ["unknown", "none at all"])
    def test_without_drivers_it_still_forecasts(self, kind: str) -> None:
        samples = market_samples(5)
        if kind == "unknown":
            samples = replace(samples, features=np.full_like(samples.features, np.nan))
        else:
            samples = replace(samples, features=np.empty((len(samples), 0)), feature_names=())
        forecast = model_families()[self.family]().fit(samples.rows(slice(0, SPLIT))).predict(samples.rows(slice(SPLIT, None)))
        assert np.isfinite(forecast.to_numpy()).all()

    def test_the_unit_of_the_price_is_the_unit_of_the_forecast(self) -> None:
        samples = market_samples(5)
        rows = replace(
            samples, **{name: getattr(samples, name) * 1000 for name in ("last", "roll_aware", "curve", "y")}
        )  # fmt: skip
        in_tonnes = self.trained().predict(samples.rows(slice(SPLIT, None)))
        in_kilotonnes = model_families()[self.family]().fit(rows.rows(slice(0, SPLIT))).predict(rows.rows(slice(SPLIT, None)))
        assert in_kilotonnes.to_numpy() == pytest.approx(1000 * in_tonnes.to_numpy(), rel=1e-6)

    @pytest.mark.parametrize("horizon", [1, 21])
    def test_what_each_driver_moved_adds_up_to_the_way_from_the_last_price(self, horizon: int) -> None:
        model, rows = self.trained(horizon), self.to_predict(horizon)
        p = model.predict(rows)["p"].to_numpy()
        money = contributions(model.explain(rows), rows.last, p)
        assert np.isfinite(money.to_numpy()).all()
        assert money.sum(axis=1).to_numpy() == pytest.approx(p - rows.last, abs=1e-9)

    def test_a_row_is_explained_from_itself_alone(self) -> None:
        model, rows = self.trained(), self.to_predict()
        whole = model.explain(rows)
        for start, stop in ((0, 1), (3, 4), (10, 37)):
            alone = model.explain(rows.rows(slice(start, stop)))
            assert list(alone.columns) == list(whole.columns)
            assert alone.to_numpy() == pytest.approx(whole.to_numpy()[start:stop], abs=1e-8)

    def test_a_stored_model_explains_as_before(self) -> None:
        model, rows = self.trained(), self.to_predict()
        assert load_model(self.family, model.to_bytes()).explain(rows).equals(model.explain(rows))

    def test_the_interval_widens_with_the_horizon(self) -> None:
        def width(horizon: int) -> float:
            forecast = self.trained(horizon).predict(self.to_predict(horizon))
            return float(((forecast["q95"] - forecast["q05"]) / forecast["p"]).mean())

        assert width(1) < width(5) < width(21)
