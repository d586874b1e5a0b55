"""Inputs of a purchase plan: a market's sample paths, and the record of its past forecasts against actual prices."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from steel_assets.core import calendars
from steel_assets.core.averages import Outlook
from steel_assets.core.backtest import CHAMPION
from steel_assets.core.history import MarketHistory
from steel_assets.core.paths import Quantiles, levels
from steel_assets.core.published_purchases import Origin, packed
from steel_assets.core.purchase_record import PurchaseRecord
from steel_assets.core.purchase_terms import horizon_beyond, per_tonne
from steel_assets.core.purchases import DaysAhead
from steel_assets.core.types import QUANTILE_COLUMNS

LEVELS = 200
"""Number of quantile levels over which the mean of a forecast distribution is computed."""


def ahead_of(outlook: Outlook) -> tuple[np.ndarray, DaysAhead]:
    """The paths of ``outlook`` and its future days, per tonne.

    Raises:
        PurchaseError: the unit is not a price by mass, see ``per_tonne``.
    """
    factor = per_tonne(outlook.unit)
    first, last = outlook.days[0], outlook.days[-1]
    over = calendars.sessions(outlook.calendar, first.replace(day=1), first - pd.Timedelta(days=1))
    known = outlook.known.reindex(over[over <= outlook.price_day]).dropna()
    carried = int(((over > outlook.price_day) & (over <= outlook.origin)).sum())
    following = calendars.session_after(outlook.calendar, pd.DatetimeIndex([last]), 1)
    return outlook.paths * factor, DaysAhead(
        days=_days(outlook.days),
        following=_days(following)[0],
        over_sum=float(known.sum() + carried * outlook.last) * factor,
        over_count=len(known) + carried,
    )


def record_of(rows: pd.DataFrame, history: MarketHistory, columns: int) -> PurchaseRecord:
    """The champion's forecasts in a walk-forward with the actual prices, ``columns`` trading days after each origin.

    Args:
        rows: ``tables.BACKTEST`` of one market. Used are origins that have all horizons up to ``columns``, and after which that
            many trading days have passed.

    Raises:
        PurchaseError: the market has no horizon that reaches so far, or is not priced by mass.
    """
    factor = per_tonne(history.market.target.unit)
    beyond = horizon_beyond(columns, tuple(history.market.horizons), history.market.id)
    horizons = [horizon for horizon in history.market.horizons if horizon <= beyond]
    numbers, last, quantiles = _issued(rows, history, horizons)
    over = numbers + columns < len(history.origins)
    numbers, last, quantiles = numbers[over], last[over], quantiles[over]
    every = _every(history)
    wanted = numbers[:, None] + np.arange(1, columns + 1)
    prices, known = _first_known(history)
    came = pd.DataFrame(np.column_stack([last, prices[wanted]])).ffill(axis=1).to_numpy()[:, 1:]
    over_sum, over_count = _over(history, numbers)
    expected = _expected(horizons, quantiles, last)[:, :columns]
    return PurchaseRecord(
        origins=every[numbers],
        numbers=numbers,
        last=last * factor,
        days=every[wanted],
        following=every[numbers + columns + 1],
        over_sum=over_sum * factor,
        over_count=over_count,
        expected=expected * factor,
        came=came * factor,
        known=np.maximum(known[wanted], wanted),
    )


def published_record(rows: pd.DataFrame, history: MarketHistory) -> dict[str, Any]:
    """What ``record_of`` needs of a walk-forward for any ``columns``, in the form of ``published_purchases.packed``.

    Args:
        rows: ``tables.BACKTEST`` of one market.

    Raises:
        PurchaseError: the market is not priced by mass.
    """
    market, factor = history.market, per_tonne(history.market.target.unit)
    found: dict[int, Origin] = {}
    for count in range(len(market.horizons), 0, -1):
        numbers, last, quantiles = _issued(rows, history, list(market.horizons[:count]))
        new = np.array([number not in found and number + 1 < len(history.origins) for number in numbers], dtype=bool)
        numbers, last, quantiles = numbers[new], last[new], quantiles[new]
        expected = _expected(list(market.horizons[:count]), quantiles, last) * factor
        over_sum, over_count = _over(history, numbers)
        for number, price, total, days, ahead in zip(numbers, last, over_sum, over_count, expected, strict=True):
            found[int(number)] = Origin(int(number), float(price) * factor, float(total) * factor, int(days), ahead.tolist())
    first = min(found, default=len(history.origins) - 1)
    prices, _ = _first_known(history)
    return packed(
        market.id,
        market.horizons,
        [str(day) for day in _every(history)[first:]],
        [float(price) * factor if np.isfinite(price) else None for price in [*prices[first:], np.nan]],
        [replace(found[number], place=number - first) for number in sorted(found)],
    )


def _issued(rows: pd.DataFrame, history: MarketHistory, horizons: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The champion's forecasts in a walk-forward at origins that have all of ``horizons``, in order of time.

    Returns:
        The number of each origin, its last price, and its quantiles: one row per horizon.
    """
    mine = rows[(rows["model"] == CHAMPION) & rows["h"].isin(horizons)].sort_values(["origin", "h"])
    whole = mine.groupby("origin")["h"].transform("size") == len(horizons)
    mine = mine[whole]
    count = int(whole.sum()) // len(horizons)
    origins = pd.DatetimeIndex(mine["origin"].to_numpy().reshape(count, len(horizons))[:, 0])
    numbers = history.origins.get_indexer(origins)
    there = numbers >= 0
    quantiles = mine[list(QUANTILE_COLUMNS)].to_numpy(dtype=float).reshape(count, len(horizons), -1)[there]
    last = mine["last"].to_numpy(dtype=float).reshape(count, len(horizons))[there, 0]
    return numbers[there], last, quantiles


def _expected(horizons: list[int], quantiles: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The mean of each forecast: one row per origin, one column per trading day ahead."""
    asked = levels(LEVELS)
    means = [Quantiles(tuple(horizons), rows, price).at(asked).mean(axis=1) for rows, price in zip(quantiles, last, strict=True)]
    return np.array(means).reshape(-1, horizons[-1])


def _every(history: MarketHistory) -> np.ndarray:
    """All origins, and the trading day after them."""
    return _days(history.origins.append(calendars.session_after(history.market.calendar, history.origins[-1:], 1)))


def _first_known(history: MarketHistory) -> tuple[np.ndarray, np.ndarray]:
    """The first known price of every trading day, and the number of the origin at which it was known.

    A day without a price has the price before it, known on the day itself.
    """
    prices, known = history.first_known(history.origins)
    return prices, np.where(np.isfinite(prices), known, np.arange(len(known)))


def _over(history: MarketHistory, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of prices, known on their own days, in the month that contains the next trading day of each origin."""
    own = (history.price_ages == 0) & np.isfinite(history.last.to_numpy())
    price = np.where(own, history.last.to_numpy(), 0.0)
    months = history.origins.to_numpy().astype("datetime64[M]")
    sums, counts = np.concatenate([[0.0], np.cumsum(price)]), np.concatenate([[0], np.cumsum(own)])
    begins = np.searchsorted(months, months[numbers + 1])
    ends = np.maximum(numbers + 1, begins)
    return sums[ends] - sums[begins], counts[ends] - counts[begins]


def _days(days: pd.DatetimeIndex) -> np.ndarray:
    return days.to_numpy().astype("datetime64[D]")
