"""How far a market's data can be trusted at a moment."""

import pandas as pd

from steel_assets.bootstrap import Platform
from steel_assets.core import quality


def quality_rows(platform: Platform, market: str, as_of: pd.Timestamp) -> pd.DataFrame:
    """Quality of every series that ``market`` reads: rows of tables.DATA_QUALITY."""
    declared = platform.catalog.markets[market]
    return quality.assess(
        platform.lake.observations(declared.series_ids),
        declared,
        platform.catalog.market_series(market),
        as_of,
        zone=platform.catalog.rules.schedules.tzinfo,
    )


def quality_score(platform: Platform, market: str, as_of: pd.Timestamp) -> float:
    """The lowest quality among the series that ``market`` cannot be forecast without, 0-1."""
    return quality.market_score(quality_rows(platform, market, as_of))
