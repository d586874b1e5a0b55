"""The quality score of a market's data at a moment."""

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core import quality
from steel_assets.core.calendars import local_day
from steel_assets.core.tables import DATA_QUALITY
from steel_assets.operations.collecting import waiting


class NotAssessed(RuntimeError):
    """Nothing is known about a market's data quality."""


def quality_rows(catalog: Catalog, lake: Lake, market: str, as_of: pd.Timestamp) -> pd.DataFrame:
    """Quality of every series that ``market`` reads: rows of tables.DATA_QUALITY."""
    declared = catalog.markets[market]
    observations = lake.observations(declared.series_ids)
    return quality.assess(
        observations,
        declared,
        catalog.market_series(market),
        as_of,
        zone=catalog.rules.schedules.tzinfo,
        quarantined=waiting(catalog, lake, observations),
    )


def quality_score(catalog: Catalog, warehouse: Warehouse, market: str, as_of: pd.Timestamp) -> float:
    """The lowest quality among the series that ``market`` cannot be forecast without, 0-1, as ``data_quality`` assessed it.

    Raises:
        NotAssessed: ``data_quality`` has no rows of that day.
    """
    day = local_day(as_of, catalog.rules.schedules.tzinfo)
    rows = warehouse.read(DATA_QUALITY, {"market": market, "date": day})
    if rows.empty:
        raise NotAssessed(f"the data quality of {market} on {day:%Y-%m-%d} was not assessed; materialise data_quality first")
    return quality.market_score(rows)
