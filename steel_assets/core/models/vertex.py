"""Forecasts bought from Vertex AI for a market, shrunk by their errors on the newest quarter.

Off unless a market declares ``automl.vertex``; it forecasts the base price until ``steel automl`` has bought something. The
answer in each row is from a model that was trained on nothing known later than the first day of the row's fold
(``operations/automl.py``), so all answers are out of sample. A row without an answer is forecast as the base price.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from steel_assets.core.models._calibrated import FORWARD_CURVE, OTHER, Calibrated
from steel_assets.core.models._shrunk import BOLDEST, LARGEST, trial
from steel_assets.core.models._stored import figure
from steel_assets.core.samples import Samples
from steel_assets.core.types import Market

ROWS = 1500
"""Newest answered rows that determine the shrinkage: about six years."""


class Vertex(Calibrated):
    """base × exp(share × answer × volatility), where base is the forward curve, or the last price without one."""

    family: ClassVar[str] = "vertex"
    complexity: ClassVar[int] = 15
    significance: ClassVar[float] = 0.01

    def __init__(self) -> None:
        super().__init__()
        self.share = 0.0

    @classmethod
    def applies(cls, market: Market) -> bool:
        return market.automl.vertex is not None

    def points(self, samples: Samples) -> np.ndarray:
        if not self.share:
            return samples.curve
        return samples.curve * np.exp(np.clip(self.share * _bought(samples), -BOLDEST, BOLDEST) * samples.volatility)

    def explain(self, samples: Samples) -> pd.DataFrame:
        """The service gives no contributions: the whole move is ``other``."""
        curve = np.log(samples.curve / samples.last)
        if not self.share:
            return pd.DataFrame({FORWARD_CURVE: curve})
        return pd.DataFrame({FORWARD_CURVE: curve, OTHER: np.log(self.points(samples) / samples.curve)})

    def _learn(self, past: Samples) -> np.ndarray:
        self.share = 0.0
        if past.bought_predictions is None:
            return past.scaled_returns
        tried = trial(past.rows(np.isfinite(past.bought_predictions)), ROWS)
        if not tried.enough:
            return past.scaled_returns
        believed = tried.shrinkage(_bought(tried.recent.rows(slice(-tried.held_out, None))))
        self.share = believed.share
        return past.scaled_returns * believed.error_ratio

    def _state(self) -> dict[str, Any]:
        return {"share": self.share}

    def _restore(self, stored: dict[str, Any]) -> None:
        self.share = figure(stored.pop("share"), "share", 0, 1)
        super()._restore(stored)


def _bought(samples: Samples) -> np.ndarray:
    """The answer in each row; 0 without one."""
    if samples.bought_predictions is None:
        return np.zeros(len(samples))
    return np.clip(np.nan_to_num(samples.bought_predictions, nan=0.0), -LARGEST, LARGEST)
