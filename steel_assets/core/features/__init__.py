"""What may explain the next move of a price, as declared families: one file each, found by its place in this folder.

A family is a module with one function, ``features(history) -> DataFrame`` with one row per origin. It reads
``history.known`` (and ``periods``) and may use rows up to its own only; columns it cannot know are NaN. Files whose name
starts with ``_`` are hidden. Columns are named ``<family>.<column>``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

import pandas as pd

from steel_assets.core.history import MarketHistory

Family = Callable[[MarketHistory], pd.DataFrame]


@lru_cache(maxsize=1)
def feature_families() -> dict[str, Family]:
    """Every declared family by name, in alphabetical order."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    return {name: import_module(f"{__name__}.{name}").features for name in names}


def build_features(history: MarketHistory) -> pd.DataFrame:
    """All families side by side, one row per origin."""
    tables = [family(history).add_prefix(f"{name}.") for name, family in feature_families().items()]
    return pd.concat(tables, axis=1)
