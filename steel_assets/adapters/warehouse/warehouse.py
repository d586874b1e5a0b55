"""The interface of the warehouse, and DuckDB: the platform's tables, written by idempotent upserts, queried by people.

DuckDB lets one process write or many read. So every operation attaches the file, does one transaction and detaches it, in turns
by a lock file beside it, and waits (with jitter and a limit) while another process holds the file.
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
    """One job of a warehouse: its purpose, duration, and billed bytes.

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
    """The interface of warehouses, tested by one conformance suite."""

    def upsert(self, table: Table, frame: pd.DataFrame) -> int:
        """Write rows by the table's key, all or none; return how many were new or changed.

        A row that equals the stored one, except for ``created_at``, is not written: repeating an upsert changes nothing. Creates
        the table, and adds columns that an older one lacks.

        Raises:
            TableError: the frame does not fit the table.
            WarehouseError: the table in the warehouse has other types, or the warehouse cannot be written.
        """

    def read(self, table: Table, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Rows in the order of their key; no rows if nothing was ever written.

        Args:
            where: column → its value (None: missing), a collection of allowed values, or ``Since`` a value.
        """

    def count(self, table: Table) -> int:
        """The number of rows of the table."""

    def lacking(self, table: Table) -> list[str]:
        """The columns that an older release's table lacks; none if there is no table. Nothing is changed.

        Raises:
            WarehouseError: a column has another type.
        """

    def uri(self, table: Table) -> str:
        """The address of the table, for people."""

    @property
    def uri_of_database(self) -> str:
        """The address of all tables, for people."""

    def stored_bytes(self) -> int:
        """The size of the platform's tables."""

    def take_jobs(self) -> list[Job]:
        """The jobs run since the last call, oldest first; none if nothing is billed."""

    def lost(self) -> str | None:
        """A sentence about a damaged warehouse that was replaced, until ``filled_again``; None if there is none."""

    def filled_again(self) -> None:
        """Note that everything that could be recovered was written again."""


class DuckDBWarehouse:
    """Tables in one schema of a DuckDB file."""

    def __init__(self, path: Path, *, retry_seconds: float = 30.0, ours: bool = False) -> None:
        """A warehouse in a DuckDB file, which the first write creates.

        Args:
            retry_seconds: how long one operation waits for other processes.
            ours: the file is at the platform's own place, so one that is not a warehouse is damaged: it is moved aside and
                replaced (``damage``). A file named by a user is not touched.
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
        """Write everything in the file, as of one moment, to a new DuckDB file at ``path``. False if there is no warehouse.

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
        """The result of ``work``, which is repeated once if it found the file damaged and moved it aside."""
        before = lost(self.path) if self._ours else None
        try:
            return work()
        except WarehouseError:
            if not self._ours or lost(self.path) in (None, before):
                raise
            return work()

    def _answer(self, table: Table, query: str, parameters: list[Any]) -> pa.Table | None:
        """The result of the query; None if the table was never written. An older table first gets the columns it lacks."""
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
        """A context in which a damaged file of ours is moved aside; the next operation starts a new one."""
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            if self._ours and is_damage(error):
                set_aside(self.path, error)
            raise

    def _turn(self, read_only: bool) -> AbstractContextManager[object]:
        """The lock for this operation; on a read-only disk nobody writes, so readers need none."""
        try:
            return FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=self.retry_seconds).acquire()
        except OSError as error:
            if read_only and error.errno == errno.EROFS:
                return nullcontext()
            raise

    @contextmanager
    def _opened(self, deadline: float, read_only: bool) -> Iterator[DuckDBPyConnection]:
        """The file, attached to this thread's engine."""
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
    """Create or migrate the schema and the table.

    Raises:
        WarehouseError: a column has another type.
    """
    connection.execute(sql.DUCKDB_CREATE_DATASET)
    connection.execute(sql.DUCKDB_USE_DATASET)
    connection.execute(sql.create_table(table, sql.DUCKDB))
    present = _columns(connection, table)
    refuse_orphans(table, present)
    for statement in migration(table, present, sql.DUCKDB):
        connection.execute(statement)


def _columns(connection: DuckDBPyConnection, table: Table) -> dict[str, Present]:
    """The columns of the table as it is; none if there is no such table."""
    import duckdb

    try:
        rows = connection.execute(sql.DUCKDB_COLUMNS, [f"{sql.DUCKDB_FILE}.{sql.DATASET}.{table.name}"]).fetchall()
    except duckdb.CatalogException:
        return {}
    return {name: Present(kind, may_be_empty == "NO") for name, kind, may_be_empty in rows}
