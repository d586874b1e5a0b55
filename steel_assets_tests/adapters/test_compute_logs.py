"""The production instance of Google Cloud: a configuration that Dagster takes, and logs of steps that reach the bucket."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config
from dagster._core.storage.compute_log_manager import ComputeIOType, ComputeLogManager
from dagster._serdes import ConfigurableClassData

from steel_assets_tests.google.storage_server import StorageServer

ENVIRONMENT = {
    "DAGSTER_PG_USER": "dagster",
    "DAGSTER_PG_PASSWORD": "secret",
    "DAGSTER_PG_HOST": "127.0.0.1",
    "DAGSTER_PG_DB": "dagster",
    "DAGSTER_PG_PORT": "5432",
    "DAGSTER_LOGS_BUCKET": "steel-lake",
}


@pytest.fixture
def shipped(project_root: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return Path(project_root) / "deploy" / "google-cloud" / "dagster.yaml"


def test_dagster_takes_the_shipped_instance_whole(shipped: Path, tmp_path: Path) -> None:
    shutil.copy(shipped, tmp_path / "dagster.yaml")
    config, _ = dagster_instance_config(str(tmp_path))
    assert set(config) == set(yaml.safe_load(shipped.read_text()))


def test_what_a_step_prints_is_in_the_bucket_afterwards(
    shipped: Path, storage: StorageServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
    told = yaml.safe_load(shipped.read_text())["compute_logs"]
    local = {"local_dir": str(tmp_path), "upload_interval": None}
    data = ConfigurableClassData(told["module"], told["class"], yaml.safe_dump(told["config"] | local))
    manager = data.rehydrate(as_type=ComputeLogManager)
    assert isinstance(manager, ComputeLogManager)
    key = ["run", "compute_logs", "forecasts"]
    with manager.capture_logs(key):
        print("a line of a step", file=sys.stdout, flush=True)  # noqa: T201
    stored = [name for name in storage.held.bucket("steel-lake").objects if name.endswith(".out")]
    assert stored == ["compute-logs/storage/run/compute_logs/forecasts.out"]
    shutil.rmtree(tmp_path)
    data_again, _ = manager.get_log_data_for_type(key, ComputeIOType.STDOUT, offset=0, max_bytes=1_000)
    assert data_again is not None
    assert b"a line of a step" in data_again
    manager.dispose()
