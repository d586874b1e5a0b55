"""Whether the market is calm, as usual, or turbulent, compared with its own history."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from steel_assets.core.analysis.market_data import MarketData
from steel_assets.core.analysis.statements import Statement, Unsaid

WINDOW = 21
"""Sessions that count as the present."""
FEWEST = 250
YEAR = 250
CALM, TURBULENT = 0.2, 0.8
"""Shares of its own past below and above which the present is called so."""


def states(known: MarketData) -> Iterator[Statement | Unsaid]:
    """The size of the last month's moves compared with every month before.

    Tests whether they are larger or smaller than the earlier ones (Mann & Whitney 1947, on absolute moves, with ties). Volatility
    comes in clusters, so this describes the state of the market, not a new regime.
    """
    sizes = np.abs(known.moves)
    sizes = sizes[np.isfinite(sizes)]
    if len(sizes) < FEWEST:
        yield Unsaid("volatility", str(WINDOW), f"{len(sizes)} daily moves are known, {FEWEST} are needed")
        return
    rolling = np.sqrt(np.convolve(sizes**2, np.ones(WINDOW) / WINDOW, mode="valid"))
    now, before = float(rolling[-1]), rolling[:-WINDOW]
    share = float((before < now).mean() + (before == now).mean() / 2)
    state = "calm" if share < CALM else "turbulent" if share > TURBULENT else "normal"
    values = {"days": WINDOW, "daily": now, "yearly": now * YEAR**0.5, "percentile": share, "state": state}
    yield Statement(
        "volatility", str(WINDOW), values, len(sizes), "Mann–Whitney", _mann_whitney(sizes[-WINDOW:], sizes[:-WINDOW])
    )


def _mann_whitney(some: np.ndarray, others: np.ndarray) -> float:
    """Two-sided p-value that both have the same size, by the normal approximation with correction for ties."""
    from scipy.special import ndtr

    count = len(some) + len(others)
    ranks = pd.Series(np.concatenate([some, others])).rank().to_numpy()
    _, ties = np.unique(ranks, return_counts=True)
    spread = len(some) * len(others) / 12 * (count + 1 - float((ties**3 - ties).sum()) / (count * (count - 1)))
    if spread <= 0:
        return 1.0
    away = float(ranks[: len(some)].sum()) - len(some) * (count + 1) / 2
    return float(2 * ndtr(-max(abs(away) - 0.5, 0.0) / np.sqrt(spread)))
