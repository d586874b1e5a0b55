"""A combination of families: the weighted mean of the logarithms of their forecasts (Bates & Granger 1969).

A family's weight depends on how much smaller its past out-of-sample errors were than the last price's, recent ones weighing most;
a family that was no better has weight zero. A walk-forward learns new weights each week from the actual past forecasts
(``evaluation.evaluate``); a fitted model stores its weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from steel_assets.core.models._calibrated import Calibrated
from steel_assets.core.models._protocol import Cadence, Model
from steel_assets.core.models._stored import figure
from steel_assets.core.models.forward_curve import ForwardCurve
from steel_assets.core.models.naive import Naive
from steel_assets.core.models.prophet import Prophet
from steel_assets.core.models.ridge import Ridge
from steel_assets.core.samples import Samples

MEMBERS: Mapping[str, type[Model]] = {family.family: family for family in (ForwardCurve, Ridge, Prophet)}
"""The combined families. Each differs from the last price and from the others.

A fourth, boosting, gave no improvement on the real markets.
"""
WINDOW = 250
"""Newest scored origins from which weights are learned: about a year."""
HALF_LIFE = 250
"""An error has half the weight of one that is a year newer."""
ROUNDING = 1e-6
POWER = 4
"""How strongly weights depend on errors: a tenth smaller error gives half as much weight again."""


class Combination(Calibrated):
    """exp(Σ weight × log(forecast of a member)); the last price if all weights are zero.

    Args:
        weights: by member, adding up to 1; equal if nothing is known of their errors.
    """

    family: ClassVar[str] = "combination"
    complexity: ClassVar[int] = 3
    significance: ClassVar[float] = 0.05
    refit_every: ClassVar[Cadence] = "week"

    def __init__(self, weights: Mapping[str, float] | None = None) -> None:
        super().__init__()
        self.weights = dict.fromkeys(MEMBERS, 1 / len(MEMBERS)) if weights is None else dict(weights)
        self.members: dict[str, Model] = {}

    def points(self, samples: Samples) -> np.ndarray:
        forecasts = {name: model.predict(samples)["p"].to_numpy() for name, model in self.members.items()}
        return blend(forecasts, self.weights, samples.last)

    def explain(self, samples: Samples) -> pd.DataFrame:
        """The members' contributions, weighted."""
        parts = [self.weights[name] * self.members[name].explain(samples) for name in MEMBERS if name in self.members]
        if not parts:
            return pd.DataFrame(index=range(len(samples)))
        return pd.concat(parts, axis=1).fillna(0.0).T.groupby(level=0).sum().T

    def _learn(self, past: Samples) -> np.ndarray:
        self.members = {name: MEMBERS[name]().fit(past) for name, weight in self.weights.items() if weight > 0}
        return past.scaled_returns

    def _state(self) -> dict[str, Any]:
        return {"weights": self.weights, "members": {name: model.to_bytes().decode() for name, model in self.members.items()}}

    def _restore(self, stored: dict[str, Any]) -> None:
        self.weights = {str(name): figure(weight, f"weight of {name}", 0, 1) for name, weight in stored["weights"].items()}
        unknown, total = set(self.weights) - set(MEMBERS), sum(self.weights.values())
        if unknown or not (total == 0 or abs(total - 1) < ROUNDING):
            raise ValueError(f"weights must be of {', '.join(MEMBERS)} and add up to 1 (or all be 0), these add up to {total:g}")
        self.members = {name: MEMBERS[name].from_bytes(content.encode()) for name, content in stored["members"].items()}
        weighing = {name for name, weight in self.weights.items() if weight > 0}
        if self.members and set(self.members) != weighing:
            raise ValueError(f"members {', '.join(self.members)} are not those that weigh: {', '.join(weighing)}")


def learned_weights(losses: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The weight of each member: (the last price's error / its own) to the power of ``POWER``, for those that were better.

    Args:
        losses: by family, ``naive`` among them, past absolute errors in order of origin, on the same days.

    Returns:
        Weights that add up to 1, or are all 0 if no member was better than the last price.
    """
    naive = losses[Naive.family]
    fading = 0.5 ** (np.arange(len(naive))[::-1] / HALF_LIFE)
    benchmark = float(fading @ naive)
    own = {name: float(fading @ loss) for name, loss in losses.items() if name in MEMBERS}
    raw = {
        name: (benchmark / max(loss, np.finfo(float).tiny)) ** POWER if loss < benchmark else 0.0 for name, loss in own.items()
    }
    total = sum(raw.values())
    return {name: value / total if total else 0.0 for name, value in raw.items()}


def blend(forecasts: Mapping[str, np.ndarray], weights: Mapping[str, float], last: np.ndarray) -> np.ndarray:
    """The weighted mean of the logarithms of ``forecasts``; ``last`` if all weights are zero."""
    weighing = [name for name in MEMBERS if weights.get(name, 0.0) > 0]
    if not weighing:
        return last
    return np.exp(sum(weights[name] * np.log(forecasts[name]) for name in weighing))
