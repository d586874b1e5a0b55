"""Invented series of each kind and frequency, as lively as real ones: fat tails, rolls, crises, standstills."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from steel_assets.core.types import Frequency, Kind, Series

FREQ: dict[Frequency, str] = {"daily": "B", "weekly": "W-MON", "monthly": "MS", "quarterly": "QS"}
COUNT: dict[Frequency, int] = {"daily": 2000, "weekly": 500, "monthly": 160, "quarterly": 60}
PERIODS_IN: dict[Frequency, float] = {"daily": 1.0, "weekly": 5.0, "monthly": 21.0, "quarterly": 63.0}
SURVEY = [2.0, 5, 0, -1, 41, 71, 38, 6, -15, -32, -18, -2, 24, 39, 44, 46, 51, 34]


def invented() -> Iterator[tuple[Series, pd.Series]]:
    """Declarations and figures by period."""
    for number, frequency in enumerate(FREQ):
        yield _of("price", frequency, "USD/t", _price(frequency, 10 + number))
        yield _of("index", frequency, "index", 5 + 0.2 * _price(frequency, 20 + number))
        yield _of("rate", frequency, "percent", _rate(frequency, 30 + number))
        yield _of("spread", frequency, "USD/t", _spread(frequency, 40 + number))
    yield _of("price", "daily", "USD/t", _illiquid(50), "illiquid")
    yield _of("price", "daily", "CNY/USD", 6.5 * np.exp(np.cumsum(0.002 * _tails(51, 2000))).round(4), "exchange_rate")
    yield _of("index", "monthly", "index", (8 * _tails(52, 160)).round(1), "balance")
    yield _of("rate", "quarterly", "percent", np.array(SURVEY), "survey")
    yield _of("index", "daily", "index", _fear(53), "volatility_index")


def _of(kind: Kind, frequency: Frequency, unit: str, values: np.ndarray, name: str = "") -> tuple[Series, pd.Series]:
    periods = pd.date_range("2010-01-01", periods=len(values), freq=FREQ[frequency])
    series = Series(id=name or f"{kind}_{frequency}", name=name, unit=unit, frequency=frequency, kind=kind)
    return series, pd.Series(values, periods)


def _tails(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(4, count) / np.sqrt(2)


def _price(frequency: Frequency, seed: int) -> np.ndarray:
    moves = 0.012 * np.sqrt(PERIODS_IN[frequency]) * 0.6 * _tails(seed, COUNT[frequency])
    return np.round(600 * np.exp(np.cumsum(moves - moves.mean())), 1)


def _rate(frequency: Frequency, seed: int) -> np.ndarray:
    moves = 0.045 * np.sqrt(PERIODS_IN[frequency]) * _tails(seed, COUNT[frequency])
    return np.round(3.0 + 0.6 * (np.cumsum(moves - moves.mean())), 2)


def _spread(frequency: Frequency, seed: int) -> np.ndarray:
    level, levels = 0.0, []
    for move in 6 * _tails(seed, COUNT[frequency]):
        level = 0.97 * level + move
        levels.append(round(level, 1))
    return np.array(levels)


def _illiquid(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    moves = 0.012 * _tails(seed, 2000)
    still = np.zeros(2000, dtype=bool)
    for at in range(1, 2000):
        still[at] = random.random() < (0.75 if still[at - 1] else 0.12)
    return np.round(500 * np.exp(np.cumsum(np.where(still, 0, moves))), 1)


def _fear(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    level, levels = np.log(16.0), []
    for move in 0.06 * _tails(seed, 2000):
        jump = 0.2 + 0.2 * random.random() if random.random() < 0.001 else 0.0
        level += 0.03 * (np.log(16.0) - level) + move + jump
        levels.append(round(float(np.exp(level)), 2))
    return np.array(levels)
