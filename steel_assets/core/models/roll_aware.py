"""The last price of the right contract: after the next roll, the front contract is today's second one."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from steel_assets.core.models._calibrated import FORWARD_CURVE, Calibrated
from steel_assets.core.samples import Samples
from steel_assets.core.types import Market


class RollAware(Calibrated):
    """The last price, or the second contract's if the target date is after the next roll. It allows for one roll only."""

    family: ClassVar[str] = "roll_aware"
    complexity: ClassVar[int] = 1
    significance: ClassVar[float] = 0.1
    reads_features: ClassVar[bool] = False

    @classmethod
    def applies(cls, market: Market) -> bool:
        return len(market.target.curve) > 1

    def points(self, samples: Samples) -> np.ndarray:
        return samples.roll_aware

    def explain(self, samples: Samples) -> pd.DataFrame:
        return pd.DataFrame({FORWARD_CURVE: np.log(samples.roll_aware / samples.last)})
