"""Do the tables that the platform published still fit their contracts? Hands other than ours reach a warehouse too."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.adapters.warehouse.warehouse import Warehouse, WarehouseBusy, WarehouseError
from steel_assets.assets.checking import Verdict
from steel_assets.catalog import Catalog
from steel_assets.core.tables import MARKET_DAILY, WAREHOUSE_TABLES, Table

RECENT = 7
"""Days of a table by day that are read back; older rows were read when they were new."""


def contracts(catalog: Catalog, lake: Lake, warehouse: Warehouse, date: pd.Timestamp) -> dict[str, Verdict]:
    """The verdict on each table of the warehouse, and on each market's prices in the lake.

    Raises:
        WarehouseBusy: another process holds the warehouse; that is no breach.
    """
    found = {table.name: _verdict(table, partial(_recent, warehouse, table, date)) for table in WAREHOUSE_TABLES}
    for market in catalog.markets:
        key = f"processed-data/daily/{market}.parquet"
        found[key] = _verdict(MARKET_DAILY, partial(lake.read, key))
    return found


def _recent(warehouse: Warehouse, table: Table, date: pd.Timestamp) -> pd.DataFrame:
    by_day = {column.name for column in table.columns if column.dtype == "date"}
    if table.partition_by not in by_day:
        return warehouse.read(table)
    days = pd.date_range(date - pd.Timedelta(days=RECENT), date)
    return warehouse.read(table, {str(table.partition_by): list(days)})


def _verdict(table: Table, read: Callable[[], pd.DataFrame]) -> Verdict:
    try:
        rows = table.enforce(read())
    except ObjectNotFound:
        return Verdict(True, "not written yet")
    except WarehouseBusy:
        raise
    except (WarehouseError, ValueError, NotImplementedError) as error:  # Arrow's refusals to convert a column are the last two
        return Verdict(False, str(error))
    return Verdict(passed=True, text=f"{len(rows)} rows fit")
