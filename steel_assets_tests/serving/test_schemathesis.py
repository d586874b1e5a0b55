"""The API against its own documentation: schemathesis makes up requests, right and wrong, and holds every answer to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from steel_assets_tests.adapters.test_dagster_graphql import Webserver
from steel_assets_tests.serving.running import Running, make_key

pytestmark = pytest.mark.slow

ONE_OF = """
[[operations]]
include-name = "GET /v1/markets/{market}/odds"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-name = "POST /v1/plan"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-name = "POST /v1/watches"
checks.positive_data_acceptance.enabled = false
"""
"""OpenAPI cannot say that one of several parameters is wanted (test_ahead.py asks for none and for several), nor what a kind of
watch needs (test_watches.py), nor that a day must lie ahead in the paths (test_plan.py asks for others).
"""


@pytest.fixture
def with_dagster(published: Path, tmp_path: Path) -> Iterator[tuple[Running, str]]:
    """A service whose operations reach something that answers as Dagster does, and a key that may do everything."""
    home = Path(shutil.copytree(published, tmp_path / "home", ignore=shutil.ignore_patterns("serving")))
    key = make_key(home, "--scope", "read", "--scope", "operate", "--limit", "10000000")["key"]
    dagster = Webserver()
    dagster.jobs = ("daily_data_update", "weekly_retraining", "performance_monitoring")
    with Running(home, key=key, STEEL_DAGSTER_URL=dagster.url) as service:
        yield service.until_read(), key
    dagster.server.shutdown()
    dagster.server.server_close()


@pytest.mark.parametrize("examples", [25, pytest.param(400, marks=pytest.mark.chaos)])
def test_schemathesis_finds_nothing(with_dagster: tuple[Running, str], tmp_path: Path, examples: int) -> None:
    service, key = with_dagster
    (tmp_path / "schemathesis.toml").write_text(ONE_OF)
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "run", f"{service.url}/openapi.json", "-H", f"X-API-Key: {key}", "--max-examples", str(examples)]
    said = subprocess.run([*command, "--seed", "7", "--no-color"], cwd=tmp_path, capture_output=True, text=True, timeout=3000)
    assert said.returncode == 0, said.stdout[-6000:]
    assert "26 selected" in said.stdout
    assert key.partition(".")[2] not in service.log
