"""Base class of exponential smoothing of a price's own path: fitted on log prices without rolls, forecast from each row's path.

The parameters come from statsforecast at each fit. The states are computed from the path in every row, so a forecast needs
neither the library nor other rows.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.models._calibrated import FORWARD_CURVE, Calibrated
from steel_assets.core.models._protocol import Cadence
from steel_assets.core.samples import Samples

ROWS = 500
"""Newest daily prices used for fitting: about two years."""
FEWEST = 250
"""With fewer rows nothing is learned and the base price is forecast."""
BOLDEST = 1.0
"""Largest distance of a forecast from the base price, in standard deviations of the return."""


class Smoothed(Calibrated):
    """base × exp(end of the smoothed path - its present value); base is the forward curve, or the last price without one."""

    significance: ClassVar[float] = 0.001
    refit_every: ClassVar[Cadence] = "year"
    reads_features: ClassVar[bool] = False

    @abstractmethod
    def moves(self, paths: np.ndarray, horizon: int) -> np.ndarray:
        """The log move ahead of each path: one row of daily log returns each, the newest last."""

    @abstractmethod
    def fit_path(self, logs: np.ndarray) -> None:
        """Learn the parameters from log prices that are not constant."""

    def points(self, samples: Samples) -> np.ndarray:
        return samples.curve * np.exp(self._limited(samples))

    def explain(self, samples: Samples) -> pd.DataFrame:
        return pd.DataFrame({FORWARD_CURVE: np.log(samples.curve / samples.last), "own_price": self._limited(samples)})

    def _limited(self, samples: Samples) -> np.ndarray:
        most = BOLDEST * samples.volatility
        return np.clip(self.moves(np.asarray(samples.moves), samples.horizon), -most, most)

    def _learn(self, past: Samples) -> np.ndarray:
        logs = np.cumsum(np.asarray(past.moves[-ROWS:])[:, -1])
        if len(past) >= FEWEST and np.ptp(logs) > intervals.SMALLEST:
            self.fit_path(logs)
        return super()._learn(past)
