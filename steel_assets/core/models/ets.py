"""Exponential smoothing with additive errors (Hyndman et al. 2008): ETS(A,N,N), (A,A,N) or (A,Ad,N), selected by AICc."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from steel_assets.core.models._smoothed import Smoothed
from steel_assets.core.models._stored import figure


class ETS(Smoothed):
    """A level, and perhaps a damped trend.

    Attributes:
        level, trend, fading: alpha, beta and phi; before fitting (1, 0, 0), for which the level equals the last price.
    """

    family: ClassVar[str] = "ets"
    complexity: ClassVar[int] = 9

    def __init__(self) -> None:
        super().__init__()
        self.level, self.trend, self.fading = 1.0, 0.0, 0.0

    def moves(self, paths: np.ndarray, horizon: int) -> np.ndarray:
        ahead, slope = np.zeros(len(paths)), np.zeros(len(paths))  # of the level, measured from the price
        for step in paths.T:
            surprise = step - ahead - self.fading * slope
            ahead = (self.level - 1) * surprise
            slope = self.fading * slope + self.trend * surprise
        return ahead + slope * (self.fading ** np.arange(1, horizon + 1)).sum()

    def fit_path(self, logs: np.ndarray) -> None:
        from statsforecast.ets import ets_f

        level, trend, _, fading = np.nan_to_num(ets_f(logs, 1, model="AZN")["par"][:4], nan=0.0)
        self.level, self.trend = float(level), float(trend)
        self.fading = float(fading) if fading > 0 else float(trend > 0)  # a trend without phi does not fade

    def _state(self) -> dict[str, Any]:
        return {"level": self.level, "trend": self.trend, "fading": self.fading}

    def _restore(self, stored: dict[str, Any]) -> None:
        self.level, self.trend, self.fading = (figure(stored[key], key, 0, 1) for key in ("level", "trend", "fading"))
