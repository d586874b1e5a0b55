"""Odds from paths: the chance that a price, an average or the way to a day is above or below a level."""

from __future__ import annotations

import numpy as np

from steel_assets.core.chance import Chance, Side, counted


def odds(values: np.ndarray, level: float, side: Side) -> Chance:
    """The chance that a figure is above, or below, ``level``; on the level is neither.

    Args:
        values: the figure, one per path: a price on a day, or the average of a period. All equal: it is known.
    """
    return counted(int(_past(values, level, side).sum()), len(values), known=bool((values == values[0]).all()))


def first_passage(paths: np.ndarray, last: float, level: float, side: Side) -> list[Chance]:
    """For each day the chance that a close was above, or below, ``level`` on that day or an earlier one.

    A price that is there already has been there: all chances are then 1, and known. Closes only: what happens within a day
    is not in the paths.

    Args:
        paths: prices, one row per path, one column per day.
        last: the last price.
    """
    if bool(_past(np.array([last]), level, side)[0]):
        return [Chance(1.0, 0.0, len(paths))] * paths.shape[1]
    reached = np.logical_or.accumulate(_past(paths, level, side), axis=1)
    return [counted(int(column.sum()), len(column), known=False) for column in reached.T]


def _past(values: np.ndarray, level: float, side: Side) -> np.ndarray:
    return values > level if side == "above" else values < level
