"""Dropped files: imported once, moved away, and a failure explained next to the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.adapters.gcs_store import GcsStore
from steel_assets.adapters.google_clients import storage_client
from steel_assets.assets.dropping import take
from steel_assets.assets.sensors.dropped_files import dropped_files
from steel_assets.bootstrap import Platform, platform
from steel_assets.settings import Settings
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.storage_server import StorageServer

MOMENT = pd.Timestamp("2026-03-04T08:00:00Z")
TABLE = "day;price\n2026-02-02;501.5\n2026-02-03;503.25\n"
MAPPING = "series: lme_rebar_m01\ndate_column: day\nvalue_column: price\n"


@pytest.fixture
def here(tmp_path: Path) -> Platform:
    (tmp_path / "drop").mkdir()
    return platform(Settings(home=tmp_path, sources="files"))


def drop(here: Platform, name: str, table: str | bytes = TABLE, mapping: str | None = MAPPING, age: float = 60) -> None:
    folder = Path(here.settings.drop_address)
    contents = {name: table, f"{Path(name).stem}.yaml": mapping}
    for file, content in contents.items():
        if content is not None:
            (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
            os.utime(folder / file, (MOMENT.timestamp() - age,) * 2)


def names(here: Platform) -> list[str]:
    folder = Path(here.settings.drop_address)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_table_with_its_mapping_is_imported_and_both_move_to_done(here: Platform) -> None:
    drop(here, "platts.csv")
    [taken] = take(here, MOMENT)
    assert (taken.outcome, taken.text) == ("imported", "2 rows of lme_rebar_m01, 2 new or changed")
    rows = here.lake.observations()
    assert rows[["series", "value", "source"]].to_numpy().tolist() == [
        ["lme_rebar_m01", 501.5, "file_import"],
        ["lme_rebar_m01", 503.25, "file_import"],
    ]
    assert names(here) == ["done/platts.csv", "done/platts.yaml"]


def test_the_same_content_under_another_name_is_imported_once(here: Platform) -> None:
    drop(here, "a.csv")
    drop(here, "b.csv")
    assert [one.outcome for one in take(here, MOMENT)] == ["imported", "known already"]
    drop(here, "a.csv")
    assert [one.outcome for one in take(here, MOMENT)] == ["known already"]
    assert len([name for name in names(here) if name.startswith("done/")]) == 6
    assert len(here.lake.observations()) == 2


def test_a_file_without_a_mapping_and_one_still_being_written_wait(here: Platform) -> None:
    drop(here, "alone.csv", mapping=None)
    drop(here, "arriving.csv", age=1)
    assert take(here, MOMENT) == []
    assert names(here) == ["alone.csv", "arriving.csv", "arriving.yaml"]


@pytest.mark.parametrize(
    ("table", "mapping", "why"),
    [
        (TABLE, "series: unheard_of\n", "is not in the catalogue"),
        (TABLE, "series: lme_rebar_m01\nsheets: A\n", "sheets: Extra inputs"),
        (TABLE, "- [", "is not YAML"),
        (TABLE, "", "the whole of it"),
        (TABLE, "series: lme_rebar_m01\nvalue_column: close\n", "close"),
        ("day;price\n2026-02-02;cheap\n", MAPPING, "cheap"),
        ("day;price\n2031-02-02;5\n", MAPPING, "future"),
        (b"", MAPPING, "empty"),
        (b"\x00\xff" * 50, MAPPING, "bad.csv"),
    ],
)
def test_a_failure_is_moved_aside_with_an_explanation_and_stores_nothing(
    here: Platform, table: str | bytes, mapping: str, why: str
) -> None:
    drop(here, "bad.csv", table, mapping)
    drop(here, "good.csv")
    assert [one.outcome for one in take(here, MOMENT)] == ["failed", "imported"]
    assert names(here) == ["done/good.csv", "done/good.yaml", "failed/bad.csv", "failed/bad.csv.error.txt", "failed/bad.yaml"]
    assert why in (Path(here.settings.drop_address) / "failed" / "bad.csv.error.txt").read_text()
    assert len(here.lake.observations()) == 2
    assert take(here, MOMENT) == []


def test_real_figures_dropped_beside_a_simulated_lake_are_refused_with_the_remedy(tmp_path: Path) -> None:
    here = platform(Settings(home=tmp_path, sources="files"))
    here.store.put("lake.json", b'{"simulated": true}')
    Path(here.settings.drop_address).mkdir()
    drop(here, "platts.csv")
    [taken] = take(here, MOMENT)
    assert taken.outcome == "failed"
    assert "STEEL_HOME" in taken.text


def test_killed_between_importing_and_moving_it_is_imported_once(here: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(here, "platts.csv")
    with monkeypatch.context() as crash:
        crash.setattr("steel_assets.assets.dropping._move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take(here, MOMENT)
    assert [one.outcome for one in take(here, MOMENT + pd.Timedelta(minutes=1))] == ["known already"]
    assert len(here.lake.observations()) == 2


def test_the_sensor_tells_dagster_what_was_taken(here: Platform) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, resources={"platform": here})
        assert isinstance(dropped_files(context), dg.SkipReason)
        drop(here, "platts.csv")
        context = dg.build_sensor_context(instance, resources={"platform": here})
        result = dropped_files(context)
    assert isinstance(result, dg.SensorResult)
    [event] = result.asset_events
    assert event.asset_key == dg.AssetKey(["raw", "file_import", "files"])
    assert "imported: 2 rows" in str(event.metadata["platts.csv"].value)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[tuple[Platform, GcsStore]]:
    """A platform on this machine that watches a prefix of a bucket."""
    server = StorageServer()
    with running(server.app()) as server.url:
        server.held.insert({"name": "steel-lake"})
        address = "gs://steel-lake/drop"
        chosen = Settings(home=tmp_path, sources="files", drop_dir=address, storage_endpoint=server.url)
        yield platform(chosen), GcsStore(address, connect=lambda: storage_client(server.url))


def put(store: GcsStore, **contents: str) -> None:
    for name, content in contents.items():
        store.put(name.replace("_", "."), content.encode())


def test_a_table_dropped_into_a_bucket_is_imported_once_and_moves_to_done(bucket: tuple[Platform, GcsStore]) -> None:
    here, store = bucket
    put(store, platts_csv=TABLE)
    assert take(here, MOMENT) == [], "it waits for its mapping"
    put(store, platts_yaml=MAPPING)
    [taken] = take(here, MOMENT)
    assert (taken.outcome, taken.text) == ("imported", "2 rows of lme_rebar_m01, 2 new or changed")
    assert list(store.list("")) == ["done/platts.csv", "done/platts.yaml"]
    put(store, again_csv=TABLE, again_yaml=MAPPING, platts_csv=TABLE, platts_yaml=MAPPING)
    assert [one.outcome for one in take(here, MOMENT)] == ["known already", "known already"]
    assert len(list(store.list("done/"))) == 6
    assert len(here.lake.observations()) == 2


def test_a_failure_in_a_bucket_is_moved_aside_with_an_explanation(bucket: tuple[Platform, GcsStore]) -> None:
    here, store = bucket
    put(store, bad_csv="day;price\n2026-02-02;cheap\n", bad_yaml=MAPPING, good_csv=TABLE, good_yaml=MAPPING)
    assert [one.outcome for one in take(here, MOMENT)] == ["failed", "imported"]
    assert list(store.list("failed/")) == ["failed/bad.csv", "failed/bad.csv.error.txt", "failed/bad.yaml"]
    assert "cheap" in store.get("failed/bad.csv.error.txt").decode()
    assert store.get("failed/bad.csv").decode().endswith("cheap\n")
    assert take(here, MOMENT) == []


def test_killed_while_moving_within_a_bucket_it_is_imported_once(
    bucket: tuple[Platform, GcsStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, store = bucket
    put(store, platts_csv=TABLE, platts_yaml=MAPPING)
    with monkeypatch.context() as crash:
        crash.setattr(GcsStore, "delete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take(here, MOMENT)
    assert [one.outcome for one in take(here, MOMENT)] == ["known already"]
    assert [key for key in store.list("") if "/" not in key] == []
    assert len(here.lake.observations()) == 2


def test_the_sensor_watches_the_bucket(bucket: tuple[Platform, GcsStore]) -> None:
    here, store = bucket
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, resources={"platform": here})
        skipped = dropped_files(context)
        assert isinstance(skipped, dg.SkipReason)
        assert "gs://steel-lake/drop" in str(skipped.skip_message)
        put(store, platts_csv=TABLE, platts_yaml=MAPPING)
        result = dropped_files(dg.build_sensor_context(instance, resources={"platform": here}))
    assert isinstance(result, dg.SensorResult)
    assert "imported: 2 rows" in str(result.asset_events[0].metadata["platts.csv"].value)


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="gs://bucket/prefix"):
        Settings(drop_dir="s3://bucket/prefix")
