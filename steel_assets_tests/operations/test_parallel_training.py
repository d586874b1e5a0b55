"""Horizons side by side: another joblib backend can take over and gives the same models."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from joblib import Parallel, delayed, parallel_config, register_parallel_backend
from joblib._parallel_backends import ThreadingBackend

from steel_assets.catalog import load_catalog
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.open_sets import open_to
from steel_assets.core.training import Candidate
from steel_assets.operations.training import LIBRARIES, train_market, warm_up
from steel_assets_tests.core.synthetic import synthetic
from steel_assets_tests.own_folder import own_folder

handed_out: list[int] = []


class Elsewhere(ThreadingBackend):
    """A backend that notes that it was asked, as one on other machines would be."""

    def submit(self, func, callback=None):  # type: ignore[no-untyped-def]
        handed_out.append(1)
        return super().submit(func, callback)


@pytest.fixture(scope="module")
def material() -> tuple[MarketHistory, pd.DataFrame]:
    history = synthetic(count=320, seed=1, lived=0).history()
    return history, build_features(history)


def content(trained: Candidate) -> list[bytes]:
    return [bundle.model.to_bytes() for bundle in trained.bundles.values()]


def test_another_backend_takes_over_and_trains_the_same_models(material: tuple[MarketHistory, pd.DataFrame]) -> None:
    here = train_market(*material, {}, 40)
    register_parallel_backend("elsewhere", Elsewhere)
    with parallel_config(backend="elsewhere"):
        there = train_market(*material, {}, 40)
    assert len(handed_out) == 2, "one task per horizon"
    assert content(here) == content(there)


def ready() -> bool:
    """Whether this process has the libraries of every family and has worked out trading days."""
    return all(name in sys.modules for name in (*LIBRARIES, "exchange_calendars"))


@pytest.mark.slow
def test_processes_that_were_warmed_up_are_those_that_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    warm_up(load_catalog())
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            thread.join()
    assert any(Parallel(n_jobs=2, batch_size=1)(delayed(ready)() for _ in range(2)))


@pytest.mark.slow
def test_a_family_from_a_folder_of_ones_own_is_trained_too_in_processes_that_start_without_it(
    material: tuple[MarketHistory, pd.DataFrame], tmp_path: Path
) -> None:
    with own_folder(tmp_path) as folder:
        (folder / "models").mkdir()
        family = "from steel_assets.core.models.naive import Naive\n\n\nclass Still(Naive):\n    family = 'still'\n"
        (folder / "models" / "still.py").write_text(family)
        open_to(folder)
        trained = train_market(*material, {}, 40)
    assert "still" in set(trained.backtest["model"])


def test_what_fails_at_one_horizon_is_raised_as_it_was_there(material: tuple[MarketHistory, pd.DataFrame]) -> None:
    with pytest.raises(AttributeError):
        train_market(material[0], None, {}, 40)  # type: ignore[arg-type]
