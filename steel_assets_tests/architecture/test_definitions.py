"""The table of contents loads everywhere, and cheaply."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "prophet",
    "sklearn",
    "google.cloud.bigquery",
    "google.cloud.storage",
    "dagster_gcp",
    "matplotlib",
    "duckdb",
    "cmdstanpy",
    "skops",
)


IMPORTING = f"""
import json, sys
import steel_assets.definitions
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), flush=True)
steel_assets.definitions.defs()
"""


@pytest.fixture(scope="module")
def imported() -> subprocess.CompletedProcess[str]:
    """The definitions imported and then asked for, where neither settings nor catalogue can be read."""
    broken = os.environ | {"STEEL_SOURCES": "nonsense", "STEEL_CATALOG_DIR": "/nowhere"}
    return subprocess.run([sys.executable, "-c", IMPORTING], env=broken, capture_output=True, text=True, check=False)


def test_importing_the_definitions_loads_no_model_library_and_no_google_client(
    imported: subprocess.CompletedProcess[str],
) -> None:
    assert json.loads(imported.stdout) == []


def test_importing_the_definitions_reads_neither_the_environment_nor_the_catalogue(
    imported: subprocess.CompletedProcess[str],
) -> None:
    assert imported.stdout, "they were imported"
    assert "Input should be 'sandbox'" in imported.stderr, "only now the settings are read"


def test_what_is_not_public_in_dagster_is_named_in_two_files(project_root: str) -> None:
    private = re.compile(r"dagster(_webserver)?\._|import_module\(.dagster")
    files = [path for path in (Path(project_root) / "steel_assets").rglob("*.py") if private.search(path.read_text())]
    assert sorted(path.name for path in files) == ["dagster_internals.py", "dagster_storage.py"]


def test_every_stage_of_the_river_is_an_asset_group() -> None:
    from steel_assets.definitions import defs

    groups = {spec.group_name for spec in defs().resolve_all_asset_specs()}
    assert groups == {
        "raw",
        "processed",
        "features",
        "model",
        "validation",
        "promotion",
        "forecast",
        "metrics",
        "alerts",
        "publication",
    }


def test_data_flows_one_way_through_the_stages() -> None:
    from steel_assets.definitions import defs

    order = ["raw", "processed", "features", "model", "validation", "promotion", "forecast", "metrics", "alerts", "publication"]
    stage = {spec.key: order.index(spec.group_name) for spec in defs().resolve_all_asset_specs()}
    backwards = [
        f"{dep.asset_key.to_user_string()} → {spec.key.to_user_string()}"
        for spec in defs().resolve_all_asset_specs()
        for dep in spec.deps
        if stage[dep.asset_key] > stage[spec.key]
    ]
    assert backwards == []


def test_every_asset_says_what_it_is_who_owns_it_and_whether_its_data_is_simulated() -> None:
    from steel_assets.definitions import defs

    for spec in defs().resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.owners, spec.key
        assert spec.tags["steel/data"] in ("simulated", "live"), spec.key


@pytest.mark.parametrize(
    ("name", "cron"),
    [("daily_data_update", "0 2 * * *"), ("weekly_retraining", "0 3 * * 1"), ("performance_monitoring", "0 */6 * * *")],
)
def test_the_missions_schedules_run_in_mexico_city_and_are_on(name: str, cron: str) -> None:
    import dagster as dg

    from steel_assets.definitions import defs

    schedule = defs().resolve_schedule_def(name)
    assert schedule.cron_schedule == cron
    assert schedule.execution_timezone == "America/Mexico_City"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["dagster", "definitions", "validate"],
        ["dg", "check", "defs", "--no-check-yaml"],
        ["dg", "list", "defs", "--json"],
        ["dagster", "definitions", "validate", "-w", "workspace.yaml"],
    ],
)
def test_dagsters_own_tools_load_the_project_from_its_root(command: list[str], project_root: str, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "workspace.yaml", "dagster.yaml", "steel_assets"):
        (tmp_path / name).symlink_to(Path(project_root) / name)
    program = (
        [sys.executable, "-m", "dagster", *command[1:]] if command[0] == "dagster" else [f"{sys.prefix}/bin/dg", *command[1:]]
    )
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
