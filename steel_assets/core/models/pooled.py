"""One regression over all markets: ridge on features that they share, with the market's own rows weighing most.

A global model in the sense of Montero-Manso and Hyndman (2021): a market with few prices relies on the others' rows, and less so
the longer its own past is. Market, commodity and region determine the weight of a row (``panel``). Each horizon is fitted
separately, with a penalty that grows with the horizon. The newest year of the market and of the others, which is left out of that
fit, determines the shrinkage of its prediction.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.models._calibrated import CAUTION, FORWARD_CURVE, Calibrated, by_driver
from steel_assets.core.models._one_thread import one_thread
from steel_assets.core.models._shrunk import BOLDEST
from steel_assets.core.models._stored import figure
from steel_assets.core.panel import INPUTS, LARGEST, Sums, has_enough_history, month_of, spread
from steel_assets.core.samples import Samples

OTHERS = 1.0
"""Weight of a row of the average other market, relative to one of the market itself."""
YEAR = 250
"""Own rows up to which the others' errors count as much as the market's own in the trial; beyond that, less and less."""
PENALTY = 0.3
"""As a share of the weighted number of rows, times the horizon, because overlapping returns repeat one another."""
SHARES = np.array([0.0, 0.25, 0.5])
"""Candidates for the shrinkage factor; at most half, because an effect that holds on average over markets is weaker in each."""
HELD_OUT = 12
"""Months held out in the trial."""
FEWEST = 100.0
"""Least weighted number of rows for a fit."""


class Pooled(Calibrated):
    """base × exp(share × prediction × volatility), where base is the forward curve, or the last price without one."""

    family: ClassVar[str] = "pooled"
    complexity: ClassVar[int] = 12
    significance: ClassVar[float] = 0.01

    def __init__(self) -> None:
        super().__init__()
        self.weights = np.zeros(len(INPUTS))

    def points(self, samples: Samples) -> np.ndarray:
        if not self.weights.any():
            return samples.curve
        _, terms = self._terms(samples)
        return samples.curve * np.exp(np.clip(terms.sum(axis=1), -BOLDEST, BOLDEST) * samples.volatility)

    def explain(self, samples: Samples) -> pd.DataFrame:
        """Exact: the contribution of a mean over drivers is divided among them."""
        curve = np.log(samples.curve / samples.last)
        if not self.weights.any():
            return pd.DataFrame({FORWARD_CURVE: curve})
        names, terms = self._terms(samples)
        moves = by_driver(names, terms * samples.volatility[:, None])
        whole = terms.sum(axis=1)
        moves[CAUTION] = (np.clip(whole, -BOLDEST, BOLDEST) - whole) * samples.volatility
        return moves.assign(**{FORWARD_CURVE: curve + moves.get(FORWARD_CURVE, 0.0)})

    def _terms(self, samples: Samples) -> tuple[list[str], np.ndarray]:
        """The features used, and each one's contribution in units of volatility."""
        found = spread(samples.features, samples.feature_names)
        return [samples.feature_names[k] for k in found.columns], found.values * (found.members @ self.weights)

    def _learn(self, past: Samples) -> np.ndarray:
        if not len(past):
            return past.scaled_returns
        rows = past.rows(has_enough_history(past.features, past.feature_names))
        inputs = spread(rows.features, rows.feature_names).inputs
        returns = np.clip(rows.scaled_returns, -LARGEST, LARGEST)
        first = month_of(past.origins[-1]) - HELD_OUT
        start = pd.Timestamp(1970 + first // 12, first % 12 + 1, 1)
        fitted, held_out = rows.target_dates < start, rows.origins >= start
        with one_thread():
            tried = _weights(past, Sums.of(inputs[fitted], returns[fitted]), first)
            if tried is None:
                return past.scaled_returns
            others = [_errors(*rows, tried) for rows in past.panel.rows(first)]
            own = _errors(inputs[held_out], returns[held_out], tried)
            heard = min(1.0, YEAR / max(len(rows), 1))
            share = int(np.argmin(own + heard * np.mean(others, axis=0) if others else own))
            if SHARES[share]:
                found = _weights(past, Sums.of(inputs, returns))
                self.weights = self.weights if found is None else SHARES[share] * found
        return past.scaled_returns * min(1.0, own[share])

    def _state(self) -> dict[str, Any]:
        return {"weights": dict(zip(INPUTS, self.weights.tolist(), strict=True))}

    def _restore(self, stored: dict[str, Any]) -> None:
        weights = stored["weights"]
        if set(weights) != set(INPUTS):
            raise ValueError("it has not one weight for each input there is now")
        self.weights = np.array([figure(weights[name], f"weight of {name}") for name in INPUTS])


def _weights(past: Samples, own: Sums, month: int | None = None) -> np.ndarray | None:
    """One weight per input, from ``own`` rows and the others' rows known before ``month``; None with too few rows."""
    sums = own.plus(past.panel.sums(month), OTHERS)
    if sums.rows < FEWEST:
        return None
    penalty = PENALTY * past.horizon * sums.rows * np.eye(len(INPUTS))
    return np.asarray(np.linalg.solve(sums.products + penalty, sums.cross_products))


def _errors(inputs: np.ndarray, returns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """For each shrinkage factor the mean absolute error with it ÷ that with factor zero; 1 without rows."""
    if not len(returns):
        return np.ones(len(SHARES))
    believed = np.clip((inputs @ weights)[:, None] * SHARES, -BOLDEST, BOLDEST)
    errors = np.abs(returns[:, None] - believed).mean(axis=0)
    return np.asarray(errors / max(errors[0], intervals.SMALLEST))
