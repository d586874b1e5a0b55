"""A platform in a folder, an instance with a real SQLite store, and a small world of assets that do as they are told."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from steel_assets.bootstrap import Platform, platform
from steel_assets.settings import Settings
from steel_assets_tests.assets.sensors.world import with_databases


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    return platform(Settings(home=tmp_path / "home"))


@pytest.fixture(scope="session")
def empty_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance whose databases are made and empty: making them takes longer than most tests."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return with_databases(folder)


@pytest.fixture
def instance(tmp_path: Path, empty_instance: Path) -> Iterator[dg.DagsterInstance]:
    shutil.copytree(empty_instance, tmp_path / "dagster")
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as one:
        yield one
