"""Cache entries in one SQLite file per namespace, which several processes can use and which survives a kill."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from steel_assets.adapters.cache.store import CacheStoreError, Usage
from steel_assets.adapters.callers.local_counts import OTHER_SCHEMA
from steel_assets.adapters.machine.disk import private_file, private_folder

T = TypeVar("T")

WAIT_SECONDS = 5.0
"""How long one operation waits for others that use the file."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    name TEXT PRIMARY KEY, stored BLOB NOT NULL, bytes INTEGER NOT NULL, expires REAL NOT NULL, ttl REAL NOT NULL
)
"""

ALIVE = "expires > :now AND expires - ttl <= :now + 1"
"""Also false for entries that a clock which was set back would keep too long."""


class SqliteCacheStore:
    """Files in a folder. A damaged file is deleted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def where(self) -> str:
        return str(self.folder)

    def read(self, namespace: str, name: str) -> bytes | None:
        def work(database: sqlite3.Connection) -> bytes | None:
            query = f"SELECT stored FROM entry WHERE name = :name AND {ALIVE}"  # noqa: S608  ALIVE is a constant
            row = database.execute(query, {"name": name, "now": time.time()}).fetchone()
            return None if row is None else row[0] if isinstance(row[0], bytes) else b""

        return self._use(namespace, work)

    def write(self, namespace: str, name: str, stored: bytes, ttl_seconds: float, limit_bytes: int) -> None:
        def work(database: sqlite3.Connection) -> None:
            now = time.time()
            database.execute("BEGIN IMMEDIATE")
            dead = f"DELETE FROM entry WHERE name = :name OR NOT ({ALIVE})"  # noqa: S608  ALIVE is a constant
            database.execute(dead, {"name": name, "now": now})
            _make_room(database, limit_bytes - len(stored))
            entry = (name, stored, len(stored), now + ttl_seconds, ttl_seconds)
            database.execute("INSERT INTO entry (name, stored, bytes, expires, ttl) VALUES (?, ?, ?, ?, ?)", entry)
            database.execute("COMMIT")

        self._use(namespace, work)

    def delete(self, namespace: str, name: str) -> None:
        self._use(namespace, lambda database: database.execute("DELETE FROM entry WHERE name = ?", (name,)).close())

    def usage(self, namespace: str) -> Usage:
        def work(database: sqlite3.Connection) -> Usage:
            query = f"SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM entry WHERE {ALIVE}"  # noqa: S608  ALIVE is a constant
            return Usage(*database.execute(query, {"now": time.time()}).fetchone())

        return self._use(namespace, work)

    def _use(self, namespace: str, work: Callable[[sqlite3.Connection], T]) -> T:
        path = self.folder / f"{namespace}.sqlite"
        try:
            private_folder(self.folder)
            with closing(sqlite3.connect(private_file(path), timeout=WAIT_SECONDS, isolation_level=None)) as database:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                database.execute(SCHEMA)
                return work(database)
        except (sqlite3.Error, OSError, TypeError, ValueError) as error:
            operational = isinstance(error, sqlite3.OperationalError | OSError)
            if operational and not any(sign in str(error) for sign in OTHER_SCHEMA):
                raise CacheStoreError(f"{path}: {error}") from error
            for part in ("", "-wal", "-shm"):
                path.with_name(path.name + part).unlink(missing_ok=True)
            raise CacheStoreError(f"{path} was damaged and is removed: {error}") from error


def _make_room(database: sqlite3.Connection, room: int) -> None:
    held = database.execute("SELECT COALESCE(SUM(bytes), 0) FROM entry").fetchone()[0]
    while held > room:
        name, size = database.execute("SELECT name, bytes FROM entry ORDER BY expires, rowid LIMIT 1").fetchone()
        database.execute("DELETE FROM entry WHERE name = ?", (name,))
        held -= size
