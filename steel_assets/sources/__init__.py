"""Where figures come from: one provider per file, found by its name; and files of your own.

A connector's file holds what it offers, ``fetch`` (bytes), ``parse`` (bytes → figures) and ``collect``, which puts the two
together; ``fred_api`` is the exemplar. What a row means, when it counts as published and whether it is news is decided here
once, for all. How to reach the network, where rows are stored and which series exist is not decided here.
"""

from __future__ import annotations

from typing import cast

from steel_assets.core.open_sets import members
from steel_assets.sources._contract import Access, Collection, Connector, Rejected, SourceError

__all__ = ["Access", "Collection", "Connector", "Rejected", "SourceError", "connector", "connectors"]


def connectors() -> list[str]:
    """The ids of all sources that can be asked: the files of this folder, and of one's own, that offer ``collect``."""
    return [name for name, module in members(__name__).items() if hasattr(module, "collect")]


def connector(source_id: str) -> Connector:
    """The connector of a source.

    Raises:
        LookupError: no file of this folder offers it.
    """
    found = {name: module for name, module in members(__name__).items() if hasattr(module, "collect")}
    if source_id not in found:
        raise LookupError(
            f"source {source_id!r} has no connector; there are {', '.join(found)}. "
            f"Add sources/{source_id}.py with a function collect"
        )
    return cast(Connector, found[source_id])
