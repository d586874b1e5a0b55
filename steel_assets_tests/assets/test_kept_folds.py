"""A retraining says how many folds it did not have to compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.operations import kept_folds
from steel_assets.operations.candidates import announced
from steel_assets_tests.assets.measured_world import MARKET, lived, made_of
from steel_assets_tests.core.synthetic import synthetic


def told(done: dg.ExecuteInProcessResult) -> dict[str, Any]:
    [materialization] = done.asset_materializations_for_node(f"{MARKET}__candidate_models")
    return {name: materialization.metadata[name].value for name in ("folds_kept", "folds_computed")}


@pytest.mark.slow  # trains a market
def test_a_retraining_on_the_same_data_computes_no_fold_says_so_and_proposes_the_same(tmp_path: Path) -> None:
    parts: Platform = lived(tmp_path)
    for _, rows in synthetic(lived=0).observations.assign(simulated=True).groupby("collected_at"):
        parts.lake.append_observations(rows, "file-import", "files")
    made_of(parts, "data_quality")
    first = told(made_of(parts, "candidate_models"))
    assert first["folds_kept"] == 0
    versions = announced(parts.lake, MARKET).versions
    left = {key: parts.store.get(key) for key in parts.store.list(f"{kept_folds.FOLDER}/{MARKET}/")}
    assert len(left) == len(versions)
    again = told(made_of(parts, "candidate_models"))
    assert again == {"folds_kept": first["folds_computed"], "folds_computed": 0}
    assert announced(parts.lake, MARKET).versions == versions
    assert {key: parts.store.get(key) for key in left} == left
