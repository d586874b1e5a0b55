"""What is remembered in the lake between two scans of the drop folder: files seen, moved, and noted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.core.types import Declaration

if TYPE_CHECKING:
    from steel_assets.adapters.drop_box import DropBox


class SeenFile(Declaration):
    """A file at the top of the drop folder, as when it was first seen with its present size and time.

    Attributes:
        unfinished: what is missing at its end, in words; None if it ends as its kind should.
    """

    version: str
    sha256: str
    since: datetime
    unfinished: str | None = None


class HandledFile(Declaration):
    """A table that was processed: where it and its mapping are now, and its properties when it was read.

    Attributes:
        import_id: the import that was made of it; None if it failed.
        arrived: whether both files were seen at their new place; until then a process may have died between the two moves.
    """

    table: str
    mapping: str
    place: str
    table_now: str
    mapping_now: str
    mapping_sha256: str
    version: str
    sha256: str
    at: datetime
    import_id: str | None = None
    arrived: bool = False


class DropState(Declaration):
    """Everything that is remembered.

    Attributes:
        seen: files at the top, by name.
        moved: moved files that are checked for later changes, by ``place/name``.
        notes: the text about each file, by name.
        again: tables that were moved back because they changed, with the imports made of their former content.
    """

    seen: Mapping[str, SeenFile] = {}
    moved: Mapping[str, HandledFile] = {}
    notes: Mapping[str, str] = {}
    again: Mapping[str, str] = {}


def load(store: ObjectStore, drop_box: DropBox) -> DropState:
    """The stored state; empty if it cannot be read, so that every file must again be seen unchanged in two scans."""
    return read_kept(store, _key(drop_box), lambda said: DropState.model_validate_json(json.dumps(said))) or DropState()


def save(store: ObjectStore, drop_box: DropBox, state: DropState, before: DropState) -> None:
    """Store ``state``, if it differs from ``before``."""
    if state != before:
        store.put(_key(drop_box), state.model_dump_json(indent=1).encode())


def _key(drop_box: DropBox) -> str:
    """The key for this drop folder: machines that share a lake may have different drop folders."""
    return f"state/drop/{hashlib.sha256(drop_box.where.encode()).hexdigest()[:16]}.json"
