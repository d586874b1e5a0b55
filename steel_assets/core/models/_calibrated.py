"""Base class of point-forecasting families: quantiles from their own past errors, and storage as JSON."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.features import driver_of
from steel_assets.core.history import MarketHistory
from steel_assets.core.models._protocol import Cadence, ModelError
from steel_assets.core.models._stored import UNREADABLE, parsed
from steel_assets.core.samples import Samples
from steel_assets.core.types import Market

FORWARD_CURVE, LONG_RUN, CAUTION, OTHER = "forward_curve", "long_run_trend", "caution", "other"
"""Names of contributions without a feature: of the curve, of the mean past return, of limits on a model's moves, and the rest."""


class Calibrated(ABC):
    """A point forecast with the spread of its past out-of-sample errors around it.

    Families implement ``points``. One whose points need no fitting is then complete: all its past forecasts were out of sample.
    One that learns also implements ``_learn``, ``_state`` and ``_restore``.
    """

    family: ClassVar[str]
    complexity: ClassVar[int]
    significance: ClassVar[float]
    refit_every: ClassVar[Cadence] = "month"
    reads_features: ClassVar[bool] = True
    """False for a family that learns without features, so that they are not copied for each of its fits."""

    def __init__(self) -> None:
        self.levels = intervals.NORMAL_QUANTILES.copy()

    @classmethod
    def applies(cls, market: Market) -> bool:
        return True

    @abstractmethod
    def points(self, samples: Samples) -> np.ndarray:
        """The point forecast of each row, in the target's unit."""

    def fit(self, samples: Samples) -> Self:
        past = (samples if self.reads_features else samples.without_features()).rows(samples.labelled)
        self.levels = intervals.error_quantiles(self._learn(past), past.horizon)
        return self

    def predict(self, samples: Samples) -> pd.DataFrame:
        return intervals.distribution(self.points(samples), samples.volatility, self.levels)

    def today(self, history: MarketHistory, samples: Samples) -> Self:
        return self

    def explain(self, samples: Samples) -> pd.DataFrame:
        """The contribution of the curve, and the rest as ``other``; families that know more override this."""
        curve = np.log(samples.curve / samples.last)
        return pd.DataFrame({FORWARD_CURVE: curve, OTHER: np.log(self.points(samples) / samples.last) - curve})

    def to_bytes(self) -> bytes:
        content = {"family": self.family, "levels": self.levels.tolist(), **self._state()}
        return json.dumps(content, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        try:
            stored = parsed(content, f"{cls.family} model")
            if stored.pop("family") != cls.family:
                raise ModelError(f"this is not a {cls.family} model")
            model = cls()
            model.levels = intervals.stored_levels(stored.pop("levels"))
            model._restore(stored)
        except ModelError:
            raise
        except UNREADABLE as error:
            raise ModelError(f"this {cls.family} model cannot be read ({error}); train it again") from error
        return model

    def _learn(self, past: Samples) -> np.ndarray:
        """Learn from labelled rows; return the scaled out-of-sample errors to expect."""
        return intervals.scaled_errors(past.y, self.points(past), past.volatility)

    def _state(self) -> dict[str, Any]:
        """The further state to store, as JSON values."""
        return {}

    def _restore(self, stored: dict[str, Any]) -> None:
        """Restore what ``_state`` returned.

        Raises:
            KeyError, TypeError or ModelError: ``stored`` has another form.
        """
        if stored:
            raise ModelError(f"this {self.family} model has entries it should not have: {', '.join(stored)}")


def by_driver(features: Sequence[str], moves: np.ndarray) -> pd.DataFrame:
    """``moves`` (one column per feature) added up by the driver behind each feature."""
    drivers = [driver_of(name) for name in features]
    names = sorted(set(drivers))
    return pd.DataFrame({name: moves[:, [driver == name for driver in drivers]].sum(axis=1) for name in names})
