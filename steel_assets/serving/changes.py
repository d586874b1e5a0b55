"""Has anything been published since? Asked every few seconds, so it looks at folders and file times, never into a file."""

from __future__ import annotations

import os
from pathlib import Path

WATCHED = ("predictions/daily", "processed-data/daily", "models/production")


def fingerprint(lake: Path, warehouse: Path) -> int:
    """Another number after anything the service shows was written; the same while nothing was, or the store is away."""
    seen: list[tuple[str, int, int]] = []
    for folder in WATCHED:
        _look(lake / folder, seen, depth=3)
    _look(lake, seen, depth=0)
    for path in (warehouse, lake / "lake.json"):
        try:
            status = path.stat()
            seen.append((str(path), status.st_mtime_ns, status.st_size))
        except OSError:
            continue
    return hash(tuple(sorted(seen)))


def _look(folder: Path, seen: list[tuple[str, int, int]], depth: int) -> None:
    """Note the time of ``folder`` and of what is in it; a file that is added or replaced changes its folder's time."""
    try:
        seen.append((str(folder), folder.stat().st_mtime_ns, 0))
        inside = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)] if depth else []
    except OSError:
        return
    for entry in inside:
        if entry.name != "versions":
            _look(Path(entry.path), seen, depth - 1)
