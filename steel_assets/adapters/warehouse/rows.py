"""Converts rows for a warehouse and back: Arrow with the columns' types, and plain values for conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from steel_assets.adapters.arrow_types import ARROW_TYPES
from steel_assets.adapters.warehouse.errors import WarehouseError
from steel_assets.adapters.warehouse.sql import Since
from steel_assets.core.table_schema import Dtype, Table

MEMORY_TYPES: dict[Dtype, pa.DataType] = {
    **ARROW_TYPES,
    "date": pa.timestamp("ns"),
    "timestamp": pa.timestamp("ns", tz="UTC"),
}

MOMENTS = frozenset({"date", "timestamp"})
PLAIN: dict[Dtype, tuple[type, ...]] = {"string": (str,), "float": (float, int), "int": (int,), "bool": (bool,)}
"""The Python types of a column's values; datetimes have many types and are converted."""


def staged(table: Table, rows: pd.DataFrame) -> pa.Table:
    """Validated rows as Arrow, with times truncated to microseconds (as both warehouses store them)."""
    moments = {c.name: rows[c.name].dt.floor("us") for c in table.columns if c.dtype == "timestamp"}
    schema = pa.schema([(column.name, ARROW_TYPES[column.dtype]) for column in table.columns])
    return pa.Table.from_pandas(rows.assign(**moments), schema=schema, preserve_index=False)


def in_memory(table: Table, found: pa.Table) -> pd.DataFrame:
    """A warehouse's rows with the types of ``Table.enforce``."""
    schema = pa.schema([(column.name, MEMORY_TYPES[column.dtype]) for column in table.columns])
    rows = found.select(table.column_names).cast(schema).to_pandas(use_threads=False)
    for column in table.columns:
        if column.dtype == "int" and column.nullable:  # one by one: pandas would go through all columns for these
            rows[column.name] = rows[column.name].astype(column.pandas_dtype)
    return rows


def span(table: Table, rows: pa.Table) -> tuple[Any, Any] | None:
    """The first and last value of the partition column of ``table``, if equal keys imply equal partitions."""
    if table.partition_by not in table.key or rows.num_rows == 0:
        return None
    ends = pyarrow.compute.min_max(rows[table.partition_by])
    return ends["min"].as_py(), ends["max"].as_py()


def conditions(table: Table, where: Mapping[str, Any] | None) -> dict[str, Any]:
    """``where`` with plain Python values of their columns' types; missing values (NaN, NaT) are None.

    Raises:
        WarehouseError: a column does not exist, or a value has another type, which one warehouse would convert and the other
            refuse.
    """
    where = where or {}
    unknown = sorted(set(where) - set(table.column_names))
    if unknown:
        raise WarehouseError(f"table {table.name} has no columns {unknown}; it has {', '.join(table.column_names)}")
    types = {column.name: column.dtype for column in table.columns}
    return {name: _parameter(f"{table.name}.{name}", condition, types[name]) for name, condition in where.items()}


def _parameter(place: str, condition: Any, dtype: Dtype) -> Any:
    """``condition`` (or each of its values) as the plain Python value that fits a column of ``dtype``."""
    if isinstance(condition, Since):
        first = _parameter(place, condition.first, dtype)
        if first is None:
            raise WarehouseError(f"{place}: since {condition.first!r} is no condition: say a value of type {dtype}")
        return Since(first)
    if isinstance(condition, Iterable) and not isinstance(condition, str):
        return [_parameter(place, value, dtype) for value in condition]
    if condition is None or condition is pd.NaT or condition != condition:
        return None
    if dtype in MOMENTS:
        try:
            return _moment(condition, dtype)
        except (TypeError, ValueError) as error:
            raise WarehouseError(f"{place} is {dtype} and is never {condition!r}: ask for a value of its type") from error
    plain: Any = condition.item() if isinstance(condition, np.generic) else condition
    is_one = isinstance(plain, PLAIN[dtype]) and (dtype == "bool" or not isinstance(plain, bool))
    if not is_one or (dtype == "int" and not -(2**63) <= plain < 2**63):
        raise WarehouseError(f"{place} is {dtype} and is never {condition!r}: ask for a value of its type")
    return float(plain) if dtype == "float" else plain


def _moment(value: Any, dtype: Dtype) -> Any:
    if dtype == "date":
        return pd.Timestamp(value).date()
    moment = pd.Timestamp(value)
    return (moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")).floor("us").to_pydatetime()
