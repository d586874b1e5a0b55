"""The model that a search found (``_search.py``), shrunk by its errors on the newest quarter.

Off unless a market declares ``automl.embedded``. The search does not see the newest quarter of the past at all.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.models._calibrated import CAUTION, FORWARD_CURVE, LONG_RUN, Calibrated, by_driver
from steel_assets.core.models._protocol import Cadence
from steel_assets.core.models._search import EmbeddedSearch, SearchResult
from steel_assets.core.models._shrunk import BOLDEST, trial
from steel_assets.core.models._stored import figure
from steel_assets.core.models.boosting import ROWS
from steel_assets.core.samples import Samples
from steel_assets.core.types import Market, Search


class AutoML(Calibrated):
    """base × exp(share × prediction × volatility), where base is the forward curve, or the last price without one."""

    family: ClassVar[str] = "automl"
    complexity: ClassVar[int] = 13
    significance: ClassVar[float] = 0.01
    refit_every: ClassVar[Cadence] = "year"

    def __init__(self, budget: Search | None = None) -> None:
        super().__init__()
        self.budget = budget or Search()
        self.share = 0.0
        self.found: SearchResult | None = None

    @classmethod
    def applies(cls, market: Market) -> bool:
        return market.automl.embedded is not None

    @classmethod
    def declared(cls, market: Market) -> Self:
        """An unfitted model with the market's search budget."""
        return cls(market.automl.embedded)

    def points(self, samples: Samples) -> np.ndarray:
        if self.found is None:
            return samples.curve
        moves = self.share * self.found.predict(samples)
        return samples.curve * np.exp(np.clip(moves, -BOLDEST, BOLDEST) * samples.volatility)

    def explain(self, samples: Samples) -> pd.DataFrame:
        """Contributions of the found learner, by driver: terms of a regression, or splits of trees."""
        curve = np.log(samples.curve / samples.last)
        if self.found is None:
            return pd.DataFrame({FORWARD_CURVE: curve})
        scale = self.share * samples.volatility
        constant, terms = self.found.terms(samples)
        moves = by_driver(self.found.names, terms * scale[:, None])
        moves[LONG_RUN] = constant * scale
        moves[CAUTION] = np.log(self.points(samples) / samples.curve) - moves.sum(axis=1)
        return moves.assign(**{FORWARD_CURVE: curve + moves.get(FORWARD_CURVE, 0.0)})

    def _learn(self, past: Samples) -> np.ndarray:
        tried = trial(past, ROWS)
        recent, returns, known = tried.recent, tried.returns, slice(0, tried.fitted)
        self.share, self.found = 0.0, None
        if not tried.enough or not recent.feature_names or np.ptp(returns[known]) < intervals.SMALLEST:
            return past.scaled_returns
        search = EmbeddedSearch(self.budget)
        found = search.searched(recent.rows(known), returns[known])
        believed = tried.shrinkage(found.predict(recent.rows(slice(-tried.held_out, None))))
        if believed.share:
            self.share, self.found = believed.share, found.again(recent, returns)
        return past.scaled_returns * believed.error_ratio

    def _state(self) -> dict[str, Any]:
        found = None if self.found is None else self.found.stored()
        return {"budget": self.budget.model_dump(), "share": self.share, "found": found}

    def _restore(self, stored: dict[str, Any]) -> None:
        self.budget = Search.model_validate(stored.pop("budget"))
        self.share, found = figure(stored.pop("share"), "share", 0, 1), stored.pop("found")
        self.found = None if found is None else SearchResult.restored(found)
        super()._restore(stored)
