"""Regimes: a simulated market stays at a level for some weeks, calm or volatile, then moves to another within days.

A high market is more likely to move down next, a low one up, so the levels stay plausible.
"""

from __future__ import annotations

import math

import numpy as np

WEEKDAYS_IN_REGIME = (35, 75)
WEEKDAYS_OF_CHANGE = (6, 18)
SIZE_OF_CHANGE = (0.10, 0.18)
VOLATILITY = (0.65, 1.25)
RETURN = 10.0
"""How strongly the sign of the next change depends on the level: at ±10 %, about 73 % of changes lead back."""


def cycle(random: np.random.Generator, days: int) -> tuple[np.ndarray, np.ndarray]:
    """The regimes of one market over ``days`` weekdays.

    Returns:
        drift: the cycle's log move of each day; zero except while the regime changes.
        volatility: the factor on each day's shocks.
    """
    drift, volatility, level, start = np.zeros(days), np.ones(days), 0.0, 0
    while start < days:
        length, change, size, sign, nerves = random.random(5).tolist()
        lasts, takes = _between(WEEKDAYS_IN_REGIME, length), _between(WEEKDAYS_OF_CHANGE, change)
        up = sign < 1 / (1 + math.exp(RETURN * level))
        move = _between(SIZE_OF_CHANGE, size) * (1 if up else -1)
        drift[start : start + round(takes)] += move / round(takes)
        volatility[start : start + round(lasts)] = _between(VOLATILITY, nerves)
        level += move
        start += round(lasts)
    return drift, volatility


def _between(limits: tuple[float, float], share: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * share
