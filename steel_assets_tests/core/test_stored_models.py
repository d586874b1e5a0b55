"""Models that were made up to take minutes, gigabytes or the process: each is refused as what it is, before it is used."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from steel_assets.core.forecast import BUNDLE_FILE, MODEL_FILE, bundle_from_files
from steel_assets.core.models import ModelError, load_model
from steel_assets.core.models._stored import LARGEST_FILE
from steel_assets.core.models.prophet import _check

LEVELS = [-1.6, -1.3, -0.7, 0.0, 0.7, 1.3, 1.6]
LEAF = {"feature": [-1], "threshold": [0.0], "missing_left": [False], "left": [0], "right": [0], "value": [0.1]}
BOOSTING = {"family": "boosting", "levels": LEVELS, "names": ["a"], "share": 0.5, "start": 0.0, "trees": [LEAF]}
EQUAL = {"forward_curve": 0.5, "ridge": 0.5, "prophet": 0.0}
COMBINATION = {"family": "combination", "levels": LEVELS, "weights": EQUAL, "members": {}}
RIDGE = {"family": "ridge", "levels": LEVELS, "names": ["a"], "mean": [0.0], "scale": [1.0], "weights": [0.1]}
ETS = {"family": "ets", "levels": LEVELS, "level": 0.9, "trend": 0.1, "fading": 0.9}
NESTED = b'{"family": "ridge", "levels": ' + b"[" * 100_000
HUGE_TREE = {name: values * 50_000 for name, values in LEAF.items()}


def test_the_models_that_the_attacks_are_made_of_are_read() -> None:
    for whole in (BOOSTING, COMBINATION, RIDGE, ETS):
        assert load_model(str(whole["family"]), json.dumps(whole).encode()).family == whole["family"]


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (BOOSTING, {"trees": [LEAF] * 200_000}),
        (BOOSTING, {"trees": [LEAF] * 2_000}),
        (BOOSTING, {"trees": [HUGE_TREE]}),
        (BOOSTING, {"trees": {"0": LEAF}}),
        (BOOSTING, {"trees": [LEAF | {"value": [float("inf")]}]}),
        (BOOSTING, {"trees": [LEAF | {"feature": [2**70]}]}),
        (BOOSTING, {"share": 1e308}),
        (BOOSTING, {"start": float("nan")}),
        (COMBINATION, {"weights": {**EQUAL, "prophet": 0.5}}),
        (COMBINATION, {"weights": {"ridge": 2.0, "forward_curve": -1.0}}),
        (COMBINATION, {"weights": {"ridge": float("inf")}}),
        (COMBINATION, {"weights": {"naive": 1.0}}),
        (COMBINATION, {"weights": {"combination": 1.0}, "members": {"combination": json.dumps(COMBINATION)}}),
        (RIDGE, {"weights": [float("inf")]}),
        (RIDGE, {"scale": [0.0]}),
        (RIDGE, {"mean": [10**400]}),
        (RIDGE, {"names": ["a"] * 2, "mean": [0.0]}),
        (ETS, {"fading": 1e200}),
        (ETS, {"level": float("nan")}),
        (ETS, {"level": 10**400}),
        (ETS, {"levels": [0.0, 1e999, 0.0]}),
    ],
)
def test_what_no_training_stores_is_refused(model: dict[str, Any], changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        load_model(model["family"], json.dumps(model | changes).encode())


@pytest.mark.parametrize(
    "content", [NESTED, b"[" * 1_000_000, b" " * (LARGEST_FILE + 1), b'{"a":' * 50_000, b"1e99999", b"9" * 10_000]
)
def test_a_file_too_deep_too_large_or_too_long_is_refused_as_a_model_and_as_a_champion(content: bytes) -> None:
    for family in ("ridge", "boosting", "combination", "prophet"):
        with pytest.raises(ModelError):
            load_model(family, content)
    with pytest.raises(ModelError):
        bundle_from_files({BUNDLE_FILE: content, MODEL_FILE: content})


@pytest.mark.slow  # measures processor time
def test_twice_as_many_trees_cost_no_more_to_refuse_than_twice_the_bytes_to_read() -> None:
    """The work is bounded by the file: no tree is made before their number is known."""

    def seconds(count: int) -> float:
        content = json.dumps(BOOSTING | {"trees": [LEAF] * count}).encode()
        began = time.process_time()
        with pytest.raises(ModelError):
            load_model("boosting", content)
        return time.process_time() - began

    seconds(1000)
    read = time.process_time()
    json.loads(json.dumps(BOOSTING | {"trees": [LEAF] * 40_000}))
    read = time.process_time() - read
    assert seconds(40_000) < 3 * read


SEASON = {"yearly": {"fourier_order": 2, "period": 365.25}}
PROPHET = {
    "growth": "flat",
    "mcmc_samples": 0,
    "uncertainty_samples": 0,
    "holidays": None,
    "country_holidays": None,
    "seasonalities": [["yearly"], SEASON],
    "extra_regressors": [["a"], {"a": {}}],
    "params": {"k": [[0.0]], "beta": [[0.1] * 5]},
}


@pytest.mark.parametrize(
    "changes",
    [
        {"seasonalities": [["yearly"], {"yearly": {"fourier_order": 3_000_000}}]},
        {"seasonalities": [["yearly", "more"], SEASON | {"more": {"fourier_order": 3_000_000}}]},
        {"seasonalities": [[], {}]},
        {"growth": "logistic"},
        {"uncertainty_samples": 10**9},
        {"mcmc_samples": 10**9},
        {"country_holidays": "MX"},
        {"extra_regressors": [["a"] * 1000, {"a": {}}]},
        {"params": {"k": [[0.0]] * 10_000}},
        {"params": {"beta": [[0.1] * 10_000]}},
        {"params": {"beta": 3}},
    ],
)
def test_a_prophet_that_would_take_for_ever_to_predict_is_refused(changes: dict[str, Any]) -> None:
    _check(PROPHET)
    with pytest.raises((KeyError, TypeError, ValueError, IndexError)):
        _check(PROPHET | changes)
