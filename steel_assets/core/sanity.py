"""Is a forecast absurd? Its level, its direction and the width of its band against everything its market ever did.

A forecast from a price that was carried forward is held against moves over as many days more. Only prices that were really there
make a move.

A bound here is no opinion about the market: on real prices of 2019-2023 no forecast of any champion came beyond half of one, but
for the width of a band (1.44 of 2.5). What crosses it is a mistake (a wrong unit, a broken model, a shifted row), and is not
published.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from steel_assets.core.history import MarketHistory, labels
from steel_assets.core.types import MarketFrequency

FEWEST: dict[MarketFrequency, int] = {"daily": 250, "weekly": 104, "monthly": 60}
"""Moves over a horizon below which nothing is said about what is usual."""

SAME_PRICE = 1e-9


@dataclass(frozen=True)
class Bounds:
    """What a forecast may be, as multiples of what its market did.

    Attributes:
        move: of the largest move over the horizon, how far from the last price the point may be.
        turn: of the same, how far the expected move may be from the one in the forecast before.
        widest: of the way from the largest fall to the largest rise, how wide the 90 % band may be.
        narrowest: of the width that 90 % of all moves needed, how narrow it may be.
    """

    move: float
    turn: float
    widest: float
    narrowest: float


def absurdities(history: MarketHistory, rows: pd.DataFrame, earlier: pd.DataFrame, bounds: Bounds) -> list[str]:
    """What is absurd about a market's forecasts, in sentences; nothing when they can be published.

    Args:
        rows: of ``tables.FORECASTS``, one issue of the market.
        earlier: the issue in force before, same table; no rows when there is none.
    """
    found: list[str] = []
    newest = float(history.last.iloc[-1])
    age = int(history.price_ages[-1])
    before = {row.horizon: np.log(row.predicted_price / row.last_price) for row in earlier.itertuples()}
    for row in rows.to_dict("records"):
        h = row["horizon"]
        if abs(row["last_price"] / newest - 1) > SAME_PRICE:
            found.append(f"h = {h}: it starts from {row['last_price']:,.2f}, the last price is {newest:,.2f}")
            continue
        moves = _moves(history, h + age)
        if len(moves) >= FEWEST[history.market.frequency]:
            found += [f"h = {h}: {what}" for what in _beyond(row, moves, before.get(h), bounds)]
    return found


def _moves(history: MarketHistory, days: int) -> np.ndarray:
    """Log moves from each new price of the past to the price ``days`` of the market's periods later."""
    later = labels(history, days, history.as_of)
    usable = np.isfinite(later) & history.price_news & (history.price_ages == 0)
    return np.log(later[usable] / history.last.to_numpy()[usable])


def _beyond(row: Mapping[Hashable, Any], moves: np.ndarray, before: float | None, bounds: Bounds) -> list[str]:
    largest = float(np.abs(moves).max())
    low, high = np.quantile(moves, [0.05, 0.95])
    point, band = row["predicted_price"], float(np.log(row["q95"] / row["q05"]))
    expected = float(np.log(point / row["last_price"]))
    found = []
    if abs(expected) > bounds.move * largest:
        found.append(f"{point:,.2f} is {_percent(expected)} from the last price; the largest move ever was {_percent(largest)}")
    elif before is not None and abs(expected - before) > bounds.turn * largest:
        found.append(f"it expects {_percent(expected)} where the forecast in force expected {_percent(before)}")
    if band > bounds.widest * 2 * largest:
        found.append(f"its band spans {_percent(band)}; from the largest fall to the largest rise are {_percent(2 * largest)}")
    if band < bounds.narrowest * (high - low):
        found.append(f"its band spans {_percent(band)}; 90 % of all moves needed {_percent(high - low)}")
    return found


def _percent(log_move: float) -> str:
    return f"{np.expm1(log_move):+.1%}"
