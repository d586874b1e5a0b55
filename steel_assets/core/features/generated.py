"""Generated features have no columns here, since each model that uses some computes exactly those.

The operators are in ``_pool.py``; ``core/models/generated_ridge.py`` selects among them at each fit.
"""

from __future__ import annotations

import pandas as pd

from steel_assets.core.features._pool import driver_of_generated
from steel_assets.core.history import MarketHistory


def features(history: MarketHistory) -> pd.DataFrame:
    """No columns."""
    return pd.DataFrame(index=history.origins)


def driver(column: str) -> str:
    return driver_of_generated(column)
