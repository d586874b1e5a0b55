"""Handles a damaged DuckDB file: it is moved aside, a new one is started, and a note is kept until that is filled again."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

SIGNS = ("not a valid DuckDB database file", "Could not read enough bytes", "Corrupt database file", "WAL")
"""Parts of DuckDB's messages that mean damage; files of a newer DuckDB, or locked files, have other messages."""

log = logging.getLogger("steel.warehouse")


def is_damage(error: Exception) -> bool:
    """Whether ``error`` says that the file is damaged."""
    return any(sign in str(error) for sign in SIGNS)


def set_aside(path: Path, error: Exception) -> None:
    """Move the file aside (or only its write-ahead log, if only that is damaged), and store a note.

    Raises:
        OSError: it cannot be moved.
    """
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
    """A sentence about a damaged file, until ``filled_again``; None if there is none."""
    try:
        return _marker(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def filled_again(path: Path) -> None:
    """Note that the new file holds everything that could be recovered."""
    _marker(path).unlink(missing_ok=True)


def _marker(path: Path) -> Path:
    return path.with_name(f"{path.name}.lost")
