"""Feature families: inputs that may explain the next move of a price. One file each, found by its place in this folder.

A family is a module with two functions. ``features(history) -> DataFrame`` returns one row per origin; it reads ``history.known``
(and ``periods``) and may use only rows up to the origin's own; values it cannot know are NaN. ``driver(column) -> str`` names the
cause behind a column as a buyer would: the id of a series, or a word such as ``own_price``. Files whose name starts with ``_``
are hidden. Columns are named ``<family>.<column>``.

A family counts in trading days and applies to daily markets, unless its module sets ``FREQUENCIES`` to the market frequencies
that it applies to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import ModuleType

import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.open_sets import PluginError, is_own, members, places

Family = Callable[[MarketHistory], pd.DataFrame]


def feature_families() -> dict[str, Family]:
    """Every declared family by name, in alphabetical order."""
    return {name: module.features for name, module in _modules().items()}


def build_features(history: MarketHistory) -> pd.DataFrame:
    """All families for the market's frequency side by side, one row per origin.

    Raises:
        PluginError: a user's family raised, or returned no frame of the origins.
    """
    tables = [
        _table(module, history).add_prefix(f"{name}.")
        for name, module in _modules().items()
        if history.market.frequency in getattr(module, "FREQUENCIES", ("daily",))
    ]
    return pd.concat(tables, axis=1)


def driver_of(feature: str) -> str:
    """The driver behind ``feature`` (``<family>.<column>``), by which forecasts are explained.

    Raises:
        KeyError: there is no such family.
    """
    family, _, column = feature.partition(".")
    return str(_modules()[family].driver(column))


def _table(module: ModuleType, history: MarketHistory) -> pd.DataFrame:
    """What one family says; one of one's own is held to its promise, and named where it breaks it."""
    if not is_own(module):
        found: pd.DataFrame = module.features(history)
        return found
    where = f"{module.__file__}: features() of market {history.market.id}"
    try:
        found = module.features(history)
    except Exception as error:
        raise PluginError(f"{where} raised {type(error).__name__}: {error}") from error
    if not isinstance(found, pd.DataFrame) or not found.index.equals(history.origins):
        raise PluginError(f"{where} must return a DataFrame with history.origins as its index, one row per origin")
    return found


def _modules() -> dict[str, ModuleType]:
    return _modules_of(places(__name__))


@lru_cache(maxsize=8)
def _modules_of(_: tuple[str, ...]) -> dict[str, ModuleType]:
    return members(__name__, "features", "driver")
