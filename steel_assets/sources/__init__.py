"""Connectors to providers, one per file, found by the file's name; and the reading of users' files.

A connector's file defines ``fetch`` (returns bytes), ``parse`` (bytes → values) and ``collect``, which combines them; copy
``fred_api`` to write one. The meaning of a row, its publication time and whether it is new are decided in this package for all.
Network access, storage and the list of series are not its concern. This package exports what a connector needs; its ``_…``
modules are private.
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
    """The ids of all sources with a connector: the files of this folder and of the plugin folders that define ``collect``."""
    return list(_connectors())


def connector(source_id: str) -> Connector:
    """The connector of a source.

    Raises:
        LookupError: no file defines it.
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
