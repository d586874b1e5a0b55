"""Ridge with generated features in addition, selected at each fit: the first that enter the path of the lasso.

The selection uses the older three quarters of the past only, so the quarter that determines ridge's shrinkage judges the
selection too (least angle regression, lasso variant: Efron, Hastie, Johnstone & Tibshirani 2004). Off unless a market declares
``generated``. The selected names are stored; a forecast computes exactly those features.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from steel_assets.core.features._pool import UnknownFeature
from steel_assets.core.models._one_thread import one_thread
from steel_assets.core.models._protocol import Cadence, ModelError
from steel_assets.core.models._shrunk import trial
from steel_assets.core.models._stored import few
from steel_assets.core.models.ridge import ROWS, Ridge, moments, standardised
from steel_assets.core.samples import Samples
from steel_assets.core.types import Generated, Market

PREFIX = "generated."
MOST = 100
"""Limit of selected features in a model that is read."""


class GeneratedRidge(Ridge):
    """base × exp(share × prediction × volatility), where base is the forward curve, or the last price without one."""

    family: ClassVar[str] = "generated_ridge"
    complexity: ClassVar[int] = 14
    significance: ClassVar[float] = 0.01
    refit_every: ClassVar[Cadence] = "half_year"

    def __init__(self, keep: int | None = None) -> None:
        super().__init__()
        self.keep = keep or Generated().keep
        self.chosen: tuple[str, ...] = ()

    @classmethod
    def applies(cls, market: Market) -> bool:
        return market.generated is not None

    @classmethod
    def declared(cls, market: Market) -> Self:
        """An unfitted model with the market's number of features."""
        return cls(market.generated.keep if market.generated else None)

    @property
    def pinned(self) -> tuple[str, ...]:
        """The generated features that it uses, for its bundle's manifest."""
        return self.chosen

    def _terms(self, samples: Samples) -> np.ndarray:
        return super()._terms(self._with_chosen(samples))

    def _learn(self, past: Samples) -> np.ndarray:
        tried = trial(past, ROWS)
        self.chosen = ()
        if tried.enough and past.pool is not None:
            known = slice(0, tried.fitted)
            self.chosen = _chosen(tried.recent.rows(known), tried.returns[known], self.keep)
        errors = super()._learn(self._with_chosen(past))
        if not self.weights.any():
            self.chosen = ()
        return errors

    def _with_chosen(self, samples: Samples) -> Samples:
        if not self.chosen:
            return samples
        if samples.pool is None:
            raise ModelError("this model asks generated features, and its market declares none any more; train it again")
        try:
            columns = samples.pool.columns(self.chosen)
        except UnknownFeature as error:
            raise ModelError(f"{error}; train it again") from error
        names = (*samples.feature_names, *(f"{PREFIX}{name}" for name in self.chosen))
        return replace(samples, features=np.hstack([samples.features, columns]), feature_names=names)

    def _state(self) -> dict[str, Any]:
        return super()._state() | {"chosen": list(self.chosen), "keep": self.keep}

    def _restore(self, stored: dict[str, Any]) -> None:
        self.chosen = tuple(str(name) for name in few(stored.pop("chosen"), "chosen", MOST))
        self.keep = int(stored.pop("keep"))
        super()._restore(stored)


def _chosen(past: Samples, returns: np.ndarray, keep: int) -> tuple[str, ...]:
    """The first ``keep`` generated features on the path of the lasso, in the order in which they enter."""
    from sklearn.linear_model import lars_path

    if past.pool is None:
        return ()
    names = past.pool.names
    columns = past.pool.columns(names)
    standard = standardised(columns, *moments(columns))
    with one_thread():
        _, entered, _ = lars_path(standard, returns, method="lasso", max_iter=keep)
    return tuple(names[place] for place in entered[:keep])
