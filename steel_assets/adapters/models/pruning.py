"""Which former production models are given up, and what that leaves to delete.

The pointer remembers what was given up before the first file goes: a process that dies in between leaves files that the next
pruning deletes, and no rollback finds a version that is half deleted.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import pairwise

from steel_assets.adapters.models.files import MANIFEST, ModelNotFound
from steel_assets.adapters.models.pointer import ChampionPointer
from steel_assets.adapters.objects.object_store import ObjectStore


def outdated(pointer: ChampionPointer, versions: int, since: datetime) -> list[str]:
    """The versions to give up: not among the newest ``versions``, and not in force at any moment after ``since``."""
    newest = list(dict.fromkeys(switch.version for switch in reversed(pointer.switches)))[:versions]
    recent = {switch.version for switch, successor in pairwise(pointer.switches) if successor.since > since}
    kept = {*newest, *recent, pointer.version, *pointer.pruned}
    return sorted({switch.version for switch in pointer.switches} - kept)


def sweep(store: ObjectStore, root: str, versions: Collection[str]) -> None:
    """Delete what lies under ``root`` of ``versions``, manifests first: without its manifest there is no version."""
    keys = [key for key in store.list(root) if key.removeprefix(root).partition("/")[0] in versions]
    for key in sorted(keys, key=lambda key: (not key.endswith(f"/{MANIFEST}"), key)):
        store.delete(key)


def refuse_pruned(pointer: ChampionPointer, version: str) -> None:
    """Raises ModelNotFound where ``version`` was given up."""
    if version in pointer.pruned:
        raise ModelNotFound(
            f"market {pointer.market}, horizon {pointer.horizon}: version {version} was pruned: only the newest and those of the "
            "last months are kept (model_backups in rules.yaml)"
        )
