"""What became slower: ``python -m steel_assets_tests.bench.slower [--than REVISION]``.

Compares the ratios in docs/performance.json with those of a revision in git (the newest that has other ones, when none is
named). Exit code 1 where one is more than a tenth larger, 0 otherwise, also where there is nothing to compare with.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from steel_assets_tests.bench.ratios import KEPT, Ratio, read

LIMIT = 1.10
"""A ratio that grew by more than this factor has become slower; less is noise."""


def main() -> int:
    """Print what became slower; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--than", help="a revision in git; the newest one with other figures when not given")
    parser.add_argument("--file", type=Path, default=KEPT, help="where the ratios are kept")
    chosen = parser.parse_args()
    now = chosen.file.read_text("utf-8")
    before = kept_at(chosen.file, chosen.than) if chosen.than else last_other(chosen.file, now)
    if before is None:
        sys.stdout.write("there are no older figures to compare with\n")
        return 0
    found = slower(read(before), read(now))
    sys.stdout.write("\n".join(found or ["nothing became slower by more than 10 %"]) + "\n")
    return 1 if found else 0


def slower(before: list[Ratio], now: list[Ratio]) -> list[str]:
    """A line for each ratio that grew by more than a tenth. One that is new, or measured no more, says nothing."""
    old = {ratio.row: ratio.value for ratio in before}
    return [
        f"{ratio.name}: {old[ratio.row]:.3g} → {ratio.value:.3g} × {ratio.against} ({ratio.value / old[ratio.row] - 1:+.0%})"
        for ratio in now
        if ratio.row in old and ratio.value > LIMIT * old[ratio.row]
    ]


def kept_at(file: Path, revision: str) -> str | None:
    """What the file held at a revision; None where it was not there."""
    done = _git(file.parent, "show", f"{revision}:./{file.name}")
    return done.stdout if done.returncode == 0 else None


def last_other(file: Path, now: str) -> str | None:
    """What the file held before it held ``now``; None where it never held anything else."""
    revisions = _git(file.parent, "log", "--format=%H", "--", file.name).stdout.split()
    contents = (kept_at(file, revision) for revision in revisions)
    return next((content for content in contents if content is not None and content != now), None)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    raise SystemExit(main())
