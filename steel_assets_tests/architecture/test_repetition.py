"""No two places of the package share twelve lines."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from steel_assets_tests.isolation import ROOT

LINES = 12
KINDS = (".py", ".js", ".css", ".html", ".sql")
THIN = re.compile(r"[\W_]*|(from|import) .*|#.*")
"""Lines that do not count: empty, punctuation alone, imports, remarks."""


def repeated(files: list[Path]) -> list[str]:
    """Runs of ``LINES`` lines that stand twice, by their first line in each place; the next line of a longer run is not told."""
    places: dict[tuple[str, ...], list[tuple[Path, int, int]]] = defaultdict(list)
    for path in files:
        written = enumerate((line.strip() for line in path.read_text().splitlines()), 1)
        lines = [(number, line) for number, line in written if not THIN.fullmatch(line)]
        for first in range(len(lines) - LINES + 1):
            run = tuple(line for _, line in lines[first : first + LINES])
            places[run].append((path, lines[first][0], first))
    found, told = [], set()
    for one, *others in places.values():
        for other in others:
            pair = (one[0], other[0], other[2] - one[2])
            if pair not in told:
                found.append(f"{one[0].name}:{one[1]} and {other[0].name}:{other[1]}")
            told.add(pair)
    return found


def test_no_two_places_of_the_package_share_twelve_lines() -> None:
    folder = ROOT / "steel_assets"
    assert repeated(sorted(path for path in folder.rglob("*") if path.suffix in KINDS)) == []


def test_twelve_lines_are_found_wherever_they_stand_and_eleven_are_not(tmp_path: Path) -> None:
    body = [f"total += {number}" for number in range(LINES)]
    (tmp_path / "one.py").write_text("import a\n" + "\n".join(body))
    (tmp_path / "two.py").write_text("\n\n".join(["# here too", *body[:-1]]))
    files = [tmp_path / "one.py", tmp_path / "two.py"]
    assert repeated(files) == []
    (tmp_path / "two.py").write_text("\n\n".join(["# here too", *body]))
    assert repeated(files) == ["one.py:2 and two.py:3"]
