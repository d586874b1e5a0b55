"""Has the world changed? Recent features, returns and errors against the years before, and against how much they always differ.

Any distance between sixty days of prices and the two years before them is large by a textbook's threshold: that is what
markets do. So each distance is compared with the same distance at earlier dates, and only one that is larger than nearly all
of them counts. Drift is said when two of the three (features, returns, errors) say so at once. It is a warning, no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.intervals import scaled_errors
from steel_assets.core.returns import daily_returns
from steel_assets.core.samples import build_samples

REFERENCE, CURRENT = 500, 60
"""Origins compared: the newest 60 against the 500 before them."""
EVERY = 5
"""Origins from one measurement to the next."""
FEWEST = 50
"""Earlier measurements without which nothing can be said."""
RARE = 0.99
"""Share of the earlier measurements that a distance must exceed."""
AGREEING = 2
"""Of features, returns and errors, how many must say so."""
LEVELS = np.linspace(0.025, 0.975, 20)
SMALLEST = 1e-9


@dataclass(frozen=True, eq=False)
class Drift:
    """Measurements of one market.

    Attributes:
        scores: by origin measured and group: the share of earlier measurements that its distance exceeds (NaN while those
            are too few).
    """

    scores: pd.DataFrame

    @property
    def alarms(self) -> pd.Series:
        """By origin measured: True where at least two groups are further from their past than nearly ever before."""
        return (self.scores > RARE).sum(axis=1) >= AGREEING

    @property
    def judged(self) -> int:
        """Measurements that could have been an alarm."""
        return int((self.scores.notna().sum(axis=1) >= AGREEING).sum())

    @property
    def episodes(self) -> int:
        """Alarms that were not one already at the measurement before."""
        alarms = self.alarms.to_numpy()
        return int((alarms[1:] & ~alarms[:-1]).sum() + (alarms[0] if len(alarms) else 0))


def market_drift(history: MarketHistory, features: pd.DataFrame) -> Drift:
    """The drift of a market: its features, its daily returns, and how wrong the last price was at its nearest horizon.

    Args:
        features: as ``features.build_features`` made them from the same history.
    """
    samples = build_samples(history, features, min(history.market.horizons))
    y = history.prices_at(samples.target_dates, history.as_of)
    errors = scaled_errors(y, samples.roll_aware, samples.volatility)
    known = pd.Series(errors, index=history.origins).shift(samples.horizon)
    return measure({"features": features, "returns": daily_returns(history).to_frame(), "errors": known.to_frame()})


def measure(groups: dict[str, pd.DataFrame]) -> Drift:
    """The drift of each group of columns, at every fifth origin, from what was known by then.

    Args:
        groups: ``features``, ``returns`` and ``errors``: tables with the same index (origins in order), one column each
            quantity, NaN where unknown.
    """
    origins = next(iter(groups.values())).index
    places = np.arange(REFERENCE + CURRENT, len(origins) + 1, EVERY)
    distances = {name: _distances(table.to_numpy(dtype=float), places) for name, table in groups.items()}
    scores = {name: _share_exceeded(values) for name, values in distances.items()}
    return Drift(pd.DataFrame(scores, index=origins[places - 1]))


def _distances(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Mean over the columns of the Wasserstein distance of the current window to the reference, in its standard deviations."""
    found = np.full(len(places), np.nan)
    for number, place in enumerate(places):
        reference, current = values[place - CURRENT - REFERENCE : place - CURRENT], values[place - CURRENT : place]
        enough = (np.isfinite(reference).mean(axis=0) > 0.5) & (np.isfinite(current).mean(axis=0) > 0.5)
        if not enough.any():
            continue
        then, now = (_quantiles(window[:, enough]) for window in (reference, current))
        spread = np.maximum(np.nanstd(reference[:, enough], axis=0), SMALLEST)
        found[number] = np.median(np.abs(now - then).mean(axis=0) / spread)
    return found


def _quantiles(window: np.ndarray) -> np.ndarray:
    """``LEVELS`` quantiles of the known values of each column, the nearest known value to each."""
    ordered = np.sort(window, axis=0)  # NaN last
    known = np.isfinite(window).sum(axis=0)
    rank = np.minimum((LEVELS[:, None] * known).astype(int), known - 1)
    return np.take_along_axis(ordered, rank, axis=0)


def _share_exceeded(distances: np.ndarray) -> np.ndarray:
    """For each distance the share of the earlier ones that it exceeds."""
    shares = np.full(len(distances), np.nan)
    for number, distance in enumerate(distances):
        earlier = distances[:number][np.isfinite(distances[:number])]
        if len(earlier) >= FEWEST and np.isfinite(distance):
            shares[number] = (earlier < distance).mean()
    return shares
