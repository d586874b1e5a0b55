"""The warehouse: the platform's tables, written by idempotent upserts, queried by people and dashboards.

DuckDB lets one process write or many read. So every operation attaches the file, does one thing in one transaction and lets it
go again, taking turns through a lock file beside it, and waits (jittered, bounded) when somebody else holds the file.
"""

from __future__ import annotations

import errno
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pandas as pd
from filelock import FileLock, Timeout

from steel_assets.adapters.machine.disk import make_folder, private_file, remedy
from steel_assets.adapters.machine.traces import traced
from steel_assets.adapters.warehouse import sql
from steel_assets.adapters.warehouse.damage import filled_again, is_damage, lost, set_aside
from steel_assets.adapters.warehouse.duckdb_engine import attached
from steel_assets.adapters.warehouse.errors import WarehouseBusy, WarehouseError
from steel_assets.adapters.warehouse.migration import Present, migration, missing, refuse_orphans
from steel_assets.adapters.warehouse.rows import conditions, in_memory, span, staged
from steel_assets.core.table_schema import Table

Since = sql.Since

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

__all__ = ["DuckDBWarehouse", "Job", "Since", "Warehouse", "WarehouseBusy", "WarehouseError"]


T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """One job that a warehouse ran: what for, how long, and what it is billed for.

    Attributes:
        operation: create, load, merge or select.
        seconds: from its start to its end, at the service.
    """

    id: str
    operation: str
    table: str
    rows: int
    seconds: float
    bytes_billed: int
    slot_seconds: float


