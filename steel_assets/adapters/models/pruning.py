"""Deletes former production models.

The pointer notes a deletion before the first file is deleted: after a crash, the next pruning deletes the remaining files, and no
rollback returns to a partly deleted version.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import pairwise

from steel_assets.adapters.models.files import MANIFEST, ModelNotFound
from steel_assets.adapters.models.pointer import ChampionPointer
from steel_assets.adapters.objects.object_store import ObjectStore


def outdated(pointer: ChampionPointer, versions: int, since: datetime) -> list[str]:
    """The versions to delete: not among the newest ``versions``, and not in force at any moment after ``since``."""
    newest = list(dict.fromkeys(switch.version for switch in reversed(pointer.switches)))[:versions]
    recent = {switch.version for switch, successor in pairwise(pointer.switches) if successor.since > since}
    kept = {*newest, *recent, pointer.version, *pointer.pruned}
    return sorted({switch.version for switch in pointer.switches} - kept)


def sweep(store: ObjectStore, root: str, versions: Collection[str]) -> None:
    """Delete files of ``versions`` under ``root``, manifests first, since a version without manifest does not exist."""
    keys = [key for key in store.list(root) if key.removeprefix(root).partition("/")[0] in versions]
    for key in sorted(keys, key=lambda key: (not key.endswith(f"/{MANIFEST}"), key)):
        store.delete(key)


def refuse_pruned(pointer: ChampionPointer, version: str) -> None:
    """Refuse a version that was deleted.

    Raises:
        ModelNotFound: ``version`` was deleted.
    """
    if version in pointer.pruned:
        raise ModelNotFound(
            f"market {pointer.market}, horizon {pointer.horizon}: version {version} was pruned: only the newest and those of the "
            "last months are kept (model_backups in rules.yaml)"
        )
