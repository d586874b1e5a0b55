"""Probabilities from sample paths: that a price, an average or any close up to a day is above or below a level."""

from __future__ import annotations

import numpy as np

from steel_assets.core.chance import Chance, Side, counted


def odds(values: np.ndarray, level: float, side: Side) -> Chance:
    """The probability that a value is above, or below, ``level``; equal to it counts as neither.

    Args:
        values: one per path: a price on a day, or the average of a period. If all are equal, the outcome is known.
    """
    return counted(int(_past(values, level, side).sum()), len(values), known=bool((values == values[0]).all()))


def first_passage(paths: np.ndarray, last: float, level: float, side: Side) -> list[Chance]:
    """For each day the probability that a close was above, or below, ``level`` on that day or an earlier one.

    If the last price is beyond the level already, all probabilities are 1 and known. Only closes count: the paths have no prices
    within a day.

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
