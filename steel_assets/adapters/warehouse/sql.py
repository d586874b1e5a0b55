"""The warehouse's SQL: one text that both DuckDB and BigQuery understand.

Names come only from ``core.tables``; values are always parameters (``?``). The dialects differ in the names of types, and only
BigQuery partitions and clusters tables and stores descriptions. What BigQuery's API does without SQL (create a dataset, inspect a
table) DuckDB does by the statements at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steel_assets.core.table_schema import Column, Dtype, Table

DATASET = "steel_rebar_predictor"
"""Name of the BigQuery dataset, and of the schema in the DuckDB file."""

WRITTEN_AT = "created_at"
"""Time at which a row was written; it is not compared, so a repeated row keeps its first one."""


@dataclass(frozen=True)
class Dialect:
    """What differs between the warehouses in the same statement.

    Attributes:
        types: name of each column type.
        lays_out: whether tables are partitioned, clustered and described.
    """

    types: Mapping[Dtype, str]
    lays_out: bool


@dataclass(frozen=True)
class Since:
    """A condition on a column: this value or a later one. On a partition column no older partition is read."""

    first: Any


DUCKDB = Dialect(
    {
        "string": "VARCHAR",
        "float": "DOUBLE",
        "int": "BIGINT",
        "bool": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
    },
    lays_out=False,
)
BIGQUERY = Dialect(
    {"string": "STRING", "float": "FLOAT64", "int": "INT64", "bool": "BOOL", "date": "DATE", "timestamp": "TIMESTAMP"},
    lays_out=True,
)


def create_table(table: Table, dialect: Dialect) -> str:
    """Create ``table`` if it does not exist, columns in the order of its schema."""
    columns = ", ".join(_definition(column, dialect, required=not column.nullable) for column in table.columns)
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}){_layout(table) if dialect.lays_out else ''}"


def create_stage(table: Table, name: str) -> str:
    """Create a table with the columns of ``table`` that BigQuery deletes after a day.

    All columns are nullable, because columns of a Parquet file are, and BigQuery loads such a file into no other table.
    """
    columns = ", ".join(_definition(column, BIGQUERY, required=False) for column in table.columns)
    expires = "expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)"
    return f"CREATE TABLE {name} ({columns}) OPTIONS({expires})"


def add_column(table: Table, column: Column, dialect: Dialect) -> str:
    """Add a missing column to an older table; it is empty in existing rows."""
    return f"ALTER TABLE {table.name} ADD COLUMN IF NOT EXISTS {_definition(column, dialect, required=False)}"


def merge(table: Table, staged: str, span: tuple[Any, Any] | None) -> tuple[str, list[Any]]:
    """Insert the rows of ``staged`` with a new key, update those that changed, and keep the others.

    Args:
        span: first and last partition of the rows, if all rows of one key share a partition: others are not read.
    """
    names = table.column_names
    compared = [name for name in names if name not in table.key and name != WRITTEN_AT]
    matches = [f"target.{name} = source.{name}" for name in table.key]
    if span is not None:
        matches.append(f"target.{table.partition_by} BETWEEN ? AND ?")
    differs = " OR ".join(f"target.{name} IS DISTINCT FROM source.{name}" for name in compared)
    changes = ", ".join(f"{name} = source.{name}" for name in names if name not in table.key)
    text = (
        f"MERGE INTO {table.name} AS target USING {staged} AS source ON {' AND '.join(matches)} "  # noqa: S608  names are ours
        f"WHEN MATCHED AND ({differs}) THEN UPDATE SET {changes} "
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({', '.join(f'source.{name}' for name in names)})"
    )
    return text, list(span or ())


def select(table: Table, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Rows in the order of their key, and the parameters of the query.

    Args:
        where: column → its value (None: missing), a list of allowed values, or Since.
    """
    conditions, parameters = [], []
    for name, condition in where.items():
        if condition is None:
            conditions.append(f"{name} IS NULL")
        elif isinstance(condition, Since):
            conditions.append(f"{name} >= ?")
            parameters.append(condition.first)
        elif isinstance(condition, Iterable) and not isinstance(condition, str):
            values = [value for value in condition if value is not None]
            ways = [f"{name} IN ({', '.join('?' * len(values))})"] if values else []
            ways += [f"{name} IS NULL"] if None in condition else []
            conditions.append(f"({' OR '.join(ways)})" if ways else "FALSE")
            parameters += values
        else:
            conditions.append(f"{name} = ?")
            parameters.append(condition)
    only = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(table.column_names)} FROM {table.name}{only} ORDER BY {', '.join(table.key)}", parameters  # noqa: S608  names are ours


def count(table: Table) -> str:
    """The number of rows of a table."""
    return f"SELECT COUNT(*) FROM {table.name}"  # noqa: S608  names are ours


DUCKDB_IN_UTC = "SET TimeZone = 'UTC'"
DUCKDB_FILE = "warehouse_file"
"""Name of the attached file."""

SNAPSHOT = "steel_snapshot"
"""Name of a snapshot while it is written."""

DUCKDB_COLUMNS = "SELECT name, type, CASE WHEN \"notnull\" THEN 'NO' ELSE 'YES' END FROM pragma_table_info(?)"
"""Name, type and nullability of each column of the table with this full name, which must exist; the other tables are not read."""

DUCKDB_CREATE_DATASET = f"CREATE SCHEMA IF NOT EXISTS {DUCKDB_FILE}.{DATASET}"
DUCKDB_USE_DATASET = f"USE {DUCKDB_FILE}.{DATASET}"
DUCKDB_USE_FILE = f"USE {DUCKDB_FILE}"
DUCKDB_USE_NONE = "USE memory"
DUCKDB_DETACH = f"DETACH {DUCKDB_FILE}"


def duckdb_attach(path: Path, *, read_only: bool) -> str:
    """Attach the file at ``path`` to a running DuckDB engine."""
    quoted = str(path).replace("'", "''")
    return f"ATTACH '{quoted}' AS {DUCKDB_FILE} (TYPE duckdb{', READ_ONLY' if read_only else ''})"


def duckdb_snapshot(path: Path) -> list[str]:
    """Copy everything in the attached file, including other schemas, as of one moment to a new file at ``path``."""
    quoted = str(path).replace("'", "''")
    return [
        f"ATTACH '{quoted}' AS {SNAPSHOT} (TYPE duckdb)",
        f"COPY FROM DATABASE {DUCKDB_FILE} TO {SNAPSHOT}",
        f"DETACH {SNAPSHOT}",
    ]


def _definition(column: Column, dialect: Dialect, *, required: bool) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    description = f" OPTIONS(description = {_text(column.description + unit)})" if dialect.lays_out else ""
    return f"{column.name} {dialect.types[column.dtype]}{' NOT NULL' if required else ''}{description}"


def _layout(table: Table) -> str:
    dtypes = {column.name: column.dtype for column in table.columns}
    parts = []
    if table.partition_by:
        by_day = table.partition_by if dtypes[table.partition_by] == "date" else f"DATE({table.partition_by})"
        parts.append(f" PARTITION BY {by_day}")
    if table.cluster_by:
        parts.append(f" CLUSTER BY {', '.join(table.cluster_by)}")
    return "".join(parts) + f" OPTIONS(description = {_text(table.description)})"


def _text(words: str) -> str:
    """A string literal: GoogleSQL has the same escapes as JSON."""
    return json.dumps(words, ensure_ascii=False)