class Warehouse(Protocol):
    """A port: every implementation passes the same conformance suite."""

    def upsert(self, table: Table, frame: pd.DataFrame) -> int:
        """Write rows by the table's key, all or none; how many were new or said something new.

        A row that is already there as it is, ``created_at`` aside, is left alone: repeating an upsert changes nothing.
        Creates the table, and gives an older one the columns it lacks.

        Raises:
            TableError: the frame does not fit the table.
            WarehouseError: the table in the warehouse has other types, or the warehouse cannot be written.
        """

    def read(self, table: Table, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Rows in the order of their key; no rows when nothing was ever written.

        Args:
            where: column to the value it must have (None: empty), to a collection of values of which it must have one, or to
                ``Since`` a value.
        """

    def count(self, table: Table) -> int:
        """How many rows the table holds."""

    def lacking(self, table: Table) -> list[str]:
        """The columns that an older release's table lacks; none where there is no table. Nothing is changed: reading adds them.

        Raises:
            WarehouseError: a column has another type.
        """

    def uri(self, table: Table) -> str:
        """Where a person finds the table."""

    @property
    def uri_of_database(self) -> str:
        """Where a person finds all of them."""

    def stored_bytes(self) -> int:
        """What the platform's tables together weigh."""

    def take_jobs(self) -> list[Job]:
        """The jobs run since this was last asked, oldest first; none where nothing is billed."""

    def lost(self) -> str | None:
        """What is to be told of a damaged warehouse that was begun anew, until ``filled_again``; None when nothing is."""

    def filled_again(self) -> None:
        """What can be known of what was lost is in it again."""


class DuckDBWarehouse:
    """Tables in one DuckDB file, in the mission's dataset (a schema)."""

    def __init__(self, path: Path, *, retry_seconds: float = 30.0, ours: bool = False) -> None:
        """Over a DuckDB file; it is made by the first write.

        Args:
            retry_seconds: how long one operation waits for others to let go of the file.
            ours: the file is where the platform puts it, so that one that is no warehouse is a damaged one: it is set aside
                and a new one begun (``warehouse_damage``). A file that somebody named is left as it is.
        """
        self.path = path.absolute()
        self._ours = ours
        self.retry_seconds = retry_seconds

    def lost(self) -> str | None:
        return lost(self.path)

    def filled_again(self) -> None:
        filled_again(self.path)

    @traced("warehouse upsert", "steel.table")
    def upsert(self, table: Table, frame: pd.DataFrame) -> int:
        return self._again_if_damaged(lambda: self._upsert(table, frame))

    def _upsert(self, table: Table, frame: pd.DataFrame) -> int:
        rows = staged(table, table.enforce(frame))
        self._make_folder()
        with self._connection() as connection:
            connection.begin()
            _prepare(connection, table)
            connection.register("staged", rows)
            changed = connection.execute(*sql.merge(table, "staged", span(table, rows))).fetchall()[0][0]
            connection.unregister("staged")
            connection.commit()
        return int(changed)

    @traced("warehouse read", "steel.table")
    def read(self, table: Table, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
        query, parameters = sql.select(table, conditions(table, where))
        found = self._again_if_damaged(lambda: self._answer(table, query, parameters))
        return table.empty() if found is None else in_memory(table, found)

    def count(self, table: Table) -> int:
        found = self._again_if_damaged(lambda: self._answer(table, sql.count(table), []))
        return 0 if found is None else int(found[0][0].as_py())

    def lacking(self, table: Table) -> list[str]:
        if not self.path.exists():
            return []
        with self._connection(read_only=True) as connection:
            present = _columns(connection, table)
        return missing(table, present, sql.DUCKDB) if present else []

    def uri(self, table: Table) -> str:
        return f"{self.path.as_uri()}#{sql.DATASET}.{table.name}"

    @property
    def uri_of_database(self) -> str:
        return self.path.as_uri()

    def stored_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def take_jobs(self) -> list[Job]:
        return []

    def snapshot(self, path: Path) -> bool:
        """Write everything in the file, as of one moment, to a new DuckDB file at ``path``. False where there is no warehouse.

        Raises:
            WarehouseError: it cannot be read, or ``path`` cannot be written.
        """
        if not self.path.exists():
            return False
        with self._connection(read_only=True) as connection:
            for statement in sql.duckdb_snapshot(path):
                connection.execute(statement)
        return True

    def _again_if_damaged(self, work: Callable[[], T]) -> T:
        """``work``, once more where it found the file damaged and set it aside."""
        before = lost(self.path) if self._ours else None
        try:
            return work()
        except WarehouseError:
            if not self._ours or lost(self.path) in (None, before):
                raise
            return work()

    def _answer(self, table: Table, query: str, parameters: list[Any]) -> pa.Table | None:
        """What the query finds; None when the table was never written. An older table gets the columns it lacks first."""
        if not self.path.exists():
            return None
        with self._connection(read_only=True) as connection:
            present = _columns(connection, table)
            if not present:
                return None
            if set(table.column_names) <= set(present):
                connection.execute(sql.DUCKDB_USE_DATASET)
                return connection.sql(query, params=parameters).to_arrow_table()
        self.upsert(table, table.empty())
        return self._answer(table, query, parameters)

    def _make_folder(self) -> None:
        try:
            make_folder(self.path.parent)
        except OSError as error:
            raise WarehouseError(f"the folder of the warehouse {self.path} cannot be made: {error}. {remedy(error)}") from error

    @contextmanager
    def _connection(self, *, read_only: bool = False) -> Iterator[DuckDBPyConnection]:
        import duckdb

        deadline = time.monotonic() + self.retry_seconds
        try:
            with self._turn(read_only), self._whole(), self._opened(deadline, read_only) as connection:
                connection.execute(sql.DUCKDB_USE_FILE)
                connection.execute(sql.DUCKDB_IN_UTC)
                yield connection
        except Timeout as error:
            raise self._busy() from error
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(
                f"the warehouse {self.path} could not be {'read' if read_only else 'written'}: {error}. {remedy(error)}"
            ) from error

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Inside, a file of ours that turns out to be damaged is set aside; the next operation begins a new one."""
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            if self._ours and is_damage(error):
                set_aside(self.path, error)
            raise

    def _turn(self, read_only: bool) -> AbstractContextManager[object]:
        """This operation's turn; on a disk that is read-only nobody writes, so that readers need none."""
        try:
            return FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=self.retry_seconds).acquire()
        except OSError as error:
            if read_only and error.errno == errno.EROFS:
                return nullcontext()
            raise

    @contextmanager
    def _opened(self, deadline: float, read_only: bool) -> Iterator[DuckDBPyConnection]:
        """The file, attached to this thread's engine: to begin an engine for each operation takes forty milliseconds."""
        with attached(lambda connection: self._attach(connection, deadline, read_only)) as connection:
            if not read_only:
                private_file(self.path)
            yield connection

    def _attach(self, connection: DuckDBPyConnection, deadline: float, read_only: bool) -> None:
        import duckdb

        while True:
            try:
                connection.execute(sql.duckdb_attach(self.path, read_only=read_only))
            except duckdb.Error as error:  # held by another process, or by another engine of this one
                if "Could not set lock" not in str(error) and "is already attached" not in str(error):
                    raise
                if time.monotonic() >= deadline:
                    raise self._busy() from error
            else:
                return
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311  spreads waiting processes, keeps no secret

    def _busy(self) -> WarehouseBusy:
        return WarehouseBusy(
            f"the warehouse {self.path} was held by another process for {self.retry_seconds:g} s. "
            "DuckDB lets one process write a file at a time: close the program that has it open (a DuckDB shell, a notebook), "
            "or have it open a copy"
        )


def _prepare(connection: DuckDBPyConnection, table: Table) -> None:
    """The dataset and the table as its schema says, made or migrated. Raises WarehouseError for a column of another type."""
    connection.execute(sql.DUCKDB_CREATE_DATASET)
    connection.execute(sql.DUCKDB_USE_DATASET)
    connection.execute(sql.create_table(table, sql.DUCKDB))
    present = _columns(connection, table)
    refuse_orphans(table, present)
    for statement in migration(table, present, sql.DUCKDB):
        connection.execute(statement)


def _columns(connection: DuckDBPyConnection, table: Table) -> dict[str, Present]:
    rows = connection.execute(sql.DUCKDB_COLUMNS, [sql.DATASET, table.name]).fetchall()
    return {name: Present(kind, may_be_empty == "NO") for name, kind, may_be_empty in rows}
