"""The last price, which is the benchmark of all other families."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from steel_assets.core.models._calibrated import Calibrated
from steel_assets.core.samples import Samples
from steel_assets.core.types import MarketFrequency


class Naive(Calibrated):
    """Forecasts the last price."""

    family: ClassVar[str] = "naive"
    complexity: ClassVar[int] = 0
    significance: ClassVar[float] = 1.0
    reads_features: ClassVar[bool] = False
    frequencies: ClassVar[tuple[MarketFrequency, ...]] = ("daily", "weekly", "monthly")

    def points(self, samples: Samples) -> np.ndarray:
        return samples.last

    def explain(self, samples: Samples) -> pd.DataFrame:
        return pd.DataFrame(index=range(len(samples)))
