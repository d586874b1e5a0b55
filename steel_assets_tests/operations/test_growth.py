"""Everything that grows says by what and what bounds it: in the code, in ``docs/operations.md``, in ``steel status --sizes``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from steel_assets.bootstrap import Platform
from steel_assets.cli import status_sizes
from steel_assets.cli.main import app
from steel_assets.core.tables import DRIFT
from steel_assets.operations import growth
from steel_assets_tests.damaged_world import lived_through, platform_at
from steel_assets_tests.isolation import ROOT


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A home in which every kind of file was written by the platform itself."""
    return platform_at(lived_through(tmp_path_factory.mktemp("growth")))


def test_every_file_that_the_platform_writes_is_of_a_kind_with_a_law(parts: Platform) -> None:
    strange = [key for key in parts.store.list("") if growth.kind_of(key) == growth.OTHER]
    assert strange == []
    assert len({growth.kind_of(key) for key in parts.store.list("")}) >= 14


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("raw-data/fred-api/macro/2026/x.parquet", "raw figures"),
        ("raw-data/fred-api/quarantine/held/x.parquet", "figures held, refused answers"),
        ("raw-data/file-import/imports/claims/x", "imports"),
        ("raw-copies/fred-api/macro/compacted/x.parquet", "raw figures"),
        ("experiments/trial/rebar_fob_turkey/1/v/model.json", "models of experiments"),
        ("pictures/2026-11-20/rebar_fob_turkey-forecast.svg", "pictures"),
        ("alerts/state.json", "the alert state"),
        ("alerts/history/2026-11/a.json", "alerts told"),
        ("new-folder/x.json", growth.OTHER),
        ("predictions/new-kind/x.parquet", growth.OTHER),
    ],
)
def test_a_file_is_of_the_kind_that_its_place_says(key: str, kind: str) -> None:
    assert growth.kind_of(key) == kind


def test_the_sizes_add_up_to_what_is_stored(parts: Platform) -> None:
    found = growth.of_lake(parts.store)
    assert sum(size.bytes for size in found) == parts.store.stored_bytes()
    assert sum(size.files or 0 for size in found) == len(list(parts.store.list("")))


def test_what_belongs_to_no_kind_is_shown_as_unknown(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "KINDS", growth.KINDS[:3])
    growth._kind_of.cache_clear()
    [other] = [
        size
        for size in status_sizes.sizes(parts.store, Path(parts.settings.warehouse_address), parts.home)
        if size["kind"] == growth.OTHER
    ]
    growth._kind_of.cache_clear()
    assert (other["grows"], other["bound"]) == ("unknown", "unknown")
    assert other["bytes"] > 0


def test_the_table_in_the_documentation_is_this_one() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    rows = [f"| {kind.name} | {kind.law} | {kind.bound} |" for kind in (*growth.KINDS, *growth.ELSEWHERE)]
    table = text.partition("| what | grows by | kept, bounded by |\n|---|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows


def test_status_says_the_sizes_where_it_is_asked_for_them(
    parts: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setattr("steel_assets.cli.status.platform", lambda: parts)
    parts.warehouse.upsert(DRIFT, DRIFT.empty())
    told = json.loads(CliRunner().invoke(app, ["status", "--json", "--sizes"]).stdout)["sizes"]
    assert {contribution["kind"] for contribution in told} >= {kind.name for kind in growth.KINDS}
    warehouse = next(contribution for contribution in told if contribution["kind"] == growth.WAREHOUSE.name)
    assert warehouse["bytes"] == parts.warehouse.stored_bytes() > 0
    assert "sizes" not in json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    shown = CliRunner().invoke(app, ["status", "--sizes"], env={"COLUMNS": "250"}).stdout
    assert "a file per market and issue" in shown
