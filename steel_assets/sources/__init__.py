"""Where figures come from: one provider per file, found by its name; and files of your own.

A connector's file holds what it offers, ``fetch`` (bytes), ``parse`` (bytes → figures) and ``collect``, which puts the two
together; ``fred_api`` is the exemplar. What a row means, when it counts as published and whether it is news is decided here
once, for all. How to reach the network, where rows are stored and which series exist is not decided here.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import cast

from steel_assets.sources._contract import Access, Collection, Connector, Rejected, SourceError

__all__ = ["Access", "Collection", "Connector", "Rejected", "SourceError", "connector", "connectors"]


def connectors() -> list[str]:
    """The ids of all sources that can be asked: the files of this folder that offer ``collect``."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return [name for name in names if hasattr(import_module(f"{__name__}.{name}"), "collect")]


def connector(source_id: str) -> Connector:
    """The connector of a source.

    Raises:
        LookupError: no file of this folder offers it.
    """
    if source_id not in connectors():
        raise LookupError(
            f"source {source_id!r} has no connector; there are {', '.join(connectors())}. "
            f"Add steel_assets/sources/{source_id}.py with a function collect"
        )
    return cast(Connector, import_module(f"{__name__}.{source_id}"))
