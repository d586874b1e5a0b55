"""Selects rows of a table for export, from the warehouse or from the lake's files per market."""

from collections.abc import Iterable, Iterator

import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.adapters.warehouse.warehouse import Since, Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.exporting import between, day_column
from steel_assets.core.sheet import ExportError
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import BACKTEST, MARKET_DAILY, MARKET_MONTHLY, MARKET_WEEKLY, OBSERVATIONS, WAREHOUSE_TABLES
from steel_assets.operations.candidates import validation_key

TABLES = {table.name: table for table in (MARKET_DAILY, MARKET_WEEKLY, MARKET_MONTHLY, *WAREHOUSE_TABLES, BACKTEST, OBSERVATIONS)}
"""Every table that can be exported, by name."""

BY_MARKET = {
    MARKET_DAILY: lambda market: f"processed-data/daily/{market}.parquet",
    MARKET_WEEKLY: lambda market: f"processed-data/weekly/{market}.parquet",
    MARKET_MONTHLY: lambda market: f"processed-data/monthly/{market}.parquet",
    BACKTEST: validation_key,
}
"""Tables in the lake with one file per market: table → key of a market's file."""


def has_markets(table: Table) -> bool:
    """Whether rows of ``table`` can be selected by market: by a column, or by the series that a market reads."""
    return table is OBSERVATIONS or "market" in table.column_names


def rows_of(
    table: Table,
    catalog: Catalog,
    lake: Lake,
    warehouse: Warehouse,
    *,
    market: str | None = None,
    since: pd.Timestamp | None = None,
    until: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """The rows of ``table``, of one market or all, from the day ``since`` to ``until``, both included.

    Raises:
        ExportError: a file of the lake is damaged.
        WarehouseError: the warehouse cannot be read.
    """
    if table in WAREHOUSE_TABLES:
        where = {} if market is None else {"market": market}
        found = warehouse.read(table, where if since is None else where | {day_column(table): Since(since)})
    elif table is OBSERVATIONS:
        found = lake.observations(None if market is None else catalog.market_series(market))
    else:
        found = _together(table, _files(table, lake, catalog.markets if market is None else [market]))
    return between(table, found, since, until)


def _files(table: Table, lake: Lake, markets: Iterable[str]) -> Iterator[pd.DataFrame]:
    for market in markets:
        try:
            yield lake.read(BY_MARKET[table](market), table.enforce)
        except ObjectNotFound:
            continue
        except DamagedFile as error:
            raise ExportError(f"{error}; the next run of its market writes it again (steel run, or the Dagster UI)") from error


def _together(table: Table, frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    found = list(frames)
    return pd.concat(found, ignore_index=True) if found else table.empty()
