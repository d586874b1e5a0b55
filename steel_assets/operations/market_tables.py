"""A market's daily prices in the lake: written with its history, read by later stages."""

import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.catalog import Catalog
from steel_assets.core.history import MarketHistory
from steel_assets.core.tables import MARKET_DAILY
from steel_assets.operations import histories


def read_daily(catalog: Catalog, lake: Lake, market: str) -> pd.DataFrame:
    """The stored prices of ``market``: rows of tables.MARKET_DAILY. A damaged file is quarantined and written again.

    Raises:
        ObjectNotFound: none were stored.
        HistoryError: the market's history is damaged too, and cannot be computed again.
    """

    def check(frame: pd.DataFrame) -> pd.DataFrame:
        found = MARKET_DAILY.enforce(frame)
        if set(found["market"]) - {market}:
            raise ValueError(f"it holds prices of {', '.join(sorted(set(found['market']) - {market}))[:80]}")
        return found

    try:
        return lake.read(f"processed-data/daily/{market}.parquet", check)
    except DamagedFile as error:
        lake.set_aside(error)
        return write_daily(lake, histories.load(catalog, lake, market))


def process(catalog: Catalog, lake: Lake, market: str, moment: pd.Timestamp) -> pd.DataFrame:
    """Build and store the history of ``market`` as of ``moment`` (UTC), and the table that people read, which is returned.

    Raises:
        HistoryError: there are no prices, or too few; the message names the series and the remedy.
    """
    history = histories.build(catalog, lake, market, moment)
    histories.save(lake, history)
    return write_daily(lake, history)


def write_daily(lake: Lake, history: MarketHistory) -> pd.DataFrame:
    """Store the newest version of each day's price in ``history``; return the rows."""
    daily = MARKET_DAILY.enforce(daily_prices(history))
    lake.write(f"processed-data/daily/{history.market.id}.parquet", daily)
    return daily


def daily_prices(history: MarketHistory) -> pd.DataFrame:
    """The newest version of each day's price, as rows of tables.MARKET_DAILY."""
    newest = history.prices.drop_duplicates("period", keep="last").rename(columns={"period": "date"})
    return newest.assign(market=history.market.id, unit=history.market.target.unit, simulated=history.simulated)
