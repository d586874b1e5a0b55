"""Copies a warehouse's tables into another, for example from a DuckDB file to BigQuery.

Rows are written by the destination's own upsert, table by table, then read back and compared value by value. Repeating a copy
changes nothing, so an interrupted one is simply repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from steel_assets.adapters.lake.copying import CopyRefused
from steel_assets.adapters.warehouse.rows import staged
from steel_assets.adapters.warehouse.sql import WRITTEN_AT
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import WAREHOUSE_TABLES


@dataclass(frozen=True)
class TableCopied:
    """The result of copying one table.

    Attributes:
        rows: rows of the source, all of which are at the destination now.
        written: how many of them were new there, or changed.
        kept: rows that exist only at the destination; they are kept.
        sha256: checksum of the source's rows, in the order of their key, at both ends.
    """

    table: str
    rows: int
    written: int
    kept: int
    sha256: str


def copy_warehouse(
    source: Warehouse,
    destination: Warehouse,
    *,
    replace: bool = False,
    tables: Sequence[Table] = WAREHOUSE_TABLES,
    on_table: Callable[[TableCopied], None] = lambda copied: None,
) -> list[TableCopied]:
    """Copy every row of ``source`` to ``destination``.

    Args:
        replace: overwrite rows of the destination with the same key and other content.
        on_table: called when a table is copied and verified.

    Raises:
        CopyRefused: the source is empty, a row of the destination differs, or what was read back differs from the source.
    """
    if not any(source.count(table) for table in tables):
        raise CopyRefused(f"{source.uri_of_database} holds none of the platform's rows: name the warehouse that does")
    if not replace:
        for table in tables:
            _refuse_losses(table, source, destination)
    done = []
    for table in tables:
        done.append(_copy(table, source, destination))
        on_table(done[-1])
    return done


def checksum(table: Table, rows: pd.DataFrame) -> str:
    """SHA-256 over the rows' values and types, in the order of their key, without ``created_at``."""
    columns = [name for name in table.column_names if name != WRITTEN_AT]
    ordered = staged(table, rows.sort_values(list(table.key), ignore_index=True)).select(columns).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, ordered.schema) as stream:
        stream.write_table(ordered)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def _copy(table: Table, source: Warehouse, destination: Warehouse) -> TableCopied:
    rows = source.read(table)
    written = destination.upsert(table, rows) if len(rows) else 0
    there = destination.read(table)
    same_keys = there.merge(rows[list(table.key)], on=list(table.key))
    wanted, found = checksum(table, rows), checksum(table, same_keys)
    if wanted != found or destination.count(table) != len(there):
        raise CopyRefused(
            f"table {table.name}: {len(rows)} rows were copied and {len(same_keys)} of them are at {destination.uri(table)}, but "
            "not with the same values. Somebody else may be writing: stop it, then run the copy again"
        )
    return TableCopied(table.name, len(rows), written, len(there) - len(same_keys), wanted)


def _refuse_losses(table: Table, source: Warehouse, destination: Warehouse) -> None:
    ours, theirs, key = source.read(table), destination.read(table), list(table.key)
    shared_theirs, shared_ours = theirs.merge(ours[key], on=key), ours.merge(theirs[key], on=key)
    if checksum(table, shared_theirs) != checksum(table, shared_ours):
        raise CopyRefused(
            f"table {table.name}: rows at {destination.uri(table)} say something else than the source's with the same key. "
            "Is the direction right? Pass --replace to overwrite them with the source's"
        )
