"""The text of a Dagster event as it is stored: compressed with zlib to about a sixth.

Most of an event's text is names of classes and fields, the same in every event. A dictionary (``event_dictionary.txt``: one
example of each kind of event) is therefore given to zlib as a preset dictionary (RFC 1950), which stores the dictionary's
checksum in its output. **The dictionary must never be changed**: text that was written with it could no longer be read. A later
dictionary needs a file of its own beside it.
"""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

DICTIONARY = (Path(__file__).parent / "event_dictionary.txt").read_bytes()
COLUMNS = (("event_logs", "event"), ("asset_keys", "last_materialization"), ("asset_check_executions", "evaluation_event"))
"""Tables and their columns that hold the text of events."""


def compressed(text: str) -> bytes:
    """``text`` as it is stored."""
    writing = zlib.compressobj(zdict=DICTIONARY)
    return writing.compress(text.encode()) + writing.flush()


def expanded(stored: str | bytes) -> str:
    """The text of a stored value: compressed, or plain as Dagster's own storage and earlier releases wrote it.

    Raises:
        zlib.error: the bytes are damaged, or were written with another dictionary.
    """
    if isinstance(stored, str):
        return stored
    reading = zlib.decompressobj(zdict=DICTIONARY)
    text = reading.decompress(stored) + reading.flush()
    if not reading.eof:
        raise zlib.error("the compressed text of an event is truncated")
    return text.decode()


def write_plain(history: Path) -> int:
    """Rewrite every event of an instance as plain text, which Dagster's own storage and earlier releases can read.

    Each file is rewritten completely or not at all. A second call changes nothing.

    Args:
        history: the folder of the instance's runs and events. Nothing else may write there meanwhile.

    Returns:
        How many texts were rewritten.
    """
    count = 0
    for path in sorted((history / "runs").glob("*.db")):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.create_function("expanded", 1, expanded, deterministic=True)
            for table, column in COLUMNS:
                count += connection.execute(
                    f"UPDATE {table} SET {column} = expanded({column}) WHERE typeof({column}) = 'blob'"  # noqa: S608  names are ours
                ).rowcount
    return count
