"""Copies SQLite files while others write to them, by SQLite's online backup (https://sqlite.org/backup.html)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from steel_assets.adapters.machine.disk import private_file, remedy
from steel_assets.core.problem import Problem

WAIT_SECONDS = 30.0
"""Seconds that a copy waits for a lock."""

CHECK = "PRAGMA quick_check(1)"


class SqliteError(Problem):
    """A SQLite file cannot be copied, or is damaged; the message names it."""


def snapshot(path: Path, to: Path) -> bool:
    """Copy the database at ``path``, as of one moment, into a new file ``to``. False if it no longer exists.

    Raises:
        SqliteError: it is not a database, is damaged, or stayed locked for half a minute.
    """
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)) as source,
            closing(sqlite3.connect(private_file(to))) as copy,
        ):
            source.backup(copy)
            result = copy.execute(CHECK).fetchall()
    except (sqlite3.Error, OSError) as error:
        if not path.exists():
            return False
        raise SqliteError(f"{path} could not be copied: {error}. {remedy(error)}") from error
    if result != [("ok",)]:
        raise SqliteError(f"{path} is damaged: {result[0][0]}")
    return True
