"""The Theta method (Assimakopoulos & Nikolopoulos 2000): exponential smoothing with half the past's trend as drift.

In the closed form of Hyndman & Billah (2003).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from steel_assets.core.models._smoothed import Smoothed
from steel_assets.core.models._stored import figure


class Theta(Smoothed):
    """A smoothed level and half the slope of the path's regression line.

    Attributes:
        level: alpha; None before fitting, when the base price is forecast.
    """

    family: ClassVar[str] = "theta"
    complexity: ClassVar[int] = 10

    def __init__(self) -> None:
        super().__init__()
        self.level: float | None = None

    def moves(self, paths: np.ndarray, horizon: int) -> np.ndarray:
        if self.level is None:
            return np.zeros(len(paths))
        ahead = np.zeros(len(paths))  # of the level, measured from the price
        for step in paths.T:
            ahead = (self.level - 1) * (step - ahead)
        n = paths.shape[1]
        days = np.arange(n) - (n - 1) / 2
        slope = (np.cumsum(paths, axis=1) * (days / (days**2).sum())).sum(axis=1)
        return ahead + slope / 2 * (horizon - 1 + (1 - (1 - self.level) ** n) / self.level)

    def fit_path(self, logs: np.ndarray) -> None:
        from statsforecast.theta import auto_theta

        self.level = float(auto_theta(logs, 1, model="STM")["par"]["alpha"])

    def _state(self) -> dict[str, Any]:
        return {"level": self.level}

    def _restore(self, stored: dict[str, Any]) -> None:
        self.level = None if stored["level"] is None else figure(stored["level"], "level", 1e-9, 1)
