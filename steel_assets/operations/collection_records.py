"""Notes about collections in the lake, under ``state/``: the last one of each group, and providers that block us."""

import json
from collections.abc import Mapping

import pandas as pd

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.catalog import Source
from steel_assets.core.blocks import Block
from steel_assets.core.source_status import CollectionRecord, Settled
from steel_assets.operations.fresh import collection_key


def record(store: ObjectStore, source: Source, group: str) -> CollectionRecord | None:
    """How the last collection went; None if there was none, or its note was damaged (the lake's files suffice then)."""
    return read_kept(store, collection_key(source, group), CollectionRecord.from_json)


def note(
    store: ObjectStore,
    source: Source,
    group: str,
    moment: pd.Timestamp,
    requested: list[str],
    problems: Mapping[str, str],
    settled: Mapping[str, Settled],
) -> CollectionRecord:
    """Store how a collection went."""
    now = (record(store, source, group) or CollectionRecord(moment)).after(moment, requested, problems, settled)
    store.put(collection_key(source, group), json.dumps(now.to_json(), indent=1, ensure_ascii=False).encode())
    return now


def block(store: ObjectStore, source: Source) -> Block | None:
    """How a provider blocks us; None if it does not, or if the note was damaged (the provider is then asked)."""
    return read_kept(store, _block(source), Block.from_json)


def note_block(store: ObjectStore, source: Source, now: Block | None) -> None:
    """Store that a provider blocks us, or no longer does."""
    if now is not None:
        store.put(_block(source), json.dumps(now.to_json(), indent=1, ensure_ascii=False).encode())
    elif block(store, source) is not None:
        store.delete(_block(source))


def _block(source: Source) -> str:
    return f"state/blocks/{source.id}.json"
