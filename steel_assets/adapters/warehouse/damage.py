"""A DuckDB file that is damaged: set aside with every byte beside a new one, and remembered until what it held is there again."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

SIGNS = ("not a valid DuckDB database file", "Could not read enough bytes", "Corrupt database file", "WAL")
"""How DuckDB says that a file is damaged. A file of a newer DuckDB, or one that another process holds, is not."""

log = logging.getLogger("steel.warehouse")


def is_damage(error: Exception) -> bool:
    """Whether ``error`` says that the file is damaged."""
    return any(sign in str(error) for sign in SIGNS)


def set_aside(path: Path, error: Exception) -> None:
    """Move the file away (only its log of changes, where that is what cannot be read), and note what happened. Raises OSError."""
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    names = (f"{path.name}.wal",) if "WAL" in str(error) else (path.name, f"{path.name}.wal")
    kept = []
    for name in names:
        with suppress(FileNotFoundError):
            place = path.with_name(f"{name}.damaged-{stamp}")
            path.with_name(name).replace(place)
            kept.append(str(place))
    words = " ".join(str(error).split())[:200]
    sentence = f"the warehouse {path} was damaged ({words}) and is set aside as {', '.join(kept)}; a new one is begun"
    _marker(path).write_text(sentence, encoding="utf-8")
    log.error("%s", sentence)


def lost(path: Path) -> str | None:
    """What is to be told of a damaged file, until ``filled_again``; None when nothing is."""
    try:
        return _marker(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def filled_again(path: Path) -> None:
    """What can be known of what it held is in the new one."""
    _marker(path).unlink(missing_ok=True)


def _marker(path: Path) -> Path:
    return path.with_name(f"{path.name}.lost")
