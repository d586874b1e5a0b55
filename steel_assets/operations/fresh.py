"""Which providers may not be fresh, without reading observations; ``collecting.group_standing`` gives the exact status."""

from __future__ import annotations

from datetime import datetime

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.catalog import Catalog, Source
from steel_assets.core.group_freshness import Noted


def may_be_stale(catalog: Catalog, store: ObjectStore, source: Source, now: datetime) -> bool:
    """Whether a provider may have a group that is not FRESH at ``now``; False if it was never asked."""
    noted = {group: read_kept(store, collection_key(source, group), Noted.from_json) for group in source.groups}
    if not any(noted.values()):
        return any(key.endswith(".parquet") for key in store.list(f"raw-data/{source.folder}/"))
    asked = {group: [declared.id for declared in catalog.series_of(source.id, group)] for group in source.groups}
    return not all(not asked[group] or (entry is not None and entry.fresh(asked[group], now)) for group, entry in noted.items())


def collection_key(source: Source, group: str) -> str:
    """Key of the record about the last collection of a group."""
    return f"state/collections/{source.id}/{group}.json"
