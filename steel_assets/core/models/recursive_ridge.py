"""Ridge regression that continues learning: recursive least squares with forgetting (Haykin 2002, chapter 9).

Each price is used once, when it is first known: the regression's sums decay a little and the new row is added, at a constant
cost. No rows are held out for shrinkage; ``experts``, which combines it with its own shrunk versions, learns that from its
errors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.models._one_thread import one_thread
from steel_assets.core.models._protocol import Cadence, ModelError
from steel_assets.core.models._shrunk import FEWEST, LARGEST
from steel_assets.core.models._stored import UNREADABLE, figure, parsed
from steel_assets.core.models.ridge import Ridge
from steel_assets.core.samples import Samples
from steel_assets.core.types import MarketFrequency

HALF_LIFE = 500
"""Rows after which a row's weight is halved: about two years."""
KEPT = 0.5 ** (1 / HALF_LIFE)
PENALTY = 0.3
"""As a share of the weighted number of rows, times the horizon, because overlapping returns repeat one another."""


class RecursiveRidge(Ridge):
    """base × exp(prediction × volatility), where base is the forward curve, or the last price without one.

    A stored model forecasts and explains. To continue learning it is fitted again, or resumed from its ``progress``.
    """

    family: ClassVar[str] = "recursive_ridge"
    complexity: ClassVar[int] = 6
    significance: ClassVar[float] = 0.01
    refit_every: ClassVar[Cadence] = "week"
    frequencies: ClassVar[tuple[MarketFrequency, ...]] = ("daily",)

    def __init__(self) -> None:
        super().__init__()
        self._sums = _Sums(0)
        self._learned = pd.DatetimeIndex([])

    def fit(self, samples: Samples) -> Self:
        self._learned = pd.DatetimeIndex([])
        return self.learn(samples)

    def progress(self) -> bytes:
        """The stored model, the sums behind it and the days of the rows that are in them."""
        learned = self._learned.as_unit("ns").asi8.tolist()
        content = {"model": self.to_bytes().decode(), "learned": learned, "sums": self._sums.stored()}
        return json.dumps(content, sort_keys=True).encode()

    @classmethod
    def resumed(cls, content: bytes) -> Self:
        """The model that continues learning where ``progress`` was asked."""
        try:
            stored = parsed(content, f"progress of a {cls.family} model")
            model = cls.from_bytes(stored["model"].encode())
            model._learned = pd.DatetimeIndex(np.array(stored["learned"], dtype="datetime64[ns]"))
            model._sums = _Sums.restored(stored["sums"], len(model.names))
        except ModelError:
            raise
        except UNREADABLE as error:
            raise ModelError(f"this progress of a {cls.family} model cannot be read ({error}); train it again") from error
        return model

    def learn(self, samples: Samples) -> Self:
        """Learn from labelled rows that were not used yet, in order of origin, and return this model."""
        return super().fit(samples)

    def _learn(self, past: Samples) -> np.ndarray:
        if past.feature_names != self.names or not len(self._learned):
            self.names, self._sums = past.feature_names, _Sums(len(past.feature_names))
            self._learned = pd.DatetimeIndex([])
        new = ~past.origins.isin(self._learned)
        returns = np.clip(past.scaled_returns, -LARGEST, LARGEST)
        for row, realised in zip(past.features[new], returns[new], strict=True):
            self._sums.take(row, realised)
        self._learned = past.origins
        self.mean, self.scale = self._sums.moments()
        self.weights = np.zeros(len(self.names))
        if len(past) >= FEWEST and self.names:
            self.weights = self._sums.solved(PENALTY * past.horizon)
        return past.scaled_returns


class _Sums:
    """The decaying sums from which a regression of ``width`` features is computed."""

    def __init__(self, width: int) -> None:
        self.rows = 0.0
        self.known, self.total, self.squares = np.zeros(width), np.zeros(width), np.zeros(width)
        self.products, self.cross_products = np.zeros((width, width)), np.zeros(width)

    def stored(self) -> dict[str, Any]:
        """The sums as JSON values; of the products, which are symmetric, one half."""
        sums = {name: values.tolist() for name, values in vars(self).items() if name not in ("rows", "products")}
        return sums | {"rows": self.rows, "products": self.products[np.triu_indices(len(self.known))].tolist()}

    @classmethod
    def restored(cls, stored: Mapping[str, Any], width: int) -> Self:
        """The sums that ``stored`` gave.

        Raises:
            KeyError, TypeError, ValueError: they are not sums of ``width`` features.
        """
        sums = cls(width)
        sums.rows = figure(stored["rows"], "rows", 0)
        half = np.triu_indices(width)
        for name, place in (("known", ...), ("total", ...), ("squares", ...), ("cross_products", ...), ("products", half)):
            values = np.array(stored[name], dtype=float)
            if values.shape != getattr(sums, name)[place].shape or not np.isfinite(values).all():
                raise ValueError(f"{name} are not finite sums of {width} features")
            getattr(sums, name)[place] = values
        sums.products.T[half] = sums.products[half]
        return sums

    def take(self, row: np.ndarray, realised: float) -> None:
        """Decay the sums, then add a row of features with its return.

        The row is standardised by what was known of each feature by then, including itself.
        """
        there = np.isfinite(row)
        value = np.where(there, row, 0.0)
        self.rows = KEPT * self.rows + 1.0
        for sums, more in ((self.known, there), (self.total, value), (self.squares, value**2)):
            sums *= KEPT
            sums += more
        mean, scale = self.moments()
        standard = np.clip(np.where(there, (value - mean) / scale, 0.0), -LARGEST, LARGEST)
        self.products *= KEPT
        self.products += np.outer(standard, standard)
        self.cross_products *= KEPT
        self.cross_products += realised * standard

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each feature; 0 and infinity if it is constant, or known on too few rows."""
        counts = np.maximum(self.known, 1.0)
        mean = self.total / counts
        scale = np.sqrt(np.maximum(self.squares / counts - mean**2, 0.0))
        useful = (self.known > self.rows / 2) & (scale > intervals.SMALLEST * np.maximum(1.0, np.abs(mean)))
        return np.where(useful, mean, 0.0), np.where(useful, scale, np.inf)

    def solved(self, penalty: float) -> np.ndarray:
        """The weights; ``penalty`` times the number of rows is added to each feature's sum of squares."""
        with one_thread():
            return np.asarray(
                np.linalg.solve(self.products + penalty * self.rows * np.eye(len(self.cross_products)), self.cross_products)
            )
