"""The port of AutoML: whoever is given rows with their returns looks for a model by itself, and answers other rows.

Two implementations: ``core/models/_search.py`` on this machine, ``adapters/google/vertex.py`` at Google for money. Whatever they
answer is an ordinary family afterwards, with its share believed, its intervals and its gate (``core/models``).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from steel_assets.core.problem import Problem
from steel_assets.core.samples import Samples


class AutoMLError(Problem):
    """Nothing was searched, or it came to nothing; the message says why and what to do."""


class AutoMLService(Protocol):
    """Searches features, learners and their parameters on labelled rows."""

    def cost_usd(self, searches: int, rows: int) -> float:
        """An estimate of what so many searches cost, and the answers to ``rows`` in all: rather too much than too little."""

    def predict(self, past: Samples, rows: Samples) -> np.ndarray:
        """The return expected of each row of ``rows`` beyond its curve, in units of its volatility; finite.

        Args:
            past: labelled rows, all known before the first row of ``rows`` was; nothing else is learned from.
            rows: rows of the same features, without labels.

        Raises:
            AutoMLError: there are too few rows, or the search failed.
        """
