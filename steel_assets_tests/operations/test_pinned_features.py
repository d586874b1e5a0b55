"""Features that a model chose: named in its manifest, and computed alone where it forecasts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.core.calibration import Track
from steel_assets.core.features import _pool, build_features
from steel_assets.core.forecast import Bundle, bundle_from_files, issue
from steel_assets.core.models.generated_ridge import GeneratedRidge
from steel_assets.core.samples import build_samples
from steel_assets.core.selection import Choice
from steel_assets.core.tables import BACKTEST
from steel_assets.core.training import Candidate
from steel_assets.operations.candidates import propose
from steel_assets_tests.contracts.model import declaring


def test_a_bundle_s_manifest_names_the_features_that_it_uses_and_issuing_computes_exactly_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = declaring().history()
    features, market = build_features(history), history.market.id
    samples = build_samples(history, features, 1)
    model = GeneratedRidge().fit(samples.with_labels(history.prices_at(samples.target_dates, history.as_of)))
    assert model.pinned
    track = Track(samples.origins[-50:], samples.last[-50:])
    candidate = Candidate(
        market=market,
        as_of=history.as_of,
        origin=history.origins[-1],
        bundles={1: Bundle(market, 1, model, track, 0.5)},
        choices={1: Choice("generated_ridge", 1, {}, instead_of="ridge")},
        backtest=BACKTEST.empty(),
    )
    store = LocalFolder(tmp_path)
    models = ModelStore(store, None)
    version = propose(Lake(store), models, candidate)[1]
    manifest, files = models.load("staging", market, 1, version)
    assert manifest["features"] == list(model.pinned)
    computed: list[str] = []
    whole = _pool.Generator._computed
    monkeypatch.setattr(_pool.Generator, "_computed", lambda self, name: computed.append(name) or whole(self, name))
    [row] = issue(history, features, [bundle_from_files(files)]).to_dict("records")
    assert sorted(computed) == sorted(model.pinned)
    assert np.isfinite(row["predicted_price"])
    assert row["model_family"] == "generated_ridge"
    assert isinstance(row["origin"], pd.Timestamp)
