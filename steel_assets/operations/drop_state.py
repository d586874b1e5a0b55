"""What is remembered between two scans of the drop folder, in the lake: what was seen, moved and said."""

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
    """A file at the top as it was when it was first seen so.

    Attributes:
        unfinished: what is missing at its end, in words; None where it ends as its kind does.
    """

    version: str
    sha256: str
    since: datetime
    unfinished: str | None = None


class HandledFile(Declaration):
    """A table that was dealt with: where it and its mapping are now, and what it was when it was read.

    Attributes:
        import_id: the import that was made of it; None where it failed.
        arrived: both files were seen to be there; until then a process may have died between the two moves.
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
    """All of it.

    Attributes:
        seen: files at the top, by name.
        moved: files that are watched for a writer who was not done, by ``place/name``.
        notes: what was said about what lies there, by name.
        again: tables that were brought back because they changed, with the imports made of what they were.
    """

    seen: Mapping[str, SeenFile] = {}
    moved: Mapping[str, HandledFile] = {}
    notes: Mapping[str, str] = {}
    again: Mapping[str, str] = {}


def load(store: ObjectStore, drop_box: DropBox) -> DropState:
    """What was remembered last. Where it cannot be read, nothing: every file is then looked at twice again."""
    return read_kept(store, _key(drop_box), lambda said: DropState.model_validate_json(json.dumps(said))) or DropState()


def save(store: ObjectStore, drop_box: DropBox, state: DropState, before: DropState) -> None:
    """Remember ``state``, where it differs from ``before``."""
    if state != before:
        store.put(_key(drop_box), state.model_dump_json(indent=1).encode())


def _key(drop_box: DropBox) -> str:
    """One for each place: machines that share a lake may each have a drop folder."""
    return f"state/drop/{hashlib.sha256(drop_box.where.encode()).hexdigest()[:16]}.json"
