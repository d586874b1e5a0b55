"""Ridge regression of log returns beyond the curve (or the last price), in units of volatility.

The newest quarter of its own past, on which it is not fitted, determines the penalty and the factor by which its prediction is
shrunk, which can be zero.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.models._calibrated import CAUTION, FORWARD_CURVE, Calibrated, by_driver
from steel_assets.core.models._one_thread import one_thread
from steel_assets.core.models._protocol import ModelError
from steel_assets.core.models._shrunk import BOLDEST_MOVES, LARGEST, trial
from steel_assets.core.models._stored import few
from steel_assets.core.samples import Samples
from steel_assets.core.types import MarketFrequency

ROWS = 1500
"""Newest rows used for fitting: about six years, so that it adapts to changes of the market."""
MOST_FEATURES = 10_000
"""Limit for a model that is read."""
PENALTIES = np.array([0.1, 1.0, 10.0])
"""Candidates for the penalty, as a share of the rows, times the horizon, because overlapping returns repeat one another."""


class Ridge(Calibrated):
    """base × exp(share × prediction × volatility), where base is the forward curve, or the last price without one."""

    family: ClassVar[str] = "ridge"
    complexity: ClassVar[int] = 5
    significance: ClassVar[float] = 0.01
    frequencies: ClassVar[tuple[MarketFrequency, ...]] = ("daily", "weekly", "monthly")

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()
        self.mean = np.zeros(0)
        self.scale = np.zeros(0)
        self.weights = np.zeros(0)

    def points(self, samples: Samples) -> np.ndarray:
        if not self.weights.any():
            return samples.curve
        moves = self._terms(samples).sum(axis=1)
        boldest = BOLDEST_MOVES[samples.frequency]
        return samples.curve * np.exp(np.clip(moves, -boldest, boldest) * samples.volatility)

    def explain(self, samples: Samples) -> pd.DataFrame:
        """Exact: each term of the regression is the contribution of the driver behind its feature."""
        curve = np.log(samples.curve / samples.last)
        if not self.weights.any():
            return pd.DataFrame({FORWARD_CURVE: curve})
        used = np.flatnonzero(self.weights)
        terms = self._terms(samples)
        moves = by_driver([self.names[k] for k in used], terms[:, used] * samples.volatility[:, None])
        whole = terms.sum(axis=1)
        boldest = BOLDEST_MOVES[samples.frequency]
        moves[CAUTION] = (np.clip(whole, -boldest, boldest) - whole) * samples.volatility
        return moves.assign(**{FORWARD_CURVE: curve + moves.get(FORWARD_CURVE, 0.0)})

    def _terms(self, samples: Samples) -> np.ndarray:
        """The terms of the regression, one column per feature, in units of volatility."""
        if samples.feature_names != self.names:
            raise ModelError("this ridge model was trained on other features than there are now; train it again")
        return standardised(samples.features, self.mean, self.scale) * self.weights

    def _learn(self, past: Samples) -> np.ndarray:
        tried = trial(past, ROWS)
        recent, returns, fitted = tried.recent, tried.returns, tried.fitted
        if not tried.enough or not recent.feature_names:
            return past.scaled_returns
        mean, scale = moments(recent.features[:fitted])
        weights = ridge_weights(standardised(recent.features[:fitted], mean, scale), returns[:fitted], PENALTIES * recent.horizon)
        believed = tried.shrinkage(standardised(recent.features[-tried.held_out :], mean, scale) @ weights)
        [penalty] = believed.candidate
        self.names = recent.feature_names
        self.mean, self.scale = moments(recent.features)
        standard = standardised(recent.features, self.mean, self.scale)
        self.weights = believed.share * ridge_weights(standard, returns, PENALTIES[[penalty]] * recent.horizon)[:, 0]
        return past.scaled_returns * believed.error_ratio

    def _state(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weights": self.weights.tolist(),
        }

    def _restore(self, stored: dict[str, Any]) -> None:
        self.names = tuple(few(stored["names"], "names", MOST_FEATURES))
        self.mean, self.scale, self.weights = (np.array(stored[key], dtype=float) for key in ("mean", "scale", "weights"))
        if not len(self.names) == len(self.mean) == len(self.scale) == len(self.weights):
            raise ModelError("this ridge model has not one weight for each feature; train it again")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.weights).all() and (self.scale > 0).all()):
            raise ValueError("means and weights must be finite, scales above 0")


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature over the rows where it is known; 0 and infinity if it is constant."""
    known = np.isfinite(features)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, features, 0.0).sum(axis=0) / counts
    scale = np.sqrt(np.where(known, (features - mean) ** 2, 0.0).sum(axis=0) / counts)
    useful = (counts > len(features) / 2) & (scale > intervals.SMALLEST)
    return np.where(useful, mean, 0.0), np.where(useful, scale, np.inf)


def standardised(features: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Standard deviations from the mean, clipped to ``LARGEST``; 0 if unknown."""
    standard = (features - mean) / scale
    np.clip(standard, -LARGEST, LARGEST, out=standard)
    standard[np.isnan(standard)] = 0.0
    return standard


def ridge_weights(features: np.ndarray, returns: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """One column of weights per penalty. Without intercept, so that a past trend is not forecast.

    It runs on one thread, so that results do not depend on the number of cores.
    """
    from sklearn.linear_model import ridge_regression

    targets = np.repeat(returns[:, None], len(penalties), axis=1)
    with one_thread():
        weights = ridge_regression(features, targets, penalties * len(features), solver="cholesky", check_input=False)
    return np.atleast_2d(weights).T
