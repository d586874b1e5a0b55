"""The settings choose the parts: by the address of lake and warehouse, and secrets by reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStoreError
from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse, WarehouseError
from steel_assets.bootstrap import Platform, catalog, platform
from steel_assets.catalog import load_catalog
from steel_assets.core.open_sets import PluginError, open_to
from steel_assets.settings import Settings
from steel_assets_tests.contracts.warehouse import SMALL, rows
from steel_assets_tests.google.__main__ import services
from steel_assets_tests.google.secret_server import SecretServer
from steel_assets_tests.google.serving import running
from steel_assets_tests.own_folder import own_folder


def test_without_settings_everything_is_on_this_machine(tmp_path: Path) -> None:
    parts = platform(Settings(home=tmp_path))
    assert isinstance(parts.store, LocalFolder)
    assert isinstance(parts.warehouse, DuckDBWarehouse)
    assert parts.warehouse.take_jobs() == []


def test_addresses_choose_cloud_storage_and_bigquery_and_nothing_is_connected(tmp_path: Path) -> None:
    parts = platform(Settings(home=tmp_path, lake="gs://bucket/lake", warehouse="bigquery://steel-project/steel"))
    assert isinstance(parts.store, GcsStore)
    assert isinstance(parts.warehouse, BigQueryWarehouse)
    assert (parts.store.address, parts.warehouse.address) == ("gs://bucket/lake", "bigquery://steel-project/steel")


def test_the_settings_reach_both(monkeypatch: pytest.MonkeyPatch) -> None:
    with services() as (chosen, _, bigquery):
        for name, value in chosen.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("STEEL_BIGQUERY_LOCATION", "EU")
        parts = platform(Settings())
        parts.store.put("a", b"content")
        parts.warehouse.upsert(SMALL, rows())
        assert parts.store.stored_bytes() == 7
        assert [dataset["location"] for dataset in bigquery.held.datasets.values()] == ["EU"]
        assert parts.warehouse.count(SMALL) == 3


def test_the_usual_variables_of_test_servers_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1/")
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:2")
    found = Settings()
    assert (found.storage_endpoint, found.bigquery_endpoint) == ("http://127.0.0.1:1", "http://127.0.0.1:2")


@pytest.mark.parametrize(
    ("name", "place"),
    [("lake", "s3://bucket/x"), ("lake", "gs:/bucket"), ("warehouse", "postgres://host/db"), ("warehouse", "gs://bucket/x")],
)
def test_an_address_of_something_else_is_refused_by_name(name: str, place: str) -> None:
    with pytest.raises(ValidationError, match="must be a path on this machine or"):
        Settings.model_validate({name: place})


def test_an_address_that_is_half_one_is_refused_when_it_is_used(tmp_path: Path) -> None:
    parts = platform(Settings(home=tmp_path, lake="gs://", warehouse="bigquery://x"))
    with pytest.raises(ObjectStoreError, match="gs://bucket/prefix"):
        _ = parts.store
    with pytest.raises(WarehouseError, match="bigquery://project/dataset"):
        _ = parts.warehouse


def test_a_key_may_be_a_reference_to_a_secret(tmp_path: Path) -> None:
    server = SecretServer()
    server.versions["steel-project", "fred"] = [b"canary-4711"]
    with running(server.app()) as url:
        reference = SecretStr("sm://steel-project/fred")
        parts = platform(Settings(home=tmp_path, sources="live", fred_api_api_key=reference, secret_manager_endpoint=url))
        assert server.faults.asked == []
        access = parts.providers.access(catalog().sources["fred_api"])
        assert access.api_key == SecretStr("canary-4711")
        assert "canary" not in repr(parts) + repr(access)


TIN = "id: tin_exchange\nname: Tin\ngroups: [settlements]\nbase_url: https://tin.example\n"
CONNECTOR = "def collect(series, known, moment, access): ...\n"


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("tin_exchange.yaml", TIN, "source tin_exchange has no connector: add sources/tin_exchange.py with a function collect"),
        (
            "tin_exchange.py",
            CONNECTOR,
            "sources/tin_exchange.py: no source tin_exchange is declared; add sources/tin_exchange.yaml",
        ),
    ],
)
def test_half_a_source_is_refused_before_anything_is_collected(tmp_path: Path, file: str, text: str, says: str) -> None:
    with own_folder(tmp_path) as folder:
        (folder / "sources").mkdir()
        (folder / "sources" / file).write_text(text)
        open_to(folder)
        parts = Platform(Settings(home=tmp_path, catalog_dir=folder, plugins_dir=folder), load_catalog(folder))
        with pytest.raises(PluginError, match=says):
            parts.check_plugins()


@pytest.mark.parametrize(("kind", "says"), [("models", "no class in it says its family"), ("features", "features and driver")])
def test_a_model_or_feature_family_that_is_none_is_refused_before_anything_is_trained(
    tmp_path: Path, kind: str, says: str
) -> None:
    with own_folder(tmp_path) as folder:
        (folder / kind).mkdir()
        (folder / kind / "odd.py").write_text("nothing = 1\n")
        open_to(folder)
        with pytest.raises(PluginError, match=rf"{kind}/odd.py: .*{says}"):
            Platform(Settings(home=tmp_path, plugins_dir=folder), load_catalog()).check_plugins()
