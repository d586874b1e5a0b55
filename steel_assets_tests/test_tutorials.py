"""Every page of docs/tutorials, as a stranger follows it: its files are written, its commands run, its output is what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from steel_assets_tests.isolation import ROOT, outside
from steel_assets_tests.prepared import command

PAGES = sorted(path for path in (ROOT / "docs" / "tutorials").glob("add-*.md"))
TOOLS = Path(sys.executable).parent
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (?P<path>[\w./-]+\.(py|yaml))\n")

SMALL = {"COLUMNS": "160", "STEEL_HTTP_TIMEOUT_SECONDS": "300", "STEEL_HISTORY_YEARS": "3"}
"""The terminal and the machine of the stranger: a wide one, a busy one, and enough prices to learn from."""


def blocks(page: Path, *kinds: str) -> list[str]:
    """The text of the blocks of these kinds, in order."""
    return [found["text"] for found in BLOCK.finditer(page.read_text()) if found["kind"] in kinds]


def write_files(page: Path, folder: Path) -> None:
    """Write each file of a page: a block whose first line is a remark that names it."""
    for text in blocks(page, "python", "yaml"):
        named = FILE.match(text)
        assert named, f"{page.name}: a block does not say which file it is: {text[:60]!r}"
        (folder / named["path"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / named["path"]).write_text(text)


def pattern(line: str) -> str:
    """A line of expected output as a regular expression; … stands for anything."""
    return ".*".join(map(re.escape, re.split(r"\s*…\s*", line.strip())))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_stranger_who_follows_the_page_gets_what_it_says(page: Path, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    commands = "\n".join(["set -euo pipefail", *blocks(page, "sh")])
    environment, steel = outside(), command(tmp_path / "bin")
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=tmp_path,
        env=environment | {"PATH": f"{steel}:{TOOLS}:{environment['PATH']}"} | SMALL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for line in "".join(blocks(page, "text")).splitlines():
        assert re.search(pattern(line), done.stdout), f"{line!r} is not in\n{done.stdout[-3000:]}"


def installed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What a program of ours does where ``mine`` in ``folder`` is the user's own catalogue and Python."""
    (folder / ".dagster").mkdir(exist_ok=True)
    (folder / ".dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    places = {
        "STEEL_CATALOG_DIR": "mine",
        "STEEL_PLUGINS_DIR": "mine",
        "STEEL_HOME": ".steel",
        "DAGSTER_HOME": f"{folder}/.dagster",
    }
    return subprocess.run(
        [str(TOOLS / words[0]), *words[1:]], cwd=folder, env=outside() | places, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_what_all_pages_add_is_one_installation(tmp_path: Path) -> None:
    for page in PAGES:
        write_files(page, tmp_path)
    rules = ["checks:", "  believable_level: {severity: warn}", "  within_budget: {severity: warn, alert: over_budget}"]
    (tmp_path / "mine" / "rules.yaml").write_text("\n".join(rules))
    done = installed(tmp_path, "steel", "doctor", "--json")
    found = {load["what"]: load for load in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert "zinc" in found["catalogue"]["detail"]
    assert f"Python of your own from {tmp_path / 'mine'}" in found["sources and channels"]["detail"]
    code = (
        "from steel_assets.definitions import defs; graph = defs().resolve_asset_graph()\n"
        "print({key.to_user_string() for key in graph.get_all_asset_keys()}, {key.name for key in graph.asset_check_keys})"
    )
    told = installed(tmp_path, "python", "-c", code)
    assert told.returncode == 0, told.stderr
    for name in ("'zinc/forecasts'", "'raw/tin_exchange/settlements'", "'believable_level'", "'within_budget'"):
        assert name in told.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gone", "why"),
    [
        ("rules.yaml", "rules.yaml: checks: believable_level has no severity; declare it in rules.yaml"),
        ("checks/believable_level.py", "there is no asset check believable_level; remove it from rules.yaml"),
    ],
)
def test_a_check_without_a_rule_and_a_rule_without_a_check_keep_the_definitions_from_loading(
    gone: str, why: str, tmp_path: Path
) -> None:
    write_files(ROOT / "docs" / "tutorials" / "add-a-check.md", tmp_path)
    (tmp_path / "mine" / gone).unlink()
    done = installed(tmp_path, "python", "-c", "from steel_assets.definitions import defs; defs()")
    assert done.returncode == 1
    assert why in done.stderr


def test_every_open_set_has_its_page_and_the_index_names_them_all() -> None:
    index = (ROOT / "docs" / "tutorials" / "README.md").read_text()
    assert set(re.findall(r"\(([\w-]+\.md)\)", index)) == {page.name for page in PAGES}
    expected = {"source", "market", "monthly-price", "model", "feature", "channel", "check"}
    assert {page.stem for page in PAGES} == {f"add-a-{name}" for name in expected} | {"add-an-alert-rule"}
