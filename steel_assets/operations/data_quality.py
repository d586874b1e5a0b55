"""The data quality score of a market at a moment."""

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core import quality
from steel_assets.core.calendars import local_day
from steel_assets.core.tables import DATA_QUALITY
from steel_assets.operations.collecting import waiting


class NotAssessed(RuntimeError):
    """No data quality was computed for a market."""


def quality_rows(catalog: Catalog, lake: Lake, market: str, as_of: pd.Timestamp) -> pd.DataFrame:
    """The quality of every series that ``market`` reads: rows of tables.DATA_QUALITY."""
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
    """The lowest quality (0-1) of the series that forecasts of ``market`` require, as the asset ``data_quality`` stored it.

    Raises:
        NotAssessed: there are no rows of that day.
    """
    day = local_day(as_of, catalog.rules.schedules.tzinfo)
    rows = warehouse.read(DATA_QUALITY, {"market": market, "date": day})
    if rows.empty:
        raise NotAssessed(f"the data quality of {market} on {day:%Y-%m-%d} was not assessed; materialise data_quality first")
    return quality.market_score(rows)
