"""Frames to Parquet bytes and back; bytes of any other form raise one error."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from steel_assets.adapters.lake.parquet_file import UNREADABLE, opened, unreadable
from steel_assets.adapters.lake.parquet_file import Unreadable as Unreadable
from steel_assets.core.table_schema import Column, Dtype, Table

ARROW: dict[Dtype, pa.DataType] = {
    "string": pa.string(),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "date": pa.timestamp("ns"),
    "timestamp": pa.timestamp("ns", tz="UTC"),
}


def to_parquet(frame: pd.DataFrame) -> bytes:
    """``frame`` as Parquet bytes, identical for identical frames. Every page has a checksum."""
    buffer = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


def from_parquet(content: bytes) -> pd.DataFrame:
    """The frame in Parquet bytes. Raises Unreadable."""
    try:
        return _read(content).to_pandas(use_threads=False)
    except Unreadable:
        raise
    except UNREADABLE as error:
        raise unreadable(error) from error


def table_from(content: bytes, table: Table) -> pa.Table:
    """The rows of ``table`` in Parquet bytes, with its columns in order and type; keys are not checked.

    Raises:
        Unreadable: a column is missing, unknown or of another type, or a required value is missing.
    """
    try:
        return _typed(_read(content, table), table)
    except Unreadable:
        raise
    except UNREADABLE as error:
        raise unreadable(error) from error


def _read(content: bytes, table: Table | None = None) -> pa.Table:
    """Read the whole file on this thread, because Arrow's own threads were seen to abort a process at exit."""
    file = opened(content)
    if table is not None:
        _check_columns(file.schema_arrow, table)
    return file.read(use_threads=False)


def _check_columns(schema: pa.Schema, table: Table) -> None:
    missing = [column.name for column in table.columns if column.name not in schema.names and not column.added]
    unknown = [name[:40] for name in schema.names if name not in table.column_names]
    if missing or unknown or len(set(schema.names)) != len(schema.names):
        raise Unreadable(f"it is no table {table.name}: missing columns {missing}, unknown columns {unknown[:5]}")
    for column in table.columns:
        if column.name in schema.names and not _fits(schema.field(column.name).type, column.dtype):
            kind = str(schema.field(column.name).type)[:40]
            raise Unreadable(f"it is no table {table.name}: column {column.name} is {kind}, not {column.dtype}")


def _fits(kind: pa.DataType, dtype: Dtype) -> bool:
    if dtype == "string":
        kind = kind.value_type if types.is_dictionary(kind) else kind
        return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind))
    if dtype in ("float", "int"):
        return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind))
    if dtype == "bool":
        return bool(types.is_boolean(kind))
    return bool(types.is_timestamp(kind) or (dtype == "date" and types.is_date(kind)))


def _typed(rows: pa.Table, table: Table) -> pa.Table:
    columns = []
    for column in table.columns:
        if column.name not in rows.column_names:
            values = pa.chunked_array([pa.nulls(rows.num_rows, ARROW[column.dtype])])
        else:
            values = rows[column.name].cast(ARROW[column.dtype])
        _check_values(values, column, table)
        columns.append(values)
    return pa.table(columns, names=table.column_names)


def _check_values(values: pa.ChunkedArray, column: Column, table: Table) -> None:
    empty = values.null_count
    if column.dtype == "float":
        empty += pc.sum(pc.is_nan(values)).as_py() or 0
    if empty and not column.nullable:
        raise Unreadable(f"it is no table {table.name}: column {column.name} has {empty} empty values")
