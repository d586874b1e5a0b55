"""Markets of which nothing is true: prices and drivers that walk at random, calm or in bursts, together or not."""

from __future__ import annotations

import numpy as np

from steel_assets.core.analysis.market_data import Margin, MarketData

PERSISTENCE = 0.94
"""Memory of the expected spread, as RiskMetrics has it."""


def walk(
    seed: int, count: int = 2000, drivers: int = 8, bursts: bool = False, margins: int = 2, moves: np.ndarray | None = None
) -> MarketData:
    """A market and its drivers, whose daily moves follow from nothing before; those of one day go together.

    Args:
        bursts: with GARCH(1, 1) volatility.
        moves: those of the market, where something shall be true of it.
    """
    rng = np.random.default_rng(seed)
    shared = 0.6 * _steps(rng, count, bursts)
    walked = shared + 0.8 * _steps(rng, count, bursts)
    own = walked if moves is None else moves
    others = {f"driver_{number}": shared + 0.8 * _steps(rng, count, bursts) for number in range(drivers)}
    prices = 600 * np.exp(np.cumsum(own))
    spreads = {
        f"rebar-input_{number}": Margin("rebar", f"input_{number}", prices - 400 * np.exp(np.cumsum(others[f"driver_{number}"])))
        for number in range(margins)
    }
    return MarketData(
        market="rebar_test",
        series="rebar",
        unit="USD/t",
        days=np.busday_offset(np.datetime64("2016-01-04"), np.arange(count)),
        prices=prices,
        moves=np.concatenate([[np.nan], own[1:]]),
        volatility=_expected(own),
        drivers=others,
        margins=spreads,
    )


def _steps(rng: np.random.Generator, count: int, bursts: bool) -> np.ndarray:
    noise = rng.standard_t(5, count) / np.sqrt(5 / 3)
    if not bursts:
        return 0.012 * noise
    steps, variance = np.empty(count), 1.0
    for day in range(count):
        steps[day] = np.sqrt(variance) * noise[day]
        variance = 0.02 + 0.08 * steps[day] ** 2 + 0.9 * variance
    return 0.012 * steps


def _expected(moves: np.ndarray) -> np.ndarray:
    variance, found = moves[:60].var(), np.empty(len(moves))
    for day, move in enumerate(moves):
        variance = PERSISTENCE * variance + (1 - PERSISTENCE) * move**2
        found[day] = np.sqrt(variance)
    return found
