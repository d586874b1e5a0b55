"""The files of raw observations as they lie in a store: one for each collection, older ones compacted into one per group.

What was read is kept for the life of the process by key and stamp, so that a run fetches each file once; a file that was written
again since is read again. Nothing depends on it: another process reads for itself. While others compact, a file that is listed
may be gone when it is fetched: then everything is listed again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from steel_assets.adapters.lake.compacted import PLACE, Compacted, Piece, compacted, copy_of, in_order
from steel_assets.adapters.lake.damaged import Damaged
from steel_assets.adapters.lake.parquet import Unreadable, table_from
from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore, ObjectStoreError
from steel_assets.core.tables import OBSERVATIONS

ASIDE = re.compile("^raw-data/[^/]+/(rejected|quarantine|imports)/")
"""What came and was not let in (``adapters/aside.py``), and the ledger of imports: no observations."""

READERS = 4
ATTEMPTS = 20
T = TypeVar("T")


class Vanished(ObjectStoreError):
    """A file that was listed is not there any more."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was listed and is gone, again and again; who else deletes files of this lake?")


@dataclass(frozen=True)
class View:
    """What lay under a prefix when it was listed.

    Attributes:
        listed: every key, observations or not, and its stamp.
        compacted: the compacted files, the newest first.
        single: the raw files that are in none of them.
    """

    listed: Mapping[str, str]
    compacted: tuple[Compacted, ...]
    single: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """Every raw file that was ever stored, compacted or not, in order."""
        return sorted({*self.single, *(key for found in self.compacted for key in found.piece.rows)})


class RawFiles:
    """The raw files of one store. Prefixes are ``raw-data/``, or a source's or a group's folder below it."""

    def __init__(self, store: ObjectStore, damaged: Damaged) -> None:
        self._store = store
        self._damaged = damaged
        self._kept: dict[str, tuple[str, pa.Table | Compacted]] = {}

    def consistently(self, read: Callable[[], T]) -> T:
        """``read``, again while what it has listed vanishes under it."""
        for _ in range(ATTEMPTS - 1):
            with suppress(Vanished):
                return read()
        return read()

    def view(self, prefix: str) -> View:
        """What lies under ``prefix`` now. Raises Vanished."""
        listed = dict(self._store.stamped(prefix))
        for key in [key for key in self._kept if key.startswith(prefix) and key not in listed]:
            self._kept.pop(key, None)
        raw = [key for key in listed if key.endswith(".parquet") and not ASIDE.search(key)]
        found = [one for key in raw if PLACE.fullmatch(key) and (one := self._compacted(key, listed[key])) is not None]
        newest_first = tuple(sorted(found, key=lambda compacted: compacted.order, reverse=True))
        inside = [compacted.piece.rows for compacted in newest_first]
        single = (key for key in raw if not PLACE.fullmatch(key) and not any(key in rows for rows in inside))
        return View(listed, newest_first, tuple(single))

    def tables(self, view: View, without: Collection[str] = (), instead: Sequence[str] = ()) -> list[pa.Table]:
        """The observations in the raw files of ``view``, in the order of their keys, then those ``instead``; none is empty.

        A file that is damaged is set aside and left out.

        Args:
            without: keys of files that do not count.

        Raises:
            Vanished: one of them is not there any more.
        """
        seen = set(without)
        pieces: list[Piece] = []
        for found in view.compacted:
            pieces += found.piece.without(seen)
            seen |= found.piece.rows.keys()
        single = [key for key in view.single if key not in seen]
        fetched = self.singles([*single, *instead], view.listed)
        pieces += [Piece(table, {key: table.num_rows}) for key in single if (table := fetched.get(key)) is not None]
        tables = [*in_order(pieces), *(fetched[key] for key in instead if key in fetched)]
        return [table for table in tables if table.num_rows]

    def one(self, key: str) -> pa.Table | None:
        """The observations of one raw file, compacted or not; None where it is not there, or was damaged and is set aside."""
        with suppress(Vanished):
            return self.singles([key], {}).get(key)
        group = "/".join(key.split("/")[:3])
        for found in self.consistently(lambda: self.view(f"{group}/compacted/")).compacted:
            if key in found.piece.rows:
                return dict(found.piece.each())[key]
        return None

    def reread(self, key: str) -> Compacted | None:
        """A compacted file as it lies in the store now; None where it is damaged, and its copy too. Raises Vanished."""
        self._kept.pop(key, None)
        return self._compacted(key, "")

    def singles(self, keys: Sequence[str], stamps: Mapping[str, str]) -> dict[str, pa.Table]:
        """Files by key, those that are damaged set aside and left out. Raises Vanished.

        Args:
            stamps: of a view; what was read under the same is not read again.
        """
        known = {key: kept for key in keys if (kept := self._known(key, stamps)) is not None}
        wanted = [key for key in keys if key not in known]
        if wanted:
            with ThreadPoolExecutor(READERS) as pool:
                for key, content in zip(wanted, pool.map(self._fetched, wanted), strict=True):
                    try:
                        table = table_from(content, OBSERVATIONS)
                    except Unreadable as error:
                        self._damaged.set_aside(key, content, str(error))
                        continue
                    known[key] = table
                    if key in stamps:
                        self._kept[key] = stamps[key], table
        return known

    def _known(self, key: str, stamps: Mapping[str, str]) -> pa.Table | None:
        stamp, found = self._kept.get(key, ("", None))
        return found if stamp and stamp == stamps.get(key) and isinstance(found, pa.Table) else None

    def _compacted(self, key: str, stamp: str) -> Compacted | None:
        """A compacted file; where it is damaged, its copy, which is put in its place; None where that is damaged too."""
        known, found = self._kept.get(key, ("", None))
        if stamp and known == stamp and isinstance(found, Compacted):
            return found
        content = self._fetched(key)
        try:
            found = compacted(key, content)
        except Unreadable as error:
            try:
                copy = self._store.get(copy_of(key))
                found = compacted(key, copy)
            except (ObjectNotFound, Unreadable):
                self._damaged.set_aside(key, content, str(error))
                return None
            self._damaged.keep(key, content, str(error))
            self._store.put(key, copy)
            return found
        if stamp:
            self._kept[key] = stamp, found
        return found

    def _fetched(self, key: str) -> bytes:
        try:
            return self._store.get(key)
        except ObjectNotFound as error:
            raise Vanished(key) from error
