"""The file of a run that has ended, packed: its rows as one compressed blob.

A run's file is read row by row while the run is written, and hardly ever afterwards. Most of it are then columns that are alike
in every row, unused parts of pages, and texts compressed one by one. Packed, it is still an SQLite database of the same name, so
that it is copied, backed up and deleted as before: its tables are gone but ``alembic_version``, by which Dagster knows its
schema, and ``packed`` holds them as the image of a database, compressed with LZMA (xz).
"""

import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from steel_assets.assets.event_text import COLUMNS, FILL_CHECKS, SPARED, expanded

MARK = 0x73746C31
"""``application_id`` of a packed file: read from its header without opening it as a database."""

HEADER_BYTES, MARK_AT = 100, 68
SCHEMA = "alembic_version"
INDEX = "index.db"
"""The index of all runs: a file beside theirs."""

WAIT_SECONDS = 60.0


def is_packed(path: Path) -> bool:
    """Whether the file is a packed one; False where there is none. Only its header is read."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except FileNotFoundError:
        return False
    return header[MARK_AT : MARK_AT + 4] == MARK.to_bytes(4, "big")


def pack(path: Path) -> bool:
    """Pack the file of a run that has ended. Stopped anywhere, the file is whole, packed or not.

    Returns:
        Whether it was packed now; False where it was already, or holds no events.

    Raises:
        sqlite3.Error: it is damaged, or somebody has been writing for WAIT_SECONDS; it is left as it is.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT_SECONDS)) as file:
        with file:
            file.execute("BEGIN IMMEDIATE")
            tables = _tables(file)
            if "event_logs" not in tables or "packed" in tables:
                return False
            with closing(sqlite3.connect(":memory:")) as image:
                _copy(file, image)
                image.create_function("expanded", 1, expanded, deterministic=True)
                for table, column in COLUMNS:
                    if table in tables:
                        image.execute(f"UPDATE {table} SET {column} = expanded({column}) WHERE {column} IS NOT NULL")  # noqa: S608  names are ours
                image.commit()
                image.execute("VACUUM")
                content = lzma.compress(image.serialize())
            for table in tables - {SCHEMA}:
                file.execute(f'DROP TABLE "{table}"')
            file.execute("CREATE TABLE packed (image BLOB NOT NULL)")
            file.execute("INSERT INTO packed VALUES (?)", (content,))
            file.execute(f"PRAGMA application_id = {MARK}")
        file.execute("VACUUM")
    return True


@contextmanager
def opened(file: sqlite3.Connection) -> Iterator[sqlite3.Connection | None]:
    """What a packed file holds as a database in memory, to be read; None where it is not packed.

    Raises:
        lzma.LZMAError, sqlite3.Error: it is damaged.
    """
    image = _image(file)
    if image is None:
        yield None
        return
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as memory:
        memory.deserialize(image)
        yield memory


def unpack(file: sqlite3.Connection) -> bool:
    """Give a packed file its tables again, texts plain, within the transaction that is open; whether it was packed.

    Raises:
        lzma.LZMAError, sqlite3.Error: it is damaged.
    """
    with opened(file) as memory:
        if memory is None:
            return False
        file.execute("DROP TABLE packed")
        file.execute(f"DROP TABLE IF EXISTS {SCHEMA}")
        _copy(memory, file)
        file.execute("PRAGMA application_id = 0")
    return True


def unpack_at(path: Path) -> int:
    """Unpack the file at ``path``, if it is packed; how many events it holds then."""
    if not is_packed(path):
        return 0
    with closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as file, file:
        file.execute("BEGIN IMMEDIATE")
        return int(file.execute("SELECT count(*) FROM event_logs").fetchone()[0]) if unpack(file) else 0


def write_plain(history: Path) -> int:
    """Store every event of an instance as plain text, as Dagster's own storage and older releases read it.

    Args:
        history: the folder of its runs and events. Nothing else may write there meanwhile. A file is changed as a whole or not at
            all, and done again it changes nothing.

    Returns:
        How many texts were written anew.
    """
    count = 0
    for path in sorted((history / "runs").glob("*.db")):
        count += unpack_at(path)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.create_function("expanded", 1, expanded, deterministic=True)
            connection.execute(FILL_CHECKS)
            if path.name == INDEX:
                for name, columns in SPARED.items():
                    connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")
            for table, column in COLUMNS:
                count += connection.execute(
                    f"UPDATE {table} SET {column} = expanded({column}) WHERE typeof({column}) = 'blob'"  # noqa: S608  names are ours
                ).rowcount
    return count


def _image(file: sqlite3.Connection) -> bytes | None:
    if "packed" not in _tables(file):
        return None
    return lzma.decompress(file.execute("SELECT image FROM packed").fetchone()[0])


def _tables(file: sqlite3.Connection) -> set[str]:
    rows = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name for (name,) in rows}


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Every table with its rows, and every index; into a database that has none of them."""
    made = source.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'index'"
    ).fetchall()
    for kind, name, sql in made:
        target.execute(sql)
        if kind == "table":
            rows = source.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608  a name of the file's own
            if rows:
                target.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(rows[0]))})', rows)  # noqa: S608  a name of the file's own
