"""The instance on Postgres, started on a real one: storage works, and alerts are told once there too."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from steel_assets.assets.sensors import failed_checks, failed_runs
from steel_assets.bootstrap import platform
from steel_assets.settings import Settings
from steel_assets_tests.assets.sensors.world import materialise

ROOT = Path(__file__).parents[2]
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").is_dir() else []


def _command(*words: str) -> list[str]:
    """Postgres refuses to run as root; then its own user runs it."""
    return ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else list(words)


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """The port of a server that trusts everybody on this machine, for as long as the tests run."""
    if not SERVERS:
        pytest.skip("Postgres is not on this machine (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="steel-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    tools, data = SERVERS[-1], str(folder / "data")
    subprocess.run(_command(f"{tools}/initdb", "-D", data, "-A", "trust", "-U", "steel"), check=True, capture_output=True)
    options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(_command(f"{tools}/postgres", "-D", data, *options), stdout=log, stderr=log)
    try:
        for _ in range(600):
            if (
                subprocess.run(
                    ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "steel", "-c", "select 1", "postgres"],
                    capture_output=True,
                    check=False,
                ).returncode
                == 0
            ):
                break
            time.sleep(0.2)
        yield port
    finally:
        subprocess.run(_command(f"{tools}/pg_ctl", "-D", data, "-m", "immediate", "stop"), capture_output=True, check=False)
        server.wait(timeout=120)
        shutil.rmtree(folder, ignore_errors=True)


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
