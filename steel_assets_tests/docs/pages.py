"""What the site is built from: the Markdown pages of the project where they lie, and the pages of reference beside them.

The folder mirrors the checkout, so that a link leads to the same page on the site as among the files.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from steel_assets_tests.docs import reference
from steel_assets_tests.isolation import ROOT

TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "deploy/README.md")
REFERENCE = "docs/reference"
STYLE = Path("docs/site/site.css")
CONFIGURATION = ROOT / "zensical.toml"

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
DIAGRAM = re.compile(r"^```mermaid\n.*?^```\n\n?", re.MULTILINE | re.DOTALL)
"""The site would fetch what draws it from elsewhere; the picture below it shows the same."""
HEADING = re.compile(r"^#+ +(?P<title>.+?) *$", re.MULTILINE)


def written() -> list[Path]:
    """The pages that people wrote, from the root of the checkout."""
    found = [path.relative_to(ROOT) for path in sorted((ROOT / "docs").rglob("*.md"))]
    return [*map(Path, TOP), *found]


def generated() -> list[Path]:
    """The pages of reference, by the same measure."""
    return [Path(REFERENCE, name) for name in reference.pages()]


def stage(folder: Path) -> None:
    """Fill ``folder`` with every page and every file that a page shows or links to; what was in it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    for page in written():
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        (folder / page).write_text(DIAGRAM.sub("", (ROOT / page).read_text()))
        for target, _ in links(page):
            if target and target.suffix != ".md" and (ROOT / target).is_file():
                _copy(target, folder)
    _copy(STYLE, folder)
    (folder / REFERENCE).mkdir(parents=True)
    for name, text in reference.pages().items():
        (folder / REFERENCE / name).write_text(text)


def _copy(path: Path, folder: Path) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / path, folder / path)


def links(page: Path) -> Iterator[tuple[Path | None, str]]:
    """Where the links of a page lead: a file from the root (None: elsewhere in the world) and the heading in it, or ``""``."""
    for found in LINK.finditer(FENCE.sub("", (ROOT / page).read_text())):
        target, _, anchor = found["target"].partition("#")
        if target.startswith(("http://", "https://", "mailto:")):
            yield None, found["target"]
        else:
            yield (_plain(page.parent / target) if target else page), anchor


def _plain(path: Path) -> Path:
    """``path`` without ``..``."""
    parts: list[str] = []
    for part in path.parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return Path(PurePosixPath(*parts))


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page are linked to."""
    titles = [found["title"] for found in HEADING.finditer(FENCE.sub("", (ROOT / page).read_text()))]
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def navigation() -> list[Path]:
    """Every page that the site's navigation names, from the root of the checkout."""
    return list(_named(tomllib.loads(CONFIGURATION.read_text())["project"]["nav"]))


def _named(entries: object) -> Iterator[Path]:
    if isinstance(entries, str):
        yield Path(entries)
    else:
        for entry in entries.values() if isinstance(entries, dict) else entries if isinstance(entries, list) else ():
            yield from _named(entry)
