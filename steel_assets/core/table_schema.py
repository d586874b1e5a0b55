"""What a table is: columns with types and units, a key, and a frame held to them on each write.

Which tables there are is in ``tables``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd

from steel_assets.core.problem import Problem

Dtype = Literal["string", "float", "int", "bool", "date", "timestamp"]

PANDAS_DTYPES: dict[str, str] = {
    "string": "object",
    "float": "float64",
    "int": "int64",
    "bool": "bool",
    "date": "datetime64[ns]",
    "timestamp": "datetime64[ns, UTC]",
}
"""The pandas type of each column type; a date is midnight without a zone, a timestamp is UTC."""

NEVER_EMPTY = frozenset({"int", "bool"})
"""Types whose required columns hold a value in every row, since pandas' type knows no empty one."""


class TableError(Problem, ValueError):
    """A frame does not fit its table's schema."""


@dataclass(frozen=True)
class Column:
    """One column: its type, unit and meaning.

    Attributes:
        nullable: True where a row may have no value.
        added: True for a nullable column that rows stored by older releases lack; there it is empty.
    """

    name: str
    dtype: Dtype
    description: str
    unit: str = ""
    nullable: bool = False
    added: bool = False

    @property
    def pandas_dtype(self) -> str:
        """Its pandas type; a nullable integer uses pandas' own nullable type."""
        return "Int64" if self.dtype == "int" and self.nullable else PANDAS_DTYPES[self.dtype]


@dataclass(frozen=True)
class Table:
    """The schema of one table, used by the asset that writes it and by all readers."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in the table's order."""
        return [column.name for column in self.columns]

    def empty(self) -> pd.DataFrame:
        """A frame of no rows with the right columns and types, to build from."""
        return self._no_rows.copy()

    @cached_property
    def _no_rows(self) -> pd.DataFrame:
        return pd.DataFrame({c.name: pd.Series(dtype=c.pandas_dtype) for c in self.columns})

    def enforce(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``frame`` with exactly this table's columns, order and types.

        Raises:
            TableError: a column is missing (but ``added`` ones) or unknown, a value cannot take its type, a required value
                is null, or two rows share a key.
        """
        older = {column.name: None for column in self.columns if column.added and column.name not in frame.columns}
        frame = frame.assign(**older) if older else frame
        missing = [name for name in self.column_names if name not in frame.columns]
        unknown = [str(name) for name in frame.columns if name not in self.column_names]
        if missing or unknown:
            raise TableError(f"table {self.name}: missing columns {missing}, unknown columns {unknown}")
        typed = pd.DataFrame({c.name: self._typed(c, frame[c.name]) for c in self.columns}, index=frame.index)
        for column in self.columns:
            if not column.nullable and column.dtype not in NEVER_EMPTY and typed[column.name].isna().any():
                raise TableError(f"table {self.name}: column {column.name} has empty values, but requires one in every row")
        twice = typed.duplicated(list(self.key))
        if twice.any():
            example = typed.loc[twice, list(self.key)].iloc[0].to_dict()
            raise TableError(f"table {self.name}: {int(twice.sum())} rows repeat a key, for example {example}")
        return typed.reset_index(drop=True)

    def _typed(self, column: Column, values: pd.Series) -> pd.Series:
        there_already = values.dtype == column.pandas_dtype
        if there_already and column.dtype not in ("date", "string"):
            return values
        cached = not pd.api.types.is_datetime64_any_dtype(values.dtype)  # pandas would look for repeated ones among moments, too
        try:
            if column.dtype == "timestamp":
                return pd.to_datetime(values, utc=True, cache=cached).astype(PANDAS_DTYPES["timestamp"])
            if column.dtype == "date":
                if there_already:
                    return values.dt.normalize()
                return pd.to_datetime(values, cache=cached).dt.normalize().astype(PANDAS_DTYPES["date"])
            if column.dtype == "string":
                texts, there = values if there_already else values.astype("object"), values.notna()
                return texts if there.all() else texts.where(there, None)
            return values.astype(column.pandas_dtype)
        except (TypeError, ValueError) as error:
            raise TableError(f"table {self.name}: column {column.name} is not {column.dtype}: {error}") from error
