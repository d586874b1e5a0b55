"""Random walk with drift: the mean past move continues."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from steel_assets.core.models._calibrated import FORWARD_CURVE, LONG_RUN, Calibrated
from steel_assets.core.samples import Samples

ROWS = 1000
"""Newest rows over which the mean is taken: about four years."""
FEWEST = 250
"""With fewer rows the drift is zero."""


class RandomWalkWithDrift(Calibrated):
    """base × exp(mean of log(price / base) in the past), where base is the forward curve, or the last price without one."""

    family: ClassVar[str] = "drift"
    complexity: ClassVar[int] = 8
    significance: ClassVar[float] = 0.001
    reads_features: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.drift = 0.0

    def points(self, samples: Samples) -> np.ndarray:
        return samples.curve * np.exp(self.drift)

    def explain(self, samples: Samples) -> pd.DataFrame:
        return pd.DataFrame({FORWARD_CURVE: np.log(samples.curve / samples.last), LONG_RUN: self.drift})

    def _learn(self, past: Samples) -> np.ndarray:
        recent = past.rows(slice(max(0, len(past) - ROWS), None))
        if len(recent) >= FEWEST:
            self.drift = float(np.log(recent.y / recent.curve).mean())
        return super()._learn(past)

    def _state(self) -> dict[str, Any]:
        return {"drift": self.drift}

    def _restore(self, stored: dict[str, Any]) -> None:
        self.drift = float(stored["drift"])
