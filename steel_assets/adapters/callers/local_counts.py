"""Requests per caller and hour, counted in one SQLite file for all processes of a machine.

One transaction per count. If the file cannot be used, the process counts in memory and tries the file again after a while.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from steel_assets.adapters.machine.disk import private_file, private_folder

log = logging.getLogger("steel.serving")

HOUR = 3600.0
WAIT_SECONDS = 1.0
"""Seconds that one count waits for other processes."""

RETRY_SECONDS = 60.0
SCHEMA = "CREATE TABLE IF NOT EXISTS spent (name TEXT PRIMARY KEY, count INTEGER NOT NULL, resets_at REAL NOT NULL)"
OTHER_SCHEMA = ("no such column", "has no column", "ON CONFLICT", "cannot modify", "may not be altered")
"""Parts of SQLite's messages about a file with other tables than ours."""

WRITE = (
    "INSERT INTO spent (name, count, resets_at) VALUES (:name, :count, :resets_at) "
    "ON CONFLICT (name) DO UPDATE SET count = :count, resets_at = :resets_at"
)


class Drawn(NamedTuple):
    """How many of the wanted requests were granted, how many remain, and when the window ends (Unix seconds)."""

    granted: int
    remaining: int
    resets_at: float


class LocalCounts:
    """Counts in a file, or in memory without one. Safe between threads and processes; never raises."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path.absolute() if path else None
        self._lock = threading.Lock()
        self._file: sqlite3.Connection | None = None
        self._memory = _prepared(sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None))
        self._file_from = 0.0

    def take(self, name: str, calls: int, limit: int, now: float) -> Drawn:
        """Count up to ``calls`` requests of ``name``, never more than ``limit`` in one window."""
        with self._lock:
            file = self._usable_file()
            if file is not None:
                try:
                    return _take(file, name, calls, limit, now)
                except sqlite3.Error as error:
                    self._give_up(error)
            return _take(self._memory, name, calls, limit, now)

    def settle(self, name: str, unused: int, resets_at: float) -> None:
        """Return ``unused`` requests, and end the window at ``resets_at`` if that is earlier."""
        with self._lock:
            update = "UPDATE spent SET count = max(0, count - ?), resets_at = min(resets_at, ?) WHERE name = ?"
            for database in (self._memory, self._file):
                if database is not None:
                    try:
                        database.execute(update, (unused, resets_at, name))
                    except sqlite3.Error as error:
                        self._give_up(error)

    def _usable_file(self) -> sqlite3.Connection | None:
        if self._path is None or self._file is not None or time.monotonic() < self._file_from:
            return self._file
        try:
            private_folder(self._path.parent)
            private_file(self._path)
            self._file = _prepared(
                sqlite3.connect(self._path, timeout=WAIT_SECONDS, check_same_thread=False, isolation_level=None)
            )
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
        return self._file

    def _give_up(self, error: Exception) -> None:
        log.error("requests cannot be counted in %s (%s); this process counts by itself for a while", self._path, error)
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
        operational = isinstance(error, sqlite3.OperationalError)
        damaged = isinstance(error, sqlite3.Error) and (not operational or any(sign in str(error) for sign in OTHER_SCHEMA))
        if damaged and self._path is not None:  # nothing in it can be used any more
            for part in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self._path.with_name(self._path.name + part).unlink(missing_ok=True)
        self._file, self._file_from = None, time.monotonic() + RETRY_SECONDS


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")  # what a power cut costs is one hour's counts
    database.execute(SCHEMA)
    return database


def _take(database: sqlite3.Connection, name: str, calls: int, limit: int, now: float) -> Drawn:
    database.execute("BEGIN IMMEDIATE")
    try:
        row = database.execute("SELECT count, resets_at FROM spent WHERE name = ?", (name,)).fetchone()
        count, resets_at = row or (0, 0.0)
        if not isinstance(count, int) or count < 0 or not isinstance(resets_at, int | float):
            raise sqlite3.DatabaseError(f"what is counted of a caller is {count!r} until {resets_at!r}")
        if not now < resets_at <= now + HOUR + 1:  # it has ended, or a clock has gone back since
            count, resets_at = 0, now + HOUR
        granted = max(0, min(calls, limit - count))
        database.execute(WRITE, {"name": name, "count": count + granted, "resets_at": resets_at})
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise
    return Drawn(granted, max(0, limit - count - granted), resets_at)
