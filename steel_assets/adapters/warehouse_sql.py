"""The warehouse's SQL, in one place: a single text that both DuckDB and BigQuery understand.

Names come from ``core.tables`` and nowhere else, values are always parameters (``?``). What differs between dialects is the
names of the types, which the caller passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from steel_assets.core.tables import Column, Dtype, Table

DATASET = "steel_rebar_predictor"
"""The mission's dataset: a BigQuery dataset, a schema of the DuckDB file."""

WRITTEN_AT = "created_at"
"""When a row was written: not part of what the row says, so a repeated row keeps its first one."""


def create_table(table: Table, types: Mapping[Dtype, str]) -> str:
    """Create ``table`` if it does not exist, columns in the order of its contract."""
    columns = ", ".join(_definition(column, types, required=not column.nullable) for column in table.columns)
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({columns})"


def add_column(table: Table, column: Column, types: Mapping[Dtype, str]) -> str:
    """Give an older table a column it lacks; empty in the rows it already has."""
    return f"ALTER TABLE {table.name} ADD COLUMN {_definition(column, types, required=False)}"


def merge(table: Table, staged: str) -> str:
    """Insert the rows of ``staged`` whose key is new, update those that say something new, leave the others alone."""
    names = table.column_names
    told = [name for name in names if name not in table.key and name != WRITTEN_AT]
    same_key = " AND ".join(f"target.{name} = source.{name}" for name in table.key)
    differs = " OR ".join(f"target.{name} IS DISTINCT FROM source.{name}" for name in told)
    changes = ", ".join(f"{name} = source.{name}" for name in names if name not in table.key)
    return (
        f"MERGE INTO {table.name} AS target USING {staged} AS source ON {same_key} "  # noqa: S608  names are ours
        f"WHEN MATCHED AND ({differs}) THEN UPDATE SET {changes} "
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({', '.join(f'source.{name}' for name in names)})"
    )


def select(table: Table, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Rows in the order of their key, and the parameters of the query.

    Args:
        where: column to the value it must have (None: empty), or to a collection of values of which it must have one.
    """
    conditions, parameters = [], []
    for name, wanted in where.items():
        if wanted is None:
            conditions.append(f"{name} IS NULL")
        elif isinstance(wanted, Iterable) and not isinstance(wanted, str):
            values = list(wanted)
            conditions.append(f"{name} IN ({', '.join('?' * len(values))})" if values else "FALSE")
            parameters += values
        else:
            conditions.append(f"{name} = ?")
            parameters.append(wanted)
    only = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(table.column_names)} FROM {table.name}{only} ORDER BY {', '.join(table.key)}", parameters  # noqa: S608  names are ours


def count(table: Table) -> str:
    return f"SELECT COUNT(*) FROM {table.name}"  # noqa: S608  names are ours


def _definition(column: Column, types: Mapping[Dtype, str], *, required: bool) -> str:
    return f"{column.name} {types[column.dtype]}{' NOT NULL' if required else ''}"
