"""Whether a forecast is implausible: its level, direction and interval width compared with all past moves of its market.

A forecast from a price that was carried forward is compared with moves over as many days more. Only actual prices count as moves.

The bounds only catch mistakes (a wrong unit, a broken model, a shifted row): on real prices of 2019-2023 no champion's forecast
reached half of a bound, except for the width (1.44 of 2.5). A forecast beyond a bound is not published.
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
"""Least number of moves over a horizon to know what is usual."""

SAME_PRICE = 1e-9


@dataclass(frozen=True)
class Bounds:
    """Limits of a forecast, as multiples of the market's past moves.

    Attributes:
        move: largest distance of the point from the last price, as a multiple of the largest move over the horizon.
        turn: largest change of the expected move since the forecast before, as a multiple of the same.
        widest: largest width of the 90 % interval, as a multiple of the range from the largest fall to the largest rise.
        narrowest: smallest width of the 90 % interval, as a multiple of the width that contains 90 % of all moves.
    """

    move: float
    turn: float
    widest: float
    narrowest: float


def absurdities(history: MarketHistory, rows: pd.DataFrame, earlier: pd.DataFrame, bounds: Bounds) -> list[str]:
    """Why a market's forecasts are implausible, in sentences; empty if they can be published.

    Args:
        rows: of ``tables.FORECASTS``, one issue of the market.
        earlier: the issue in force before, same table; no rows if there is none.
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
