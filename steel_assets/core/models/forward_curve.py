"""The forward curve: today's price of the contract that will be the front one on the target date."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from steel_assets.core.models._calibrated import FORWARD_CURVE, Calibrated
from steel_assets.core.samples import Samples
from steel_assets.core.types import Market


class ForwardCurve(Calibrated):
    """The price of contract number 1 + the rolls until the target date, or of the longest contract."""

    family: ClassVar[str] = "forward_curve"
    complexity: ClassVar[int] = 2
    significance: ClassVar[float] = 0.1
    reads_features: ClassVar[bool] = False

    @classmethod
    def applies(cls, market: Market) -> bool:
        return len(market.target.curve) > 1

    def points(self, samples: Samples) -> np.ndarray:
        return samples.curve

    def explain(self, samples: Samples) -> pd.DataFrame:
        return pd.DataFrame({FORWARD_CURVE: np.log(samples.curve / samples.last)})
