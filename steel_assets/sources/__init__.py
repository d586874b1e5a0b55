"""Providers of figures, one connector per file, found by its name; and the reading of files of your own.

A connector's file holds what it offers, ``fetch`` (bytes), ``parse`` (bytes → figures) and ``collect``, which puts the two
together; ``fred_api`` is the exemplar. What a row means, when it counts as published and whether it is news is decided here
once, for all. How to reach the network, where rows are stored and which series exist is not decided here. What a connector is
written with is offered by this package; its ``_…`` modules are its own.
"""

from __future__ import annotations

from types import ModuleType
from typing import cast

from steel_assets.core.open_sets import members
from steel_assets.sources._connector import Access, Collection, Connector, Rejected, SourceError
from steel_assets.sources._days import Written, days
from steel_assets.sources._figures import numbers
from steel_assets.sources._gather import Gathering
from steel_assets.sources._history import first_day
from steel_assets.sources._refusals import accepted

__all__ = [
    "Access",
    "Collection",
    "Connector",
    "Gathering",
    "Rejected",
    "SourceError",
    "Written",
    "accepted",
    "connector",
    "connectors",
    "days",
    "first_day",
    "numbers",
]


def connectors() -> list[str]:
    """The ids of all sources that can be asked: the files of this folder, and of one's own, that offer ``collect``."""
    return list(_connectors())


def connector(source_id: str) -> Connector:
    """The connector of a source.

    Raises:
        LookupError: no file of this folder offers it.
    """
    found = _connectors()
    if source_id not in found:
        raise LookupError(
            f"source {source_id!r} has no connector; there are {', '.join(found)}. "
            f"Add sources/{source_id}.py with a function collect"
        )
    return cast(Connector, found[source_id])


def _connectors() -> dict[str, ModuleType]:
    return {name: module for name, module in members(__name__, "collect").items() if hasattr(module, "collect")}
