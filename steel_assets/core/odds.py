"""Odds from paths: the chance that a price, an average or the way to a day is above or below a level.

The standard error is that of counting so many paths as if they were drawn independently of each other. It says how far another
draw would differ, not how right the forecast is: docs/odds.md has what was measured of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Side = Literal["above", "below"]


@dataclass(frozen=True)
class Odds:
    """A chance.

    Attributes:
        chance: from 0 to 1, the share of paths.
        error: its Monte-Carlo standard error; 0 where the outcome is known already. Where no path or every path says so it is
            that of two paths more that do and two that do not (Agresti & Coull 1998), because never seen is not impossible.
        paths: as many were counted.
    """

    chance: float
    error: float
    paths: int


def odds(values: np.ndarray, level: float, side: Side) -> Odds:
    """The chance that a figure is above, or below, ``level``; on the level is neither.

    Args:
        values: the figure, one per path: a price on a day, or the average of a period. All equal: it is known.
    """
    return _counted(_past(values, level, side), known=bool((values == values[0]).all()))


def first_passage(paths: np.ndarray, last: float, level: float, side: Side) -> list[Odds]:
    """For each day the chance that a close was above, or below, ``level`` on that day or an earlier one.

    A price that is there already has been there: all chances are then 1, and known. Closes only: what happens within a day
    is not in the paths.

    Args:
        paths: prices, one row per path, one column per day.
        last: the last price.
    """
    if bool(_past(np.array([last]), level, side)[0]):
        return [Odds(1.0, 0.0, len(paths))] * paths.shape[1]
    reached = np.logical_or.accumulate(_past(paths, level, side), axis=1)
    return [_counted(column, known=False) for column in reached.T]


def _past(values: np.ndarray, level: float, side: Side) -> np.ndarray:
    return values > level if side == "above" else values < level


def _counted(hits: np.ndarray, *, known: bool) -> Odds:
    count, found = len(hits), int(hits.sum())
    chance = found / count
    if known:
        return Odds(chance, 0.0, count)
    if found in (0, count):
        wary = (found + 2) / (count + 4)
        return Odds(chance, float(np.sqrt(wary * (1 - wary) / (count + 4))), count)
    return Odds(chance, float(np.sqrt(chance * (1 - chance) / count)), count)
