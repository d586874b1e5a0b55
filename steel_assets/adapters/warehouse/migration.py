"""Migrates a table of an older or newer release: missing columns are added, changes that would lose data are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steel_assets.adapters.warehouse import sql
from steel_assets.adapters.warehouse.errors import WarehouseError
from steel_assets.core.table_schema import Table


@dataclass(frozen=True)
class Present:
    """A column as it is in the warehouse: its type in the dialect, and whether it is nullable."""

    type: str
    required: bool


def migration(table: Table, present: Mapping[str, Present], dialect: sql.Dialect) -> list[str]:
    """The statements that add to ``table`` the columns it lacks; no column is changed or removed.

    Raises:
        WarehouseError: a column has another type.
    """
    lacked = missing(table, present, dialect)
    return [sql.add_column(table, column, dialect) for column in table.columns if column.name in lacked]


def missing(table: Table, present: Mapping[str, Present], dialect: sql.Dialect) -> list[str]:
    """The columns that ``table`` lacks.

    Raises:
        WarehouseError: a column has another type.
    """
    for column in table.columns:
        found, wanted = present.get(column.name), dialect.types[column.dtype]
        if found is not None and found.type != wanted:
            raise WarehouseError(
                f"table {table.name}: column {column.name} is {found.type} in the warehouse and must be {wanted}. "
                "Changing a type would rewrite history: rename the old table and run again",
                "schema",
            )
    return [column.name for column in table.columns if column.name not in present]


def refuse_orphans(table: Table, present: Mapping[str, Present]) -> None:
    """Before a write: refuse a table with a required column that this release does not write.

    Raises:
        WarehouseError: the message names the column.
    """
    orphans = [name for name, present_column in present.items() if present_column.required and name not in table.column_names]
    if orphans:
        raise WarehouseError(
            f"table {table.name}: column {', '.join(orphans)} of the warehouse may not be empty, and this release does not fill "
            "it. Taking it away would lose history: let it be empty (ALTER TABLE … ALTER COLUMN … DROP NOT NULL) and run again",
            "schema",
        )
