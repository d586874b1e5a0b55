"""The interface of AutoML services: given labelled rows, they search for a model and predict other rows.

There are two implementations: ``core/models/_search.py`` on this machine, ``adapters/google/vertex.py`` at Google for money.
Their predictions are used by an ordinary model family, with shrinkage, intervals and acceptance tests (``core/models``).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from steel_assets.core.problem import Problem
from steel_assets.core.samples import Samples


class AutoMLError(Problem):
    """The search failed or was refused; the message says why and what to do."""


class AutoMLService(Protocol):
    """Searches features, learners and their parameters on labelled rows."""

    def cost_usd(self, searches: int, rows: int) -> float:
        """Estimated cost in USD of the searches, and of predicting ``rows`` rows in all; rather too high than too low."""

    def predict(self, past: Samples, rows: Samples) -> np.ndarray:
        """The expected return of each row of ``rows`` beyond its curve, in units of its volatility; finite.

        Args:
            past: labelled rows, all known before the first row of ``rows``; the only training data.
            rows: rows of the same features, without labels.

        Raises:
            AutoMLError: there are too few rows, or the search failed.
        """
