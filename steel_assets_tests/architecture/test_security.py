"""Pins have hashes and name no place, exceptions from rules of security have reasons, and what is not looked up is said."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pip_requirements_parser import RequirementsFile

from steel_assets_tests.security import AUDIT, LOCK, audit, bill_of_materials, main

PIN = "six==1.16.0 \\\n    --hash=sha256:" + "a" * 64 + "\n"
EXCEPTION = re.compile(r"# noqa: (?P<codes>[A-Z0-9]+(?:, ?[A-Z0-9]+)*)(?P<reason>.*)")


def test_every_pin_of_the_lock_has_its_hashes_and_no_place_is_named() -> None:
    lock = RequirementsFile.from_file(str(LOCK))
    assert len(lock.requirements) > 100
    assert [pin.name for pin in lock.requirements if not pin.is_pinned or not pin.hash_options or pin.link] == []
    assert [line.line for line in (*lock.invalid_lines, *lock.options)] == []
    assert "://" not in LOCK.read_text()
    assert "index-url" not in LOCK.read_text().replace("--no-emit-index-url", "")


def test_what_the_program_declares_is_in_the_lock(project_root: str) -> None:
    project = tomllib.loads((Path(project_root) / "pyproject.toml").read_text())["project"]
    declared = [Requirement(entry) for entry in (*project["dependencies"], *project["optional-dependencies"]["dev"])]
    pins = {
        canonicalize_name(str(pin.name)): pin.get_pinned_version for pin in RequirementsFile.from_file(str(LOCK)).requirements
    }
    assert [
        str(requirement)
        for requirement in declared
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "none"), True)
    ] == []


def test_every_exception_from_a_rule_of_security_says_why(project_root: str) -> None:
    found = [
        (path.name, match)
        for path in (Path(project_root) / "steel_assets").rglob("*.py")
        for match in EXCEPTION.finditer(path.read_text())
    ]
    assert found
    assert [(name, match[0]) for name, match in found if len(match["reason"].split()) < 3] == []


def test_the_bill_of_materials_names_every_pin_and_what_only_developers_install() -> None:
    bill = json.loads(bill_of_materials(LOCK))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    components = {part["name"]: part for part in bill["components"]}
    assert len(bill["components"]) == len(RequirementsFile.from_file(str(LOCK)).requirements)
    assert all(component["hashes"] and component["purl"].startswith("pkg:pypi/") for component in components.values())
    scopes = {name: components[name]["scope"] for name in ("pandas", "httptools", "pytest", "pip-audit")}
    assert scopes == {"pandas": "required", "httptools": "required", "pytest": "excluded", "pip-audit": "excluded"}


def test_without_a_network_it_is_said_that_nothing_was_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lock").write_text(PIN)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # the port to which nobody listens
    found, words = audit(tmp_path / "lock", AUDIT)
    assert not found
    assert words.startswith("NOT AUDITED: the list of known vulnerabilities cannot be reached from here")


VULNERABLE = {"name": "six", "version": "1.16.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.17"]}]}
CLEAN = {"name": "six", "version": "1.16.0", "vulns": []}
SKIPPED = {"name": "six", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("dependencies", "found", "says"),
    [
        ([VULNERABLE, CLEAN], True, "six 1.16.0: CVE-1, mended in 1.17\naudited 2 pins, 1 known vulnerabilities"),
        ([CLEAN], False, "audited 1 pins, 0 known vulnerabilities"),
        ([CLEAN, SKIPPED], False, "not looked up: six\naudited 1 pins"),
        ([SKIPPED], False, "NOT AUDITED"),
    ],
)
def test_what_the_list_says_is_told(dependencies: list[dict[str, object]], found: bool, says: str) -> None:
    said = json.dumps({"dependencies": dependencies})
    outcome, words = audit(LOCK, (sys.executable, "-c", f"print({said!r})"))
    assert outcome is found
    assert words.startswith(says)


def test_a_check_that_breaks_is_no_check_that_found_nothing() -> None:
    found, words = audit(LOCK, (sys.executable, "-c", "raise SystemExit('of all things')"))
    assert found
    assert "of all things" in words


def test_the_check_fails_with_what_is_found_and_writes_the_bill_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for known, code in ((True, 1), (False, 0)):
        monkeypatch.setattr("steel_assets_tests.security.audit", lambda _, known=known: (known, "told"))
        monkeypatch.setattr("steel_assets_tests.security.BILL", tmp_path / "build" / "bill.json")
        monkeypatch.setattr("steel_assets_tests.security.ROOT", LOCK.parent)
        assert main() == code
        assert json.loads((tmp_path / "build" / "bill.json").read_text())["components"]
