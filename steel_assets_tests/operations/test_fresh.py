"""A provider of which nothing is doubted is one whose groups all stand FRESH, as ``collecting.group_standing`` says it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.catalog import Catalog, Source, load_catalog
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.operations.collecting import group_standing
from steel_assets.operations.collection_records import note
from steel_assets.operations.fresh import collection_key, may_be_stale

NOW = pd.Timestamp("2026-11-30T12:00Z")
HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFolder(tmp_path))


def states(catalog: Catalog, lake: Lake, source: Source) -> set[str]:
    return {group_standing(catalog, lake, source, group, OBSERVATIONS.empty(), NOW).state for group in source.groups}


@pytest.mark.parametrize(("age", "failing"), [*itertools.product([0, 35.9, 36, 36.1, 100], [0, 1])])
def test_what_is_doubted_is_what_does_not_stand_fresh(catalog: Catalog, lake: Lake, age: float, failing: int) -> None:
    source = catalog.sources["fred_api"]
    for group in source.groups:
        ids = [declared.id for declared in catalog.series_of(source.id, group)]
        note(lake.store, source, group, NOW - 200 * HOUR, ids, {}, {})
        note(lake.store, source, group, NOW - age * HOUR, ids, dict.fromkeys(ids[:failing], "no answer"), {})
    assert may_be_stale(catalog, lake.store, source, NOW.to_pydatetime()) is (states(catalog, lake, source) != {"FRESH"})


def test_a_series_that_was_never_answered_and_a_group_that_was_never_asked_are_doubted(catalog: Catalog, lake: Lake) -> None:
    source = catalog.sources["fred_api"]
    first, *rest = source.groups
    ids = [declared.id for declared in catalog.series_of(source.id, first)]
    note(lake.store, source, first, NOW, ids, {}, {})
    assert rest
    assert may_be_stale(catalog, lake.store, source, NOW.to_pydatetime())
    for group in rest:
        note(lake.store, source, group, NOW, [declared.id for declared in catalog.series_of(source.id, group)][1:], {}, {})
    assert may_be_stale(catalog, lake.store, source, NOW.to_pydatetime())


def test_a_provider_that_nobody_asked_is_doubted_only_where_rows_of_it_lie(catalog: Catalog, lake: Lake) -> None:
    source = catalog.sources["yahoo_finance"]
    assert not may_be_stale(catalog, lake.store, source, NOW.to_pydatetime())
    lake.store.put(f"raw-data/{source.folder}/steel_futures/2026/x.parquet", b"rows")
    assert may_be_stale(catalog, lake.store, source, NOW.to_pydatetime())


@pytest.mark.parametrize("noted", [b"no JSON", b"[]", b'{"attempted_at": "2026-11-30T12:00:00", "answered": {}, "problems": {}}'])
def test_a_damaged_note_is_doubted_where_others_are_whole(catalog: Catalog, lake: Lake, noted: bytes) -> None:
    source = catalog.sources["fred_api"]
    for group in source.groups:
        note(lake.store, source, group, NOW, [declared.id for declared in catalog.series_of(source.id, group)], {}, {})
    assert not may_be_stale(catalog, lake.store, source, NOW.to_pydatetime())
    lake.store.put(collection_key(source, source.groups[0]), noted)
    assert may_be_stale(catalog, lake.store, source, NOW.to_pydatetime())
