"""What is known of a market to check its forecasts against: the extremes of its prices, and its models in force."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile
from steel_assets.adapters.models.files import ModelStoreError
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.plausible import MarketRecord
from steel_assets.core.sanity import FEWEST
from steel_assets.core.tables import MARKET_DAILY
from steel_assets.core.types import Market
from steel_assets.operations.publication.inputs import Inputs

log = logging.getLogger("steel.publication")


class Known(NamedTuple):
    """A market's record, and the day of its newest price (Unix seconds at midnight)."""

    record: MarketRecord
    newest: float


def record_of(inputs: Inputs, market: str) -> Known | None:
    """The record of ``market``; None if its prices cannot be read."""
    daily = daily_prices(inputs, market)
    about = extremes(daily, inputs.catalog.markets[market]) if daily is not None else {}
    if daily is None or not about:
        return None
    sanity = inputs.catalog.rules.sanity
    moves = {int(horizon): move for horizon, move in about["moves"].items()}
    versions = {horizon: _versions(inputs, market, horizon) for horizon in inputs.catalog.markets[market].horizons}
    record = MarketRecord(about["unit"], about["low"], about["high"], moves, versions, sanity.move, sanity.widest)
    return Known(record, pd.Timestamp(daily["date"].iloc[-1]).tz_localize("UTC").timestamp())


def daily_prices(inputs: Inputs, market: str) -> pd.DataFrame | None:
    """The prices of ``market`` in order of date; None before the first, and if their file is damaged.

    The next run of ``market_daily`` writes a damaged file again.
    """
    try:
        return inputs.lake.read(f"processed-data/daily/{market}.parquet", MARKET_DAILY.enforce).sort_values("date")
    except ObjectNotFound:
        return None
    except DamagedFile as error:
        log.warning("%s", error)
        return None


def extremes(daily: pd.DataFrame, market: Market) -> dict[str, Any]:
    """Unit, lowest and highest price, and largest move by horizon of a market; empty without prices.

    Args:
        daily: rows of tables.MARKET_DAILY, in order of date.
    """
    prices = daily["price"].astype(float).reset_index(drop=True)
    prices = prices[np.isfinite(prices) & (prices > 0)]
    if prices.empty:
        return {}
    logs = np.log(prices)
    moves = {horizon: (logs - logs.shift(horizon)).dropna().abs() for horizon in market.horizons}
    least = FEWEST[market.frequency]
    return {
        "unit": str(daily["unit"].iloc[-1]),
        "low": float(prices.min()),
        "high": float(prices.max()),
        "moves": {str(horizon): float(sizes.max()) for horizon, sizes in moves.items() if len(sizes) >= least},
    }


def _versions(inputs: Inputs, market: str, horizon: int) -> frozenset[str]:
    try:
        pointer = inputs.models.production(market, horizon)
    except ModelStoreError:  # the part ``champions`` says so
        return frozenset()
    return frozenset(switch.version for switch in pointer.switches) if pointer else frozenset()
