"""Pruning former models: what can still be needed stays, what was given up says so, and no death in between does harm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.models.store import Conflict, ModelNotFound, ModelStore
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore
from steel_assets_tests.adapters.test_model_store import MONDAY, WEEK, promote
from steel_assets_tests.google.storage_server import StorageServer

COUNT = 10
LAST = MONDAY + (COUNT - 1) * WEEK


@pytest.fixture(params=["local folder", "cloud storage"])
def store(request: pytest.FixtureRequest, tmp_path: Path, storage: StorageServer) -> ObjectStore:
    if request.param == "local folder":
        return LocalFolder(tmp_path / "lake")
    return GcsStore("gs://steel-lake/lake", connect=partial(storage_client, storage.url))


@pytest.fixture
def models(store: ObjectStore) -> ModelStore:
    """Ten versions, each in force for a week."""
    found = ModelStore(store)
    for week in range(COUNT):
        promote(found, f"v{week}", MONDAY + week * WEEK)
    return found


def versions(models: ModelStore, stage: str) -> list[str]:
    return sorted(key.split("/")[-2] for key in models.store.list(f"models/{stage}/") if key.endswith("/manifest.json"))


def prune(models: ModelStore, keep: int = 2, days: int = 7) -> list[str]:
    return models.prune("rebar", 5, keep, days, LAST)


def back(models: ModelStore, version: str | None = None) -> str:
    pointer = models.production("rebar", 5)
    assert pointer is not None
    return models.rollback("rebar", 5, pointer, pointer.since + timedelta(hours=1), version).version


def test_the_newest_versions_and_those_of_the_last_days_are_kept_everywhere_and_the_others_nowhere(models: ModelStore) -> None:
    assert prune(models, keep=2, days=20) == ["v0", "v1", "v2", "v3", "v4", "v5"]  # v6 gave way to v7 14 days ago
    assert versions(models, "production") == versions(models, "staging") == ["v6", "v7", "v8", "v9"]
    assert versions(models, "backups") == ["v6", "v7", "v8"]
    assert not [key for key in models.store.list("models/") if "/v0/" in key or "/v5/" in key]


def test_many_versions_are_kept_however_old(models: ModelStore) -> None:
    assert prune(models, keep=4) == ["v0", "v1", "v2", "v3", "v4", "v5"]
    assert prune(models, keep=4) == []


def test_within_what_is_kept_a_rollback_goes_back_and_past_days_know_their_champion(models: ModelStore) -> None:
    prune(models, keep=3)
    assert models.load("production", "rebar", 5, models.version_at("rebar", 5, MONDAY + 7 * WEEK))[0]["name"] == "v7"
    assert [back(models), back(models, "v7")] == ["v8", "v7"]
    assert models.load("production", "rebar", 5)[0]["name"] == "v7"


def test_a_version_rolled_back_to_counts_as_new(models: ModelStore) -> None:
    back(models, "v2")
    assert "v2" not in prune(models)
    assert models.load("production", "rebar", 5)[0]["name"] == "v2"


def test_who_asks_for_a_pruned_version_is_told_so(models: ModelStore) -> None:
    prune(models)
    for ask in (
        lambda: models.load("production", "rebar", 5, "v0"),
        lambda: back(models, "v0"),
        lambda: promote(models, "v0", LAST + WEEK),
    ):
        with pytest.raises(ModelNotFound, match="version v0 was pruned: only the newest"):
            ask()
    assert models.version_at("rebar", 5, MONDAY) == "v0"
    assert models.load("production", "rebar", 5)[0]["name"] == "v9"


def test_another_horizon_and_a_market_without_a_model_are_left_alone(models: ModelStore) -> None:
    assert models.prune("rebar", 21, 2, 7, LAST) == []
    assert models.prune("scrap", 5, 2, 7, LAST) == []
    assert len(versions(models, "production")) == COUNT


class Dying:
    """A store whose process dies at the ``after``-th deletion."""

    def __init__(self, store: ObjectStore, after: int) -> None:
        self._store, self._left = store, after

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def delete(self, key: str) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        self._store.delete(key)


@contextmanager
def dying(models: ModelStore, after: int) -> Iterator[None]:
    whole = models.store
    models.store = Dying(whole, after)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        yield
    models.store = whole


@pytest.mark.parametrize("after", [0, 1, 2, 8, 30])
def test_a_death_at_any_deletion_leaves_whole_models_and_the_next_pruning_ends_it(models: ModelStore, after: int) -> None:
    with dying(models, after):
        prune(models)
    assert models.load("production", "rebar", 5)[0]["name"] == "v9"
    with pytest.raises(ModelNotFound, match="was pruned"):
        back(models, "v3")
    assert prune(models) == []  # they were given up the first time
    assert versions(models, "production") == versions(models, "staging") == ["v8", "v9"]
    assert not [key for key in models.store.list("models/") if "/v3/" in key]
    assert back(models) == "v8"


def test_a_rollback_decided_before_a_pruning_is_a_conflict_not_a_return_to_nothing(models: ModelStore) -> None:
    seen = models.production("rebar", 5)
    assert seen is not None
    prune(models)
    for version in ("v1", "v8"):
        with pytest.raises(Conflict):
            models.rollback("rebar", 5, seen, LAST + WEEK, version)
    assert models.load("production", "rebar", 5)[0]["name"] == "v9"
