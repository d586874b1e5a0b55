"""Rows of a table for export, with the meaning of every column.

The reader of an exported file has neither this program nor its documentation. So the schema of ``core.tables`` goes with the
rows, and every row says whether it is simulated, also for tables without such a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from steel_assets.core.csv_text import csv_text
from steel_assets.core.sheet import ExportSheet, Heading
from steel_assets.core.table_schema import Column, Table

SIMULATED = Column("simulated", "bool", "True when the data is simulated; empty where nothing says so", nullable=True)
TARGET_UNIT = "target unit"
"""The name in a table's schema for the unit of each market's price."""


@dataclass(frozen=True, eq=False)
class Export:
    """Rows of a table, and what describes them.

    Attributes:
        table: their schema, with the column ``simulated``.
        rows: as ``table`` declares them, in the order of its key.
        source: what wrote them.
        as_of: the moment at which they were read, UTC.
        units: market → the unit of its prices, for the markets in the rows.
    """

    table: Table
    rows: pd.DataFrame
    source: str
    as_of: pd.Timestamp
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether any row is simulated."""
        return bool(self.rows["simulated"].isin([True]).any())

    @property
    def about(self) -> str:
        """One line: simulated or not, which table, its source and moment."""
        parts = [f"table {self.table.name}", self.source, f"as of {self.as_of:%Y-%m-%dT%H:%M:%SZ}"]
        return " · ".join(["SIMULATED DATA", *parts] if self.simulated else parts)

    def unit(self, column: Column) -> str:
        """The unit of ``column``; for ``target unit``, the one that all rows share, if they do."""
        if column.unit != TARGET_UNIT:
            return "UTC" if column.dtype == "timestamp" else column.unit
        found = set(self.rows["unit"] if "unit" in self.rows else self.units.values())
        return str(found.pop()) if len(found) == 1 else TARGET_UNIT

    @property
    def sheet(self) -> ExportSheet:
        """The rows as a spreadsheet."""
        facts: tuple[tuple[str, str | int], ...] = (
            ("table", self.table.name),
            ("meaning", self.table.description),
            ("source", self.source),
            ("as of", f"{self.as_of:%Y-%m-%dT%H:%M:%SZ}"),
            ("simulated", "SIMULATED DATA" if self.simulated else "no row says that it is simulated"),
            ("rows", len(self.rows)),
            ("one row per", ", ".join(self.table.key)),
            *((f"unit of {market}", unit) for market, unit in self.units.items()),
        )
        return ExportSheet(self.table.name, self.about, self.simulated, facts, self.headings, list(self.values()))

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The columns as its schema declares them."""
        return tuple(
            Heading(column.name, column.dtype, self.unit(column), column.description, column.nullable)
            for column in self.table.columns
        )

    def values(self) -> Iterator[tuple[Any, ...]]:
        """The rows as Python values: missing ones None, a day as a date, a moment with its zone."""
        return zip(*(_plain(self.rows[column.name], column) for column in self.table.columns), strict=True)


def export(
    table: Table,
    rows: pd.DataFrame,
    *,
    source: str,
    as_of: pd.Timestamp,
    simulated: bool | None,
    units: Mapping[str, str] | None = None,
) -> Export:
    """``rows`` of ``table``, ready to be written.

    Args:
        simulated: what their lake says; None if it does not say.
        units: market → the unit of its prices.

    Raises:
        TableError: the rows do not fit the table.
    """
    found = table.enforce(rows).sort_values(list(table.key), ignore_index=True)
    if "simulated" not in table.column_names:
        table = replace(table, columns=(*table.columns, SIMULATED))
        found["simulated"] = pd.Series([simulated] * len(found), index=found.index, dtype="object")
    present = set(found["market"]) if "market" in found else set()
    return Export(table, found, source, as_of, {market: unit for market, unit in (units or {}).items() if market in present})


def as_csv(exported: Export, *, bom: bool = False) -> bytes:
    """As CSV in UTF-8, names of columns first (``core.csv_text``)."""
    return csv_text(exported.table.column_names, exported.values(), bom=bom).encode()


def day_column(table: Table) -> str:
    """The column by which the days of ``table`` are selected: its partition column, else the first day in its key."""
    if table.partition_by is not None:
        return table.partition_by
    return next(name for name in table.key for column in table.columns if column.name == name and column.dtype == "date")


def between(table: Table, rows: pd.DataFrame, since: pd.Timestamp | None, until: pd.Timestamp | None) -> pd.DataFrame:
    """The rows from the day ``since`` to the day ``until``, both included; the day of a moment is the one in UTC."""
    moments = rows[day_column(table)]
    days = moments.dt.tz_localize(None).dt.normalize()
    return rows[(days >= (since or pd.Timestamp.min)) & (days <= (until or pd.Timestamp.max))]


def _plain(values: pd.Series, column: Column) -> list[Any]:
    if column.dtype == "date":
        return [None if day is pd.NaT else day.date() for day in values]
    if column.dtype == "timestamp":
        return [None if moment is pd.NaT else moment.to_pydatetime() for moment in values.dt.floor("us")]
    plain: list[Any] = values.astype("object").where(values.notna(), None).tolist()
    return plain
