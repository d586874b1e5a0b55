"""Compacts raw files: many small files of a group become one, so that reading does not slow down over the years.

First all rows are written again as one file (its copy before it), next to the originals; readers use either. The originals are
deleted at least ``GRACE`` later, when no reader uses an earlier listing, and each only if its rows equal those in the compacted
file, which is read again for that. So a process that dies at any point loses nothing, two concurrent compactions do no harm, and
the next one continues.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from steel_assets.adapters.lake.compacted import COPIES, Compacted, Piece, compacted, copy_of, written
from steel_assets.adapters.lake.lake import RAW, STAMP, Lake, LakeError, collected_at
from steel_assets.adapters.lake.parquet import Unreadable, table_from
from steel_assets.adapters.lake.raw_files import ASIDE, Vanished, View
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.tables import OBSERVATIONS

log = logging.getLogger("steel.compaction")

LEAST = 5
"""Number of files of past days that are compacted: about a trading week of one group."""

MOST = 1000
"""Largest number of files compacted at once; the rest of an old lake is left for the next call."""

GRACE = timedelta(hours=1)
CLOSED = timedelta(days=1)


@dataclass(frozen=True)
class Compaction:
    """The result of compacting.

    Attributes:
        compacted: raw files whose rows were written again as one.
        deleted: raw files, and older compacted ones, deleted because a compacted file contains them.
        remaining: whether anything is left for the next call.
    """

    compacted: int = 0
    deleted: int = 0
    remaining: bool = False


def compact(
    lake: Lake, now: datetime, *, least: int = LEAST, go_on: Callable[[], bool] = lambda: True, grace: timedelta = GRACE
) -> Compaction:
    """Compact every group of ``lake`` with ``least`` raw files of past days; delete what an earlier compaction replaced.

    Args:
        now: with a time zone.
        go_on: called before each step; when it returns False, the rest is left for the next call.

    Raises:
        LakeError: what was written differs from what was read; nothing was deleted.
        ObjectStoreError: the store failed; nothing is lost.
    """
    done, deleted = 0, 0
    for folder in _folders(lake):
        with suppress(Vanished):  # another process compacts the same group
            for key in _replaced(lake, folder, now, now - grace):
                lake.store.delete(key)
                deleted += 1
                if not go_on():
                    return Compaction(done, deleted, remaining=True)
            while taken := _compacted(lake, folder, now, least):
                done += taken
                if not go_on():
                    return Compaction(done, deleted, remaining=True)
    return Compaction(done, deleted)


def _folders(lake: Lake) -> list[str]:
    """The folders of groups with observations: ``raw-data/<source>/<group>/``."""
    keys = (key for key in lake.store.list(RAW) if key.endswith(".parquet") and not ASIDE.search(key))
    return sorted({"/".join(parts[:3]) + "/" for key in keys if len(parts := key.split("/")) > 3})


def _compacted(lake: Lake, folder: str, now: datetime, least: int) -> int:
    """Write the past days of one group as one file; return the number of raw files.

    Raises:
        Vanished: a file was deleted meanwhile.
    """
    view = lake.raw_storage.view(folder)
    closed = _closed(lake, folder, view, now)[:MOST]
    tables = lake.raw_storage.singles(closed, view.listed) if len(closed) >= least else {}
    if not tables:
        return 0
    pieces = [*_held(view), *(Piece(table, {key: table.num_rows}) for key, table in tables.items())]
    newest = max((collected_at(key) for piece in pieces for key in piece.rows), default="") or f"{now:{STAMP}}"
    key, content = written(folder, pieces, newest, now)
    for place in (copy_of(key), key):
        lake.store.put(place, content)
    if not _same(_read_anew(lake, key), pieces):
        lake.store.delete(key)
        raise LakeError(f"{lake.store.uri(key)} differed from what was read; it was deleted, and the original files are used")
    return len(tables)


def _closed(lake: Lake, folder: str, view: View, now: datetime) -> list[str]:
    """The raw files of past days that are not compacted yet.

    One with open damage is left alone: if it is restored, its presence shows that nothing is missing.
    """
    before = f"{now - CLOSED:{STAMP}}"
    closed = [key for key in view.single if collected_at(key) < before]
    damaged = {damage.key for damage in lake.damaged.all(folder) if damage.mended_at is None} if closed else set()
    return [key for key in closed if key not in damaged]


def _held(view: View) -> Iterator[Piece]:
    """What is compacted already, each raw file once."""
    seen: set[str] = set()
    for found in view.compacted:
        yield from found.piece.without(seen)
        seen |= found.piece.rows.keys()


def _same(found: Compacted, pieces: list[Piece]) -> bool:
    stored = dict(found.piece.each())
    wanted = {key: table for piece in pieces for key, table in piece.each()}
    return stored.keys() == wanted.keys() and all(stored[key].equals(table) for key, table in wanted.items())


def _replaced(lake: Lake, folder: str, now: datetime, before: datetime) -> Iterator[str]:
    """Files that the newest compacted file of a group from before then contains row by row, which can be deleted.

    Raises:
        Vanished: another process deleted one.
        LakeError: the compacted file, or its copy, is not what was written; nothing may be deleted.
    """
    view = lake.raw_storage.view(folder)
    found = next((compacted for compacted in view.compacted if compacted.made_at <= before), None)
    if found is None:
        return
    single = [key for key in found.piece.rows if key in view.listed]
    older = [compacted for compacted in view.compacted if compacted.order < found.order]
    if not single and not older:
        return
    stored = dict(_read_anew(lake, found.key).piece.each())
    for key in single:
        if _holds(lake, key, stored[key], found.key, now):
            yield key
    for entry in older:
        if entry.piece.rows.keys() <= stored.keys() and all(stored[key].equals(table) for key, table in entry.piece.each()):
            yield entry.key
    kept = {copy_of(compacted.key) for compacted in lake.raw_storage.view(folder).compacted}
    for copy in lake.store.list(f"{COPIES}{folder.removeprefix(RAW)}"):
        if copy not in kept and _of_a_former(lake, copy, before, stored.keys()):
            yield copy


def _holds(lake: Lake, key: str, table: pa.Table, place: str, now: datetime) -> bool:
    """Whether the raw file ``key`` equals ``table``. A damaged one is quarantined: ``place`` contains its rows."""
    content = _fetched(lake, key)
    try:
        same: bool = table_from(content, OBSERVATIONS).equals(table)
    except Unreadable as error:
        damage = lake.damaged.keep(key, content, str(error))
        lake.damaged.mend(damage, now, f"its rows are in {place}")
        return True
    if not same:
        log.warning("%s is not deleted: it does not hold what %s has of it", key, place)
    return same


def _of_a_former(lake: Lake, copy: str, before: datetime, stored: Collection[str]) -> bool:
    """Whether a copy without its file can be deleted: older than ``before`` with nothing but ``stored``, or unreadable."""
    try:
        found = compacted(f"{RAW}{copy.removeprefix(COPIES)}", _fetched(lake, copy))
    except Unreadable:
        return True
    return found.made_at <= before and found.piece.rows.keys() <= set(stored)


def _read_anew(lake: Lake, key: str) -> Compacted:
    """A compacted file as stored, with an identical copy. Raises Vanished, LakeError."""
    found = lake.raw_storage.reread(key)
    if found is None:
        raise LakeError(f"{lake.store.uri(key)} is damaged; nothing was deleted, and its rows are read from the files beside it")
    content = _fetched(lake, key)
    try:
        same = lake.store.get(copy_of(key)) == content
    except ObjectNotFound:
        same = False
    if not same:
        lake.store.put(copy_of(key), content)
    return found


def _fetched(lake: Lake, key: str) -> bytes:
    try:
        return lake.store.get(key)
    except ObjectNotFound as error:
        raise Vanished(key) from error
