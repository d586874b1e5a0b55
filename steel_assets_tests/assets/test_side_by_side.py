"""Markets side by side: another joblib backend can take over and gives the same models; one market's failure is its own."""

from __future__ import annotations

import pytest
from joblib import parallel_config, register_parallel_backend
from joblib._parallel_backends import ThreadingBackend

from steel_assets.assets.side_by_side import Material, train_each
from steel_assets.core.features import build_features
from steel_assets.core.training import Candidate
from steel_assets_tests.core.synthetic import synthetic

handed_out: list[int] = []


class Elsewhere(ThreadingBackend):
    """A backend that notes that it was asked, as one on other machines would be."""

    def submit(self, func, callback=None):  # type: ignore[no-untyped-def]
        handed_out.append(1)
        return super().submit(func, callback)


@pytest.fixture(scope="module")
def material() -> dict[str, Material | Exception]:
    histories = {f"market_{seed}": synthetic(count=320, seed=seed, lived=0).history() for seed in (1, 2)}
    return {name: (history, build_features(history), {}) for name, history in histories.items()}


def content(trained: Candidate | Exception) -> list[bytes]:
    assert isinstance(trained, Candidate)
    return [bundle.model.to_bytes() for bundle in trained.bundles.values()]


def test_another_backend_takes_over_and_trains_the_same_models(material: dict[str, Material | Exception]) -> None:
    here = train_each(material, 40)
    register_parallel_backend("elsewhere", Elsewhere)
    with parallel_config(backend="elsewhere"):
        there = train_each(material, 40)
    assert len(handed_out) == 4  # two markets, two horizons each
    for market, candidate in here.items():
        assert content(candidate) == content(there[market])


def test_a_market_that_fails_comes_back_as_its_error(material: dict[str, Material | Exception]) -> None:
    history, _, _ = material["market_1"]  # type: ignore[misc]
    broken = material | {"broken": (history, None, {}), "refused": LookupError("no data")}
    trained = train_each(broken, 40)  # type: ignore[arg-type]
    assert isinstance(trained["broken"], Exception)
    assert isinstance(trained["refused"], LookupError)
    assert isinstance(trained["market_2"], Candidate)
