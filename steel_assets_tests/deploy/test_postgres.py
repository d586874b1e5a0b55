"""The instance on Postgres, started on a real one: storage works, and alerts are told once there too."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from steel_assets.assets.sensors import failed_checks, failed_runs
from steel_assets.bootstrap import platform
from steel_assets.settings import Settings
from steel_assets_tests.assets.sensors.world import materialise
from steel_assets_tests.postgres import MISSING, PROGRAMS, postgres_here

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """The port of a server that trusts everybody on this machine, for as long as the tests run."""
    if not PROGRAMS:
        pytest.skip(MISSING)
    with postgres_here() as port:
        yield port


@pytest.fixture
def on_postgres(postgres: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    shutil.copy(ROOT / "deploy" / "dagster.postgres.yaml", tmp_path / "dagster.yaml")
    settings = {"HOST": "127.0.0.1", "PORT": str(postgres), "DB": "postgres", "USER": "steel", "PASSWORD": "unused"}
    for name, value in settings.items():
        monkeypatch.setenv(f"DAGSTER_PG_{name}", value)
    monkeypatch.setenv("DAGSTER_LOG_DIR", str(tmp_path / "logs"))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


@pytest.mark.slow
def test_alerts_are_told_once_on_postgres_as_on_one_machine(on_postgres: dg.DagsterInstance, tmp_path: Path) -> None:
    parts = platform(Settings(home=tmp_path / "home"))
    for told in ("bad", "raise", "", "bad"):
        materialise(on_postgres, told)
        for _ in range(2):
            failed_checks.evaluate(on_postgres, parts.catalog, parts.outbox, datetime.now(UTC))
            failed_runs.evaluate(on_postgres, parts.outbox, datetime.now(UTC))
    told = [f"{waiting.event.kind} {waiting.event.rule}" for waiting in parts.outbox.alert_state().queue]
    assert told == [
        "opened failed_check",
        "opened failed_run",
        "recovered failed_check",
        "recovered failed_run",
        "opened failed_check",
    ]


@pytest.mark.slow
def test_the_instance_is_the_one_that_its_file_describes(on_postgres: dg.DagsterInstance) -> None:
    assert "Postgres" in type(on_postgres.event_log_storage).__name__
    assert on_postgres.run_monitoring_enabled
    assert on_postgres.run_retries_max_retries == 2
    assert on_postgres.get_concurrency_config().pool_config.default_pool_limit == 1
