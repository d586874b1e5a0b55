"""Every page of docs/tutorials, as a stranger follows it: its files are written, its commands run, its output is what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from steel_assets_tests.isolation import ROOT, outside

PAGES = sorted(path for path in (ROOT / "docs" / "tutorials").glob("add-*.md"))
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (?P<path>[\w./-]+\.(py|yaml))\n")


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
    environment = outside()
    tools = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=tmp_path,
        env=environment | {"PATH": tools, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for line in "".join(blocks(page, "text")).splitlines():
        assert re.search(pattern(line), done.stdout), f"{line!r} is not in\n{done.stdout[-3000:]}"


def test_every_open_set_has_its_page_and_the_index_names_them_all() -> None:
    index = (ROOT / "docs" / "tutorials" / "README.md").read_text()
    assert set(re.findall(r"\(([\w-]+\.md)\)", index)) == {page.name for page in PAGES}
    expected = {"source", "market", "model", "feature", "channel", "check"}
    assert {page.stem for page in PAGES} == {f"add-a-{name}" for name in expected} | {"add-an-alert-rule"}
