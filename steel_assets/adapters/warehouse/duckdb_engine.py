"""One DuckDB engine per thread, to which a file is attached for the time of one operation.

Starting an engine takes about forty milliseconds of processor time, attaching a file a few; a daily run has a hundred operations.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from steel_assets.adapters.warehouse import sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_here = threading.local()


@contextmanager
def attached(attach: Callable[[DuckDBPyConnection], None]) -> Iterator[DuckDBPyConnection]:
    """A connection to what ``attach`` attaches as ``sql.DUCKDB_FILE``. Uncommitted changes are rolled back.

    If the file cannot be detached, the engine is discarded, because its state is not known.
    """
    connection = _engine()
    try:
        attach(connection)
        yield connection
    finally:
        _let_go(connection)


def _engine() -> DuckDBPyConnection:
    """This thread's engine; a forked process starts its own."""
    import duckdb

    found: tuple[int, DuckDBPyConnection] | None = getattr(_here, "engine", None)
    if found is None or found[0] != os.getpid():
        spilled = Path(tempfile.gettempdir()) / f"steel-duckdb-{os.getpid()}"
        found = os.getpid(), duckdb.connect(config={"temp_directory": str(spilled)})
        _here.engine = found
    return found[1]


def _let_go(connection: DuckDBPyConnection) -> None:
    import duckdb

    with suppress(duckdb.Error):  # nothing was begun, or it was committed
        connection.rollback()
    try:
        connection.execute(sql.DUCKDB_USE_NONE)
        connection.execute(sql.DUCKDB_DETACH)
    except duckdb.Error:
        del _here.engine
        connection.close()
