"""A market's history in the lake: written by ``market_daily``, read by everything downstream of it."""

import pandas as pd

from steel_assets.bootstrap import Platform
from steel_assets.core.history import MarketHistory, build_history


def build(platform: Platform, market: str, as_of: pd.Timestamp) -> MarketHistory:
    """The history of ``market`` from all that the lake knew at ``as_of``. Raises HistoryError."""
    declared, series = platform.catalog.markets[market], platform.catalog.market_series(market)
    rules = platform.catalog.rules.schedules
    observations = platform.lake.observations(declared.series_ids)
    return build_history(observations, declared, series, as_of, rules.issue_time, rules.tzinfo)


def save(platform: Platform, history: MarketHistory) -> str:
    """Write ``history``; the folder it is in."""
    folder = _folder(history.market.id)
    known = history.known.rename_axis("origin").reset_index()
    known.insert(1, "moment", history.moments)
    platform.lake.write(f"{folder}/prices.parquet", history.prices)
    platform.lake.write(f"{folder}/periods.parquet", history.periods.rename_axis("origin").reset_index())
    platform.lake.write(f"{folder}/newest.parquet", history.newest.rename_axis("origin").reset_index())
    return platform.lake.write(f"{folder}/known.parquet", known)


def load(platform: Platform, market: str) -> MarketHistory:
    """The history that ``market_daily`` wrote last. Raises ObjectNotFound when it never did."""
    folder = _folder(market)
    known = platform.lake.read(f"{folder}/known.parquet").set_index("origin")
    known.index = known.index.as_unit("ns")
    moments = pd.DatetimeIndex(known.pop("moment")).as_unit("ns")
    periods, newest = (
        platform.lake.read(f"{folder}/{name}.parquet").set_index("origin").set_index(known.index).rename_axis(None)
        for name in ("periods", "newest")
    )
    return MarketHistory(
        market=platform.catalog.markets[market],
        series=platform.catalog.market_series(market),
        as_of=moments[-1],
        origins=pd.DatetimeIndex(known.index, name=None),
        moments=moments.rename(None),
        known=known.rename_axis(None),
        periods=periods,
        newest=newest,
        prices=platform.lake.read(f"{folder}/prices.parquet"),
        simulated=bool(platform.lake.simulated),
    )


def _folder(market: str) -> str:
    return f"processed-data/daily/history/{market}"
