"""Gradient boosting (scikit-learn's histogram trees) of log returns beyond the curve, in units of volatility.

With absolute loss, so that the many days without any move of the front contract can be predicted as zero; and on returns, so that
no tree has to extrapolate a level. As for ridge, the newest quarter of its past, on which it is not fitted, decides the factor by
which its prediction is shrunk; often that is zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.models._calibrated import CAUTION, FORWARD_CURVE, LONG_RUN, Calibrated, by_driver
from steel_assets.core.models._one_thread import one_thread
from steel_assets.core.models._protocol import Cadence, ModelError
from steel_assets.core.models._shrunk import BOLDEST, trial
from steel_assets.core.models._stored import few, figure
from steel_assets.core.models._trees import Forest, Tree, grown
from steel_assets.core.samples import Samples

ROWS = 1500
"""Newest rows used for fitting: about six years."""
TREES = 40
MOST_TREES, MOST_FEATURES = 10 * TREES, 10_000
"""Of a model that is read."""
SETTINGS = {
    "loss": "absolute_error",
    "learning_rate": 0.1,
    "max_iter": TREES,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 40,
    "l2_regularization": 1.0,
    "max_bins": 32,
    "max_features": 0.3,
    "early_stopping": False,
    "random_state": 0,
}


class Boosting(Calibrated):
    """base × exp(share × prediction × volatility), where base is the forward curve, or the last price without one."""

    family: ClassVar[str] = "boosting"
    complexity: ClassVar[int] = 11
    significance: ClassVar[float] = 0.01
    refit_every: ClassVar[Cadence] = "year"

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()
        self.share = 0.0
        self.forest = Forest(0.0, [])

    def points(self, samples: Samples) -> np.ndarray:
        if not self.share:
            return samples.curve
        moves = self.share * self.forest.predict(self._asked(samples))
        return samples.curve * np.exp(np.clip(moves, -BOLDEST, BOLDEST) * samples.volatility)

    def explain(self, samples: Samples) -> pd.DataFrame:
        """The change of the expectation at each split, added up by the driver behind the split's feature."""
        curve = np.log(samples.curve / samples.last)
        if not self.share:
            return pd.DataFrame({FORWARD_CURVE: curve})
        scale = self.share * samples.volatility
        terms = self.forest.terms(self._asked(samples))
        used = sorted({int(k) for tree in self.forest.trees for k in tree.feature if k >= 0})
        moves = by_driver([self.names[k] for k in used], terms[:, used] * scale[:, None])
        moves[LONG_RUN] = self.forest.mean * scale
        limited = np.log(self.points(samples) / samples.curve)
        moves[CAUTION] = limited - moves.sum(axis=1)
        return moves.assign(**{FORWARD_CURVE: curve + moves.get(FORWARD_CURVE, 0.0)})

    def _asked(self, samples: Samples) -> np.ndarray:
        if samples.feature_names != self.names:
            raise ModelError("this boosting model was trained on other features than there are now; train it again")
        return samples.features

    def _learn(self, past: Samples) -> np.ndarray:
        tried = trial(past, ROWS)
        recent, returns, fitted = tried.recent, tried.returns, tried.fitted
        if not tried.enough or not recent.feature_names or np.ptp(returns) < intervals.SMALLEST:
            return past.scaled_returns
        forest = _forest(recent.features[:fitted], returns[:fitted])
        believed = tried.shrinkage(forest.predict(recent.features[-tried.held_out :]))
        self.share = believed.share
        if self.share:
            self.names = recent.feature_names
            self.forest = _forest(recent.features, returns)
        return past.scaled_returns * believed.error_ratio

    def _state(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "share": self.share,
            "start": self.forest.start,
            "trees": [tree.stored() for tree in self.forest.trees],
        }

    def _restore(self, stored: dict[str, Any]) -> None:
        self.names, self.share = tuple(few(stored["names"], "names", MOST_FEATURES)), figure(stored["share"], "share", 0, 1)
        trees = [Tree.restored(tree, len(self.names)) for tree in few(stored["trees"], "trees", MOST_TREES)]
        self.forest = Forest(figure(stored["start"], "start"), trees)


def _forest(features: np.ndarray, returns: np.ndarray) -> Forest:
    return grown(fitted_regressor(features, returns))


def fitted_regressor(features: np.ndarray, returns: np.ndarray, settings: Mapping[str, Any] | None = None) -> Any:
    """scikit-learn's fitted regressor, with ``settings`` overriding ``SETTINGS``.

    scikit-learn cannot bin a column without known values, so such a column is passed as a constant, which no split uses.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    known = np.isfinite(features).any(axis=0)
    with one_thread():
        return HistGradientBoostingRegressor(**{**SETTINGS, **(settings or {})}).fit(np.where(known, features, 0.0), returns)
