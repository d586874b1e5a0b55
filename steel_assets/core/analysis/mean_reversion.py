"""The level of the price and its margins within their own past, and whether they return to their mean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from steel_assets.core.analysis.market_data import MarketData
from steel_assets.core.analysis.statements import Statement, Unsaid

WINDOW = 1250
"""Sessions of the past that are used: about five years."""
FEWEST = 250


def percentiles_and_reversion(known: MarketData) -> Iterator[Statement | Unsaid]:
    """Percentile and distance from the mean of the price and of each margin, and whether it returns to its mean."""
    subjects: dict[str, tuple[np.ndarray, str, str | None]] = {known.series: (known.prices, known.series, None)}
    subjects |= {name: (margin.values, margin.product, margin.input) for name, margin in known.margins.items()}
    for about, (values, product, taken) in subjects.items():
        window = values[-WINDOW:]
        there = np.flatnonzero(np.isfinite(window))
        if len(there) < FEWEST:
            for key in ("standing", "return_to_mean"):
                yield Unsaid(key, about, f"{len(there)} figures are known, {FEWEST} are needed")
            continue
        days, window = known.days[-WINDOW:][there], window[there]
        names = {"product": product, "input": taken, "unit": known.unit}
        yield _percentile(about, window, days, names)
        yield _return(about, np.log(window) if taken is None else window, window, names)


def _percentile(about: str, window: np.ndarray, days: np.ndarray, names: dict[str, str | None]) -> Statement:
    """The percentile of the newest value, tested against a random walk, which is near its extremes most of the time.

    The share of its past that a random walk is above follows the arcsine law, exactly and for any symmetric steps (Sparre
    Andersen 1953; Feller, *An Introduction to Probability Theory* I, III.4).
    """
    now, before = float(window[-1]), window[:-1]
    below = float((before < now).sum() + (before == now).sum() / 2)
    spread = float(window.std())
    values = {
        **names,
        "value": now,
        "percentile": below / len(before),
        "z": (now - float(window.mean())) / spread if spread > 0 else 0.0,
        "mean": float(window.mean()),
        "from": str(days[0]),
        "day": str(days[-1]),
    }
    return Statement("standing", about, values, len(before), "arcsine law", _arcsine(below, len(before)))


def _arcsine(below: float, count: int) -> float:
    """Probability that a random walk of ``count`` steps ends above as few, or as many, of its earlier values as ``below``."""
    fewest = int(min(below, count - below))
    steps = np.arange(1, count + 1)
    chances = np.concatenate([[1.0], np.cumprod((2 * steps - 1) / (2 * steps))])  # C(2k, k) / 4^k
    return float(min(1.0, 2 * (chances[: fewest + 1] * chances[::-1][: fewest + 1]).sum()))


def _return(about: str, window: np.ndarray, shown: np.ndarray, names: dict[str, str | None]) -> Statement:
    """Whether the values return to their mean (augmented Dickey–Fuller: Said & Dickey 1984), and their half-life in sessions.

    Args:
        window: the tested values: log prices, or margins.
        shown: the same in the unit of the market.
    """
    count = len(window)
    lags = int(4 * (count / 100) ** 0.25)
    steps = np.diff(window)
    y, level = steps[lags:], window[lags:-1]
    others = np.column_stack([np.ones(len(y)), *(steps[lags - lag : -lag] for lag in range(1, lags + 1))])
    basis, _ = np.linalg.qr(others)
    level, y = (values - basis @ (basis.T @ values) for values in (level, y))
    spread = float(level @ level)
    pull = float(level @ y) / spread if spread > 1e-18 else 0.0
    residuals = y - pull * level
    error = float(np.sqrt(residuals @ residuals / (len(y) - lags - 2) / spread)) if spread > 1e-18 else 0.0
    p = dickey_fuller(pull / error) if error > 0 else 1.0
    half = float(np.log(0.5) / np.log1p(pull)) if -1 < pull < 0 else None
    values = {**names, "half_way_days": half, "mean": float(shown.mean()), "value": float(shown[-1])}
    return Statement("return_to_mean", about, values, len(y), "augmented Dickey–Fuller", p)


def dickey_fuller(t: float) -> float:
    """The p-value of a Dickey–Fuller t with a constant.

    The surface of MacKinnon (1994), *Approximate Asymptotic Distribution Functions for Unit-Root and Cointegration Tests*,
    J. Business & Economic Statistics 12, 167–176.
    """
    from scipy.special import ndtr

    if t > 2.74:
        return 1.0
    if t < -18.83:
        return 0.0
    if t <= -1.61:
        return float(ndtr(2.1659 + 1.4412 * t + 0.038269 * t**2))
    return float(ndtr(1.7339 + 0.93202 * t - 0.12745 * t**2 - 0.010368 * t**3))
