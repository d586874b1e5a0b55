"""Model families: one file each, found by its place in this folder, all tested by the same conformance suite.

A family is a module with one class that implements ``_protocol.Model``. Files whose name starts with ``_`` are hidden.
"""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType

from steel_assets.core.models._calibrated import Calibrated
from steel_assets.core.models._protocol import Model, ModelError, PinnedFeatures
from steel_assets.core.open_sets import PluginError, is_own, members, places
from steel_assets.core.types import Market

NAIVE = "naive"
"""The family that all others are compared with: the last price."""

PROMISED = (
    *("family", "complexity", "significance", "refit_every"),
    *("applies", "fit", "predict", "today", "explain", "to_bytes", "from_bytes"),
)
"""What the class of a family has (``_protocol.Model``)."""

__all__ = ["NAIVE", "Calibrated", "Model", "ModelError", "PinnedFeatures", "applicable", "load_model", "model_families"]


def model_families() -> dict[str, type[Model]]:
    """Every family by name, simplest first.

    Raises:
        PluginError: a file of one's own holds no family, one that lacks something, or one with the name of another.
    """
    return _families_of(places(__name__))


@lru_cache(maxsize=8)
def _families_of(_: tuple[str, ...]) -> dict[str, type[Model]]:
    found: dict[str, type[Model]] = {}
    files: dict[str, str | None] = {}
    for module in sorted(members(__name__).values(), key=is_own):  # where two have one name, it is the added one's to change
        for family in _families_in(module):
            if family.family in found:
                raise PluginError(
                    f"{module.__file__}: class {family.__name__}: family {family.family!r} is that of {files[family.family]} "
                    "already; choose another"
                )
            found[family.family], files[family.family] = family, module.__file__
    return dict(sorted(found.items(), key=lambda item: (item[1].complexity, item[0])))


def _families_in(module: ModuleType) -> list[type[Model]]:
    """The families of one file. Raises PluginError where it is one's own and something of one is missing."""
    classes = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    found = [kind for kind in classes if hasattr(kind, "family")]
    if not is_own(module):
        return found
    if not found:
        raise PluginError(
            f"{module.__file__}: no class in it says its family, for example family = 'mine'; where the file only serves others, "
            "let its name begin with _"
        )
    for kind in found:
        lacking = {part for part in PROMISED if not hasattr(kind, part)} | getattr(kind, "__abstractmethods__", frozenset())
        if lacking:
            raise PluginError(f"{module.__file__}: class {kind.__name__} lacks {', '.join(sorted(lacking))}")
    return found


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
