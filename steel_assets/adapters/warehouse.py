"""The warehouse: the platform's tables, written by idempotent upserts, queried by people and dashboards.

DuckDB lets one process write or many read. So every operation opens the file, does one thing in one transaction and closes
it again, taking turns through a lock file beside it, and waits (jittered, bounded) when somebody else holds the file.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout

from steel_assets.adapters import warehouse_sql as sql
from steel_assets.core.tables import Dtype, Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class WarehouseError(RuntimeError):
    """The warehouse refuses; the message names the file or table and the remedy. Nothing was written."""


class WarehouseBusy(WarehouseError):
    """Another process held the warehouse for longer than we wait."""


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
            where: column to the value it must have (None: empty), or to a collection of values of which it must have one.
        """

    def count(self, table: Table) -> int:
        """How many rows the table holds."""

    def uri(self, table: Table) -> str:
        """Where a person finds the table."""


DUCKDB_TYPES: dict[Dtype, str] = {
    "string": "VARCHAR",
    "float": "DOUBLE",
    "int": "BIGINT",
    "bool": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}

STAGED_TYPES: dict[Dtype, pa.DataType] = {
    "string": pa.string(),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

MEMORY_TYPES: dict[Dtype, pa.DataType] = {
    **STAGED_TYPES,
    "date": pa.timestamp("ns"),
    "timestamp": pa.timestamp("ns", tz="UTC"),
}


class DuckDBWarehouse:
    """Tables in one DuckDB file, in the mission's dataset (a schema)."""

    def __init__(self, path: Path, *, patience_seconds: float = 30.0) -> None:
        """
        Args:
            patience_seconds: how long one operation waits for others to let go of the file.
        """
        self.path = path.absolute()
        self.patience_seconds = patience_seconds

    def upsert(self, table: Table, frame: pd.DataFrame) -> int:
        rows = _staged(table, table.enforce(frame))
        self._make_folder()
        with self._connection() as connection:
            connection.begin()
            _prepare(connection, table)
            connection.register("staged", rows)
            changed = connection.execute(sql.merge(table, "staged")).fetchall()[0][0]
            connection.unregister("staged")
            connection.commit()
        return int(changed)

    def read(self, table: Table, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
        found = self._answer(table, *sql.select(table, _conditions(table, where or {})))
        if found is None:
            return table.empty()
        schema = pa.schema([(column.name, MEMORY_TYPES[column.dtype]) for column in table.columns])
        return found.cast(schema).to_pandas()

    def count(self, table: Table) -> int:
        found = self._answer(table, sql.count(table), [])
        return 0 if found is None else int(found[0][0].as_py())

    def uri(self, table: Table) -> str:
        return f"{self.path.as_uri()}#{sql.DATASET}.{table.name}"

    def _answer(self, table: Table, query: str, parameters: list[Any]) -> pa.Table | None:
        """What the query finds; None when the table was never written. An older table gets the columns it lacks first."""
        if not self.path.exists():
            return None
        with self._connection(read_only=True) as connection:
            present = _columns(connection, table)
            if not present:
                return None
            if set(table.column_names) <= set(present):
                connection.execute(f"USE {_dataset(connection)}")
                return connection.sql(query, params=parameters).to_arrow_table()
        self.upsert(table, table.empty())
        return self._answer(table, query, parameters)

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WarehouseError(f"the folder of the warehouse {self.path} cannot be made: {error}") from error

    @contextmanager
    def _connection(self, *, read_only: bool = False) -> Iterator[DuckDBPyConnection]:
        import duckdb

        deadline = time.monotonic() + self.patience_seconds
        lock = FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=self.patience_seconds)
        try:
            with lock, self._opened(deadline, read_only) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                yield connection
        except Timeout as error:
            raise self._busy() from error
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(
                f"the warehouse {self.path} could not be {'read' if read_only else 'written'}: {error}"
            ) from error

    def _opened(self, deadline: float, read_only: bool) -> DuckDBPyConnection:
        import duckdb

        while True:
            try:
                return duckdb.connect(self.path, read_only=read_only)
            except (duckdb.IOException, duckdb.ConnectionException) as error:
                if "Could not set lock" not in str(error) and "different configuration" not in str(error):
                    raise
                if time.monotonic() >= deadline:
                    raise self._busy() from error
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311  spreads waiting processes, keeps no secret

    def _busy(self) -> WarehouseBusy:
        return WarehouseBusy(
            f"the warehouse {self.path} was held by another process for {self.patience_seconds:g} s. "
            "DuckDB lets one process write a file at a time: close the program that has it open (a DuckDB shell, a notebook), "
            "or have it open a copy"
        )


def _prepare(connection: DuckDBPyConnection, table: Table) -> None:
    """The dataset and the table as the contract wants them, adding columns to an older table and never changing one.

    Raises:
        WarehouseError: a column has another type.
    """
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_dataset(connection)}")
    connection.execute(f"USE {_dataset(connection)}")
    connection.execute(sql.create_table(table, DUCKDB_TYPES))
    present = _columns(connection, table)
    for column in table.columns:
        if column.name not in present:
            connection.execute(sql.add_column(table, column, DUCKDB_TYPES))
        elif present[column.name] != DUCKDB_TYPES[column.dtype]:
            raise WarehouseError(
                f"table {table.name}: column {column.name} is {present[column.name]} in the warehouse and must be "
                f"{DUCKDB_TYPES[column.dtype]}. Changing a type would rewrite history: rename the old table and run again"
            )


def _dataset(connection: DuckDBPyConnection) -> str:
    """The dataset's full name: a file called like the dataset would be ambiguous without the name DuckDB gave the file."""
    catalog = str(connection.execute("SELECT current_database()").fetchall()[0][0])
    return '"' + catalog.replace('"', '""') + f'".{sql.DATASET}'


def _columns(connection: DuckDBPyConnection, table: Table) -> dict[str, str]:
    rows = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = ? AND table_name = ? ORDER BY ordinal_position",
        [sql.DATASET, table.name],
    ).fetchall()
    return dict(rows)


def _staged(table: Table, rows: pd.DataFrame) -> pa.Table:
    """Enforced rows as Arrow, moments cut to the microsecond (what both warehouses keep)."""
    moments = {c.name: rows[c.name].dt.floor("us") for c in table.columns if c.dtype == "timestamp"}
    schema = pa.schema([(column.name, STAGED_TYPES[column.dtype]) for column in table.columns])
    return pa.Table.from_pandas(rows.assign(**moments), schema=schema, preserve_index=False)


def _conditions(table: Table, where: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(where) - set(table.column_names))
    if unknown:
        raise WarehouseError(f"table {table.name} has no columns {unknown}; it has {', '.join(table.column_names)}")
    types = {column.name: column.dtype for column in table.columns}
    return {name: _parameter(wanted, types[name]) for name, wanted in where.items()}


def _parameter(wanted: Any, dtype: Dtype) -> Any:
    """``wanted`` (or each of its values) as the plain Python value that fits a column of ``dtype``."""
    if wanted is None:
        return None
    if isinstance(wanted, Iterable) and not isinstance(wanted, str):
        return [_parameter(value, dtype) for value in wanted]
    if dtype == "date":
        return pd.Timestamp(wanted).date()
    if dtype == "timestamp":
        moment = pd.Timestamp(wanted)
        return (moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")).floor("us").to_pydatetime()
    return wanted.item() if isinstance(wanted, np.generic) else wanted
