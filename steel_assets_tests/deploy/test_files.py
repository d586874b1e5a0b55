"""The files of ``deploy/`` say what the rest of the project says: schedules, tables, settings, locks, doors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml

from steel_assets.bootstrap import platform
from steel_assets.catalog import load_catalog
from steel_assets.settings import Settings
from steel_assets_tests.deploy import bigquery_tables
from steel_assets_tests.isolation import ROOT

TERRAFORM = "\n".join(path.read_text() for path in sorted((ROOT / "deploy/google-cloud").glob("*.tf")))
COMPOSE = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())
DOCKERFILE = (ROOT / "deploy/docker/Dockerfile").read_text()
LOCKS = ("requirements-platform.lock", "requirements-service.lock")
HEAVY = {"dagster", "pandas", "numpy", "pyarrow", "duckdb", "scikit-learn", "prophet", "matplotlib", "statsforecast", "scipy"}


def pins(lock: str) -> set[str]:
    """The versions that a lock file names."""
    return set(re.findall(r"^([a-z0-9._-]+==[^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_an_image_has_the_versions_that_were_tested_each_by_its_hash(lock: str) -> None:
    assert pins(lock) <= pins("requirements.lock")
    text = (ROOT / lock).read_text()
    assert len(re.findall(r"^[a-z0-9._-]+==", text, re.MULTILINE)) == len(re.findall(r"==[^\n]* \\\n    --hash=sha256:", text))
    assert "://" not in text


def test_the_service_has_neither_dagster_nor_a_library_that_computes() -> None:
    names = {pin.partition("==")[0] for pin in pins("requirements-service.lock")}
    assert names & HEAVY == set()
    assert {pin.partition("==")[0] for pin in pins("requirements-platform.lock")} >= HEAVY


def test_google_cloud_starts_the_missions_jobs_when_the_catalogue_says() -> None:
    schedules = load_catalog().rules.schedules
    found = dict(re.findall(r'^    ([a-z-]+) += \{ cron = "([^"]+)"', TERRAFORM, re.MULTILINE))
    assert found == {
        "daily-data-update": schedules.daily_data_update,
        "weekly-retraining": schedules.weekly_retraining,
        "performance-monitoring": schedules.performance_monitoring,
    }
    assert f'time_zone        = "{schedules.zone}"' in TERRAFORM


def test_google_clouds_tables_are_those_of_the_platform() -> None:
    remedy = "run python -m steel_assets_tests.deploy.bigquery_tables"
    assert (ROOT / bigquery_tables.PATH).read_text() == bigquery_tables.text(), remedy


def test_the_budget_of_google_cloud_is_the_platforms() -> None:
    budget = load_catalog().rules.costs.monthly_budget_usd
    assert re.search(rf'variable "monthly_budget_usd" \{{[^}}]*default     = {budget:g}\n', TERRAFORM)
    assert "for_each = [0.5, 0.8, 1.0]" in TERRAFORM


def test_no_account_of_google_cloud_may_more_than_the_documentation_says() -> None:
    roles = set(re.findall(r'"(roles/[a-zA-Z.]+)"', TERRAFORM))
    documented = set(re.findall(r"`(roles/[a-zA-Z.]+)`", (ROOT / "docs/google-cloud.md").read_text()))
    assert roles <= documented
    assert not {role for role in roles if role.endswith(("owner", "editor", "admin", "Admin"))}


def every_setting() -> set[str]:
    return {f"STEEL_{name.upper()}" for name in Settings.model_fields} | platform(Settings()).declared_settings()


def test_every_setting_that_a_deployment_makes_is_one() -> None:
    files = [*(ROOT / "deploy").rglob("*"), ROOT / "Makefile"]
    texts = {path: path.read_text() for path in files if path.is_file() and path.suffix not in (".lock", ".in")}
    named = {name for text in texts.values() for name in re.findall(r"\b(STEEL_[A-Z_]+[A-Z])\b", text)}
    others = {name for name in named if name.startswith(("STEEL_TEST_", "STEEL_KEYS"))}
    assert named - others <= every_setting()


def test_of_one_machine_only_the_proxy_is_reached_from_outside() -> None:
    published = {name for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"proxy"}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("service", "postgres", "redis"):
        assert COMPOSE["services"][name]["networks"] == ["inside"], name


@pytest.mark.parametrize("name", ["daemon", "webserver", "service"])
def test_what_is_ours_runs_on_a_read_only_root_with_no_rights(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_no_password_is_written_in_the_files_of_one_machine() -> None:
    environments = {name: service.get("environment") or {} for name, service in COMPOSE["services"].items()}
    for name, environment in environments.items():
        for variable, value in environment.items():
            if re.search("PASSWORD|SECRET|KEY", variable):
                assert str(value).startswith("${"), (name, variable)
    made = set(re.findall(r'echo "([A-Z_]+)=', (ROOT / "deploy/compose/up.sh").read_text()))
    needed = set(re.findall(r"\$\{([A-Z_]+)(?::\?[^}]*)?\}", (ROOT / "deploy/compose/compose.yaml").read_text()))
    assert needed <= made


def test_both_images_run_as_nobody_and_say_whether_they_are_well() -> None:
    last = DOCKERFILE.rpartition("AS base")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert last.count("HEALTHCHECK") == 2
    assert DOCKERFILE.count("--require-hashes") == DOCKERFILE.count("pip install")
    assert "ARG BASE" in DOCKERFILE
    assert len(re.findall("^ARG ", DOCKERFILE, re.MULTILINE)) == 1, "an argument of a build may be a secret: it stays in a layer"


def test_what_is_taken_out_of_an_image_leaves_nothing_compiled_behind_and_the_rest_stays(tmp_path: Path) -> None:
    site = tmp_path / "lib/python3.11/site-packages"
    kept = ["typer/main.py", "typer/tests.py", "typer-1.dist-info/METADATA", "pygments/lexers/_mapping.py"]
    gone = ["pip/main.py", "typer/tests/test_one.py", "typer/__pycache__/main.pyc", "typer-1.dist-info/sboms/one.json"]
    gone += ["pygments/lexers/ruby.py", "pygments/lexers/__pycache__/ruby.pyc"]
    for name in (*kept, *gone):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).touch()
    slim = [sys.executable, str(ROOT / "deploy/docker/slim.py"), str(tmp_path), "pygments/lexers/[a-z]*.py"]
    subprocess.run(slim, check=True)
    assert {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()} == set(kept)


def test_a_builder_gets_nothing_of_the_users() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not {
        rule for rule in rules if rule.startswith("!") and any(part in rule for part in (".env", ".steel", ".git", "keys"))
    }
    assert "**/.env" in rules


def test_the_command_line_of_one_machine_reads_settings_as_its_units_do(tmp_path: Path) -> None:
    lines = ["# STEEL_PORT=1", "", "STEEL_SMTP_PASSWORD=pa$HOME & `id`; #1", 'STEEL_EMAIL_TO="a@x.mx, b@x.mx"']
    lines += ["STEEL_SIGNING_KEY='a=b'", "STEEL_PORT=9"]
    settings = tmp_path / "settings"
    settings.write_text("\n".join(lines))
    script = (ROOT / "deploy/systemd/steel").read_text().replace("/etc/steel-assets.env", str(settings))
    script = re.sub(r"^cd .*", f"cd {tmp_path}", script, flags=re.MULTILINE)
    script = re.sub(r"^exec .*", "exec env -0", script, flags=re.MULTILINE)
    path = {"PATH": os.environ["PATH"]}
    said = subprocess.run(["sh", "-c", script], env=path, capture_output=True, text=True, check=True).stdout
    found = dict(pair.split("=", 1) for pair in said.split("\0") if pair)
    assert {name: value for name, value in found.items() if name.startswith("STEEL_")} == {
        "STEEL_HOME": "/var/lib/steel/home",
        "STEEL_SMTP_PASSWORD": "pa$HOME & `id`; #1",
        "STEEL_EMAIL_TO": "a@x.mx, b@x.mx",
        "STEEL_SIGNING_KEY": "a=b",
        "STEEL_PORT": "9",
    }


UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_every_unit_runs_as_a_user_of_its_own_and_writes_only_its_state(unit: Path) -> None:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    service = dict(parser["Service"])
    assert (service["User"], service["WorkingDirectory"], service["UMask"]) == ("steel", "/var/lib/steel", "0077")
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "yes")
    assert service["ReadWritePaths"].split()[0] == "/var/lib/steel"
    assert service["ExecStart"].find("/opt/steel-assets/.venv/bin/") >= 0
