"""The files of raw observations in a store: one per collection, older ones compacted into one per group.

Files that were read are kept in memory by key and stamp, so that a run fetches each once; a file that was written again since is
read again. If another process compacts meanwhile, a listed file may be gone when it is fetched: then everything is listed again.
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
"""Keys that are not observations: rejected and quarantined data, and the ledger of imports."""

READERS = 4
ATTEMPTS = 20
T = TypeVar("T")


class Vanished(ObjectStoreError):
    """A listed file does not exist any more."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was listed and is gone, again and again; who else deletes files of this lake?")


@dataclass(frozen=True)
class View:
    """A listing of a prefix.

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
        """The result of ``read``, repeated if a file that it listed was deleted meanwhile."""
        for _ in range(ATTEMPTS - 1):
            with suppress(Vanished):
                return read()
        return read()

    def view(self, prefix: str) -> View:
        """A listing of ``prefix``.

        Raises:
            Vanished: a file was deleted meanwhile.
        """
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
        """The observations in the raw files of ``view``, in the order of their keys, then those of ``instead``; none is empty.

        A damaged file is quarantined and left out.

        Args:
            without: keys of files that are not used.

        Raises:
            Vanished: one of them was deleted meanwhile.
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
        """The observations of one raw file, compacted or not; None if it does not exist, or is damaged (then quarantined)."""
        with suppress(Vanished):
            return self.singles([key], {}).get(key)
        group = "/".join(key.split("/")[:3])
        for found in self.consistently(lambda: self.view(f"{group}/compacted/")).compacted:
            if key in found.piece.rows:
                return dict(found.piece.each())[key]
        return None

    def reread(self, key: str) -> Compacted | None:
        """A compacted file as stored now; None if it and its copy are damaged.

        Raises:
            Vanished: it was deleted meanwhile.
        """
        self._kept.pop(key, None)
        return self._compacted(key, "")

    def singles(self, keys: Sequence[str], stamps: Mapping[str, str]) -> dict[str, pa.Table]:
        """Files by key; damaged ones are quarantined and left out.

        Args:
            stamps: of a view; a file with the same stamp is not read again.

        Raises:
            Vanished: one was deleted meanwhile.
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
        """A compacted file; if it is damaged its copy, which replaces it; None if that is damaged too."""
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
