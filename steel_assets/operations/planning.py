"""What a plan of a purchase is made from: a market's paths, and the record of its own forecasts against what came."""

import numpy as np
import pandas as pd

from steel_assets.core import calendars
from steel_assets.core.averages import Outlook
from steel_assets.core.backtest import CHAMPION
from steel_assets.core.history import MarketHistory
from steel_assets.core.paths import Quantiles, levels
from steel_assets.core.purchase_record import Record
from steel_assets.core.purchases import Ahead, PurchaseError
from steel_assets.core.types import MASSES_IN_TONNES, QUANTILE_COLUMNS

LEVELS = 200
"""Levels of a forecast distribution whose mean is its expectation."""
LONGEST_MONTH = 23
"""Trading days that a month may have after the day of need: its average is settled on the last."""


def per_tonne(unit: str) -> float:
    """By what a price in ``unit`` is multiplied to become one per tonne of 1,000 kg.

    Raises:
        PurchaseError: it is no price of a mass.
    """
    _, _, mass = unit.partition("/")
    if mass not in MASSES_IN_TONNES:
        raise PurchaseError(f"prices are in {unit}, which is no price of a mass: tonnes cannot be planned")
    return 1 / MASSES_IN_TONNES[mass]


def ahead_of(outlook: Outlook) -> tuple[np.ndarray, Ahead]:
    """The paths of ``outlook`` and its days ahead, per tonne. Raises PurchaseError, see ``per_tonne``."""
    factor = per_tonne(outlook.unit)
    first, last = outlook.days[0], outlook.days[-1]
    over = calendars.sessions(outlook.calendar, first.replace(day=1), first - pd.Timedelta(days=1))
    known = outlook.known.reindex(over[over <= outlook.price_day]).dropna()
    carried = int(((over > outlook.price_day) & (over <= outlook.origin)).sum())
    following = calendars.session_after(outlook.calendar, pd.DatetimeIndex([last]), 1)
    return outlook.paths * factor, Ahead(
        days=_days(outlook.days),
        following=_days(following)[0],
        over_sum=float(known.sum() + carried * outlook.last) * factor,
        over_count=len(known) + carried,
    )


def columns_needed(need: int, contract: str, reach: int) -> int:
    """Trading days ahead that a record needs for a purchase on number ``need``: up to the end of its month on an average.

    Args:
        reach: the last published horizon; never more than that.
    """
    return need + 1 if contract == "spot" else min(need + 1 + LONGEST_MONTH, reach)


def record_of(rows: pd.DataFrame, history: MarketHistory, columns: int) -> Record:
    """The forecasts of the champion in a walk-forward beside what came, ``columns`` trading days ahead of each origin.

    Args:
        rows: ``tables.BACKTEST`` of one market. Only origins at which it has all horizons up to ``columns`` are taken, and of
            which that many trading days are over.

    Raises:
        PurchaseError: the market has no horizon that reaches so far, or is not priced by mass.
    """
    factor = per_tonne(history.market.target.unit)
    beyond = [horizon for horizon in history.market.horizons if horizon >= columns]
    if not beyond:
        raise PurchaseError(f"{history.market.id} is forecast {history.market.horizons[-1]} trading days ahead, not {columns}")
    horizons = [horizon for horizon in history.market.horizons if horizon <= beyond[0]]
    mine = rows[(rows["model"] == CHAMPION) & rows["h"].isin(horizons)].sort_values(["origin", "h"])
    whole = mine.groupby("origin")["h"].transform("size") == len(horizons)
    mine = mine[whole]
    count = int(whole.sum()) // len(horizons)
    origins = pd.DatetimeIndex(mine["origin"].to_numpy().reshape(count, len(horizons))[:, 0])
    numbers = history.origins.get_indexer(origins)
    there = (numbers >= 0) & (numbers + columns < len(history.origins))
    quantiles = mine[list(QUANTILE_COLUMNS)].to_numpy(dtype=float).reshape(count, len(horizons), -1)[there]
    last = mine["last"].to_numpy(dtype=float).reshape(count, len(horizons))[there, 0]
    numbers = numbers[there]
    every = _days(history.origins.append(calendars.session_after(history.market.calendar, history.origins[-1:], 1)))
    wanted = numbers[:, None] + np.arange(1, columns + 1)
    prices, known = _first_known(history)
    came = pd.DataFrame(np.column_stack([last, prices[wanted]])).ffill(axis=1).to_numpy()[:, 1:]
    over_sum, over_count = _over(history, numbers)
    asked = levels(LEVELS)
    expected = [
        Quantiles(tuple(horizons), rows, price).at(asked)[:columns].mean(axis=1)
        for rows, price in zip(quantiles, last, strict=True)
    ]
    return Record(
        origins=every[numbers],
        numbers=numbers,
        last=last * factor,
        days=every[wanted],
        following=every[numbers + columns + 1],
        over_sum=over_sum * factor,
        over_count=over_count,
        expected=np.array(expected).reshape(-1, columns) * factor,
        came=came * factor,
        known=np.maximum(known[wanted], wanted),
    )


def _first_known(history: MarketHistory) -> tuple[np.ndarray, np.ndarray]:
    """The price of every trading day as it was first known, and the number of the origin at which it was.

    A day that never had one counts as known on itself: the price before it stands.
    """
    prices, known = history.first_known(history.origins)
    return prices, np.where(np.isfinite(prices), known, np.arange(len(known)))


def _over(history: MarketHistory, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the prices, known on their own days, of the month in which the next trading day of each origin lies."""
    own = (history.price_ages == 0) & np.isfinite(history.last.to_numpy())
    price = np.where(own, history.last.to_numpy(), 0.0)
    months = history.origins.to_numpy().astype("datetime64[M]")
    sums, counts = np.concatenate([[0.0], np.cumsum(price)]), np.concatenate([[0], np.cumsum(own)])
    begins = np.searchsorted(months, months[numbers + 1])
    ends = np.maximum(numbers + 1, begins)
    return sums[ends] - sums[begins], counts[ends] - counts[begins]


def _days(days: pd.DatetimeIndex) -> np.ndarray:
    return days.to_numpy().astype("datetime64[D]")
