"""Asks one provider for new data of one group: waits for its lock, observes its blocks, and loads what is known."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from steel_assets.adapters.http.cached import CachedHttp
from steel_assets.adapters.lake.damaged import Damage
from steel_assets.adapters.lake.lake import RAW, Lake
from steel_assets.adapters.machine.disk import make_folder
from steel_assets.catalog import Catalog, Source
from steel_assets.core.blocks import blocked_again
from steel_assets.operations.collection_records import block, note_block, record
from steel_assets.operations.restating import with_whole_histories
from steel_assets.providers import Providers
from steel_assets.sources import Collection

LONGEST_TURN_SECONDS = 900.0
"""Seconds to wait for the lock; at 5 calls a minute a provider's whole daily quota takes a third of this."""


@dataclass(frozen=True)
class GroupResponse:
    """A provider's answer about one group.

    Attributes:
        known: observations of the group's series that were stored before, all vintages.
        http: the HTTP client that was used, which may keep the answers.
        lost: files of the group that were found damaged; because of them the whole history was requested.
    """

    collection: Collection
    known: pd.DataFrame
    http: CachedHttp
    lost: tuple[Damage, ...] = ()


def ask(
    catalog: Catalog,
    lake: Lake,
    providers: Providers,
    home: Path,
    source: Source,
    group: str,
    moment: pd.Timestamp,
    since: pd.Timestamp | None = None,
) -> GroupResponse:
    """Ask ``source`` for new data of ``group``, or for the whole history if a file of the group is damaged.

    The content of a damaged file is not known, so everything is requested; only values that are missing are stored again.

    Args:
        since: ask again for everything from this day on, even if the provider has blocked us.
    """
    series = catalog.series_of(source.id, group)
    ids = [declared.id for declared in series]
    known = lake.observations(ids)
    lost = tuple(lake.damaged.open(f"{RAW}{source.folder}/{group}/"))
    whole = moment.tz_localize(None).normalize() - pd.DateOffset(years=providers.history_years)
    again = whole if lost and since is None else since
    http = providers.way_out(source, moment, since)
    noted = record(lake.store, source, group)
    shut = block(lake.store, source)
    if shut is not None and since is None and moment < shut.until:
        return GroupResponse(Collection.of_a_silent_provider(series, str(shut)), known, http)
    lock = home / "turns" / f"{source.id}.lock"
    make_folder(lock.parent)
    try:
        with FileLock(lock, timeout=LONGEST_TURN_SECONDS):
            collection = providers.collect(source, series, moment, known, http, again, noted.settled if noted else None)
            collection = with_whole_histories(lake, providers, source, series, known, collection, moment)
    except Timeout:
        collection = Collection.of_a_silent_provider(
            series, f"another process has been asking {source.name} for a long time ({lock})"
        )
    if collection.blocked:
        note_block(lake.store, source, blocked_again(shut, moment, collection.blocked, collection.retry_after))
    elif shut is not None and len(collection.problems) < len(series):
        note_block(lake.store, source, None)
    return GroupResponse(collection, known, http, lost)
