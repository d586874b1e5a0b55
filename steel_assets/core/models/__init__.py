"""Model families: one file each, found by its place in this folder, all tested by the same conformance suite.

A family is a module with one class that implements ``_protocol.Model``. Files whose name starts with ``_`` are hidden.
"""

from __future__ import annotations

from functools import lru_cache

from steel_assets.core.models._calibrated import Calibrated
from steel_assets.core.models._protocol import Model, ModelError, PinnedFeatures
from steel_assets.core.open_sets import members, places
from steel_assets.core.types import Market

NAIVE = "naive"
"""The family that all others are compared with: the last price."""

__all__ = ["NAIVE", "Calibrated", "Model", "ModelError", "PinnedFeatures", "applicable", "load_model", "model_families"]


def model_families() -> dict[str, type[Model]]:
    """Every family by name, simplest first."""
    return _families_of(places(__name__))


@lru_cache(maxsize=8)
def _families_of(_: tuple[str, ...]) -> dict[str, type[Model]]:
    modules = members(__name__).values()
    families: list[type[Model]] = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "family")
    ]
    return {family.family: family for family in sorted(families, key=lambda family: (family.complexity, family.family))}


def applicable(market: Market) -> dict[str, type[Model]]:
    """The families that can forecast ``market``, simplest first.

    A family counts in trading days and applies to daily markets, unless its class sets ``frequencies``.
    """
    return {
        name: family
        for name, family in model_families().items()
        if market.frequency in getattr(family, "frequencies", ("daily",)) and family.applies(market)
    }


def load_model(family: str, content: bytes) -> Model:
    """The fitted model whose ``to_bytes`` returned ``content``.

    Raises:
        ModelError: there is no such family, or the content is not one of its models.
    """
    if family not in model_families():
        raise ModelError(f"there is no model family {family!r}; known are {', '.join(model_families())}")
    return model_families()[family].from_bytes(content)
