"""Daily prices summarised by week and by calendar month, for people and reports. No forecast uses these.

A period that has not ended yet is included, with its days so far.
"""

from __future__ import annotations

import pandas as pd

from steel_assets.core.table_schema import Table
from steel_assets.core.tables import MARKET_DAILY, MARKET_MONTHLY, MARKET_WEEKLY


def weekly(daily: pd.DataFrame) -> pd.DataFrame:
    """Prices by week (Monday to Sunday), as ``tables.MARKET_WEEKLY`` declares them.

    Raises:
        ValueError: there are no prices, or a market's prices are in several units.
        TableError: ``daily`` does not fit ``tables.MARKET_DAILY``.
    """
    return _by_period(daily, "W-SUN", MARKET_WEEKLY)


def monthly(daily: pd.DataFrame) -> pd.DataFrame:
    """Prices by calendar month, as ``tables.MARKET_MONTHLY`` declares them. Raises as ``weekly`` does."""
    return _by_period(daily, "M", MARKET_MONTHLY)


def _by_period(daily: pd.DataFrame, frequency: str, table: Table) -> pd.DataFrame:
    prices = MARKET_DAILY.enforce(daily)
    if prices.empty:
        raise ValueError(f"table {table.name} needs daily prices and got none; collect or import the target's series first")
    units = prices.groupby("market")["unit"].unique()
    mixed = units[units.map(len) > 1]
    if len(mixed):
        raise ValueError(f"market {mixed.index[0]}: daily prices are in several units: {', '.join(mixed.iloc[0])}")
    prices = prices.sort_values(["market", "date"])
    prices["period"] = prices["date"].dt.to_period(frequency).dt.start_time
    by_period = prices.groupby(["market", "period"])
    return table.enforce(
        by_period["price"]
        .agg(first="first", high="max", low="min", last="last", mean="mean", days="count")
        .join(by_period.agg(unit=("unit", "first"), simulated=("simulated", "any")))
        .reset_index()
    )
