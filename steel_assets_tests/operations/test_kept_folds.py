"""Kept folds in the lake: what was written is read, all else is named and left out, and code is known by its bytes."""

from __future__ import annotations

import io
import logging
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.kept_folds import KeptFold
from steel_assets.core.open_sets import open_to
from steel_assets.core.training import Candidate
from steel_assets.operations import kept_folds
from steel_assets.operations.training import train_market
from steel_assets_tests.core.synthetic import synthetic
from steel_assets_tests.own_folder import own_folder

MARKET, HORIZON = "rebar_test", 5
ROWS = [bytes([number]) * 32 for number in range(3)]
FOLDS = {
    b"a" * 32: KeptFold(np.linspace(-1, 1, 7), dict(zip(ROWS, (1.0, 0.1 + 0.2, 5e-324), strict=True))),
    b"b" * 32: KeptFold(np.linspace(-2, 2, 7), {ROWS[0]: 1e300}, b'{"family": "ridge"}'),
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFolder(tmp_path / "lake"))


def told(folds: dict[bytes, KeptFold]) -> list[object]:
    return [(digest, kept.levels.tolist(), list(kept.points.items()), kept.model) for digest, kept in folds.items()]


def test_what_was_kept_is_read_to_the_last_bit_and_nothing_else_stays(lake: Lake) -> None:
    assert kept_folds.load(lake, MARKET, HORIZON) == {}
    kept_folds.save(lake, MARKET, HORIZON, FOLDS)
    assert told(kept_folds.load(lake, MARKET, HORIZON)) == told(FOLDS)
    [key] = lake.store.list("")
    content = lake.store.get(key)
    kept_folds.save(lake, MARKET, HORIZON, kept_folds.load(lake, MARKET, HORIZON))
    assert lake.store.get(key) == content
    kept_folds.save(lake, MARKET, HORIZON, dict([*FOLDS.items()][1:]))
    assert list(kept_folds.load(lake, MARKET, HORIZON)) == [b"b" * 32]
    kept_folds.save(lake, MARKET, HORIZON, {})
    assert kept_folds.load(lake, MARKET, HORIZON) == {}


@pytest.mark.parametrize("column", ["fold", "levels", "rows", "points", "model", "sha256"])
def test_a_whole_file_of_another_content_is_not_believed_and_is_named(
    lake: Lake, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One written by another program, whose pages have checksums that fit."""
    kept_folds.save(lake, MARKET, HORIZON, FOLDS)
    [key] = lake.store.list("")
    frame = pq.read_table(io.BytesIO(lake.store.get(key))).to_pandas()
    frame[column] = frame[column].iloc[::-1].to_numpy()
    forged = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), forged)
    lake.store.put(key, forged.getvalue())
    with caplog.at_level(logging.WARNING):
        assert kept_folds.load(lake, MARKET, HORIZON) == {}
    assert f"{key} was damaged" in caplog.text


def test_a_file_of_ones_own_and_an_installed_library_are_part_of_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [kept_folds.code()]
    with own_folder(tmp_path) as folder:
        (folder / "models").mkdir()
        path = folder / "models" / "_serves.py"
        for text in ("ONE = 1\n", "ONE = 2\n"):
            path.write_text(text)
            open_to(folder)
            kept_folds._code.cache_clear()
            found.append(kept_folds.code())
    (tmp_path / "site" / "numpy-9.9.9.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")
    kept_folds._code.cache_clear()
    found.append(kept_folds.code())
    monkeypatch.undo()
    kept_folds._code.cache_clear()
    assert len(set(found)) == 4
    assert kept_folds.code() == found[0]


@cache
def trained_on(place: int) -> tuple[MarketHistory, pd.DataFrame]:
    """What is known at origin number ``place``."""
    made = synthetic(count=360, seed=1, lived=0)
    history = made.history(made.history().moments[place])
    return history, build_features(history)


def content(candidate: Candidate) -> list[bytes]:
    return [bundle.model.to_bytes() for bundle in candidate.bundles.values()]


@pytest.mark.slow  # trains three times
def test_a_retraining_with_what_the_last_one_left_proposes_the_same_candidates(lake: Lake) -> None:
    none: dict[int, dict[bytes, KeptFold]] = {1: {}, 5: {}}
    for horizon, folds in train_market(*trained_on(340), {}, 40, None, none).folds.items():
        assert not folds.taken
        kept_folds.save(lake, MARKET, horizon, folds.used)
    kept = {horizon: kept_folds.load(lake, MARKET, horizon) for horizon in none}
    again, anew = (train_market(*trained_on(345), {}, 40, None, former) for former in (kept, None))
    assert again.backtest.equals(anew.backtest)
    assert content(again) == content(anew)
    assert {h: choice.reason for h, choice in again.choices.items()} == {h: choice.reason for h, choice in anew.choices.items()}
    for folds in again.folds.values():
        assert sum(folds.taken.values()) > 10 * sum(folds.computed.values())
        assert not folds.former, "what a process was given is not sent back"
