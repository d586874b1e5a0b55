"""The layout of the lake in an object store: append-only raw observations, and frames written as a whole.

Layout: ``raw-data/<source>/<group>/<year>/…parquet``, ``processed-data/{daily,weekly,monthly}/…``,
``models/{production,staging,backups}/…``, ``predictions/{daily,validation}/…``. Older raw files are compacted (``raw_files``). A
file ``lake.json`` says whether the lake holds simulated or real data; the two are never mixed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from steel_assets.adapters.lake.damaged import UNREADABLE, Damaged, plain_json, why_not
from steel_assets.adapters.lake.nature import MARK as MARK
from steel_assets.adapters.lake.nature import marked
from steel_assets.adapters.lake.parquet import from_parquet, to_parquet
from steel_assets.adapters.lake.raw_files import ASIDE as ASIDE
from steel_assets.adapters.lake.raw_files import RawFiles, View
from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.imports import Rewriting, in_effect
from steel_assets.core.problem import Problem
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import OBSERVATIONS

RAW = "raw-data/"
IMPORTS = "raw-data/file-import/"
REWRITTEN = re.compile(r"^raw-data/[^/]+/imports/rewritten/.*\.json$")
"""Records of which files are read instead of what withdrawn imports stored (``core.imports.Rewriting``)."""


STAMP = "%Y-%m-%dT%H%M%S"
COLLECTED = re.compile(r"/(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)Z-[^/]*\.parquet$")


class LakeError(Problem):
    """The lake refuses an operation; the message says why and what to do."""


class DamagedFile(LakeError, ValueError):
    """A file is not what was written there. The message names it.

    Attributes:
        key, content: of the file.
        why: what is wrong with it.
    """

    def __init__(self, key: str, content: bytes, why: str) -> None:
        super().__init__(f"{key} is damaged: {why}")
        self.key, self.content, self.why = key, content, why


class Lake:
    """Frames in an object store."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    @cached_property
    def damaged(self) -> Damaged:
        """The quarantine of this lake's damaged files."""
        return Damaged(self.store)

    @cached_property
    def raw_storage(self) -> RawFiles:
        """The files of raw observations, single and compacted."""
        return RawFiles(self.store, self.damaged)

    @property
    def simulated(self) -> bool | None:
        """Whether this lake holds simulated data; None while it is empty. The first rows determine it for ever.

        A damaged ``lake.json`` is quarantined and written again from the rows.
        """
        mark = marked(self.store)
        if mark is not None or not self.damaged.open(MARK):
            return mark
        natures = self.observations()["simulated"].unique()
        if len(natures) > 1:
            raise LakeError(f"{self.store.uri(MARK)} was damaged, and rows of both kinds are stored; restore it from a copy")
        return self._mark(bool(natures[0])) if len(natures) else None

    def append_observations(self, observations: pd.DataFrame, folder: str, group: str) -> str | None:
        """Store one collection as one new immutable file; the file's key, or None when there is nothing to store.

        Args:
            observations: rows of one source and one ``collected_at``, as ``tables.OBSERVATIONS`` declares them.
            folder: the source's folder, for example ``fred-api``.
            group: endpoint group, for example ``inflation_data``.

        Raises:
            LakeError: simulated rows for a real lake, or real rows for a simulated one, or both at once.
            TableError: the rows do not fit the table.
        """
        if observations.empty:
            return None
        key, content = self.prepared(observations, folder, group)
        self.store.put(key, content)
        return key

    def prepared(self, observations: pd.DataFrame, folder: str, group: str) -> tuple[str, bytes]:
        """The key and content that ``append_observations`` would write for rows (at least one). Raises the same."""
        rows = OBSERVATIONS.enforce(observations).sort_values(["series", "period", "published_at"], kind="stable")
        self._claim(rows["simulated"])
        content = to_parquet(rows)
        collected = rows["collected_at"].iloc[0]
        name = f"{collected:%Y-%m-%dT%H%M%SZ}-{hashlib.sha256(content).hexdigest()[:12]}.parquet"
        return f"{RAW}{folder}/{group}/{collected:%Y}/{name}", content

    def raw_files(self, prefix: str = RAW) -> list[str]:
        """Keys of the files of observations ever stored under ``prefix`` (all, a source's or a group's folder).

        Withdrawn and compacted ones are included; the latter no longer exist under these keys, and ``raw`` reads them.
        """
        return self.raw_storage.consistently(lambda: self.raw_storage.view(prefix).keys)

    def files(self, prefix: str = RAW) -> list[str]:
        """Keys of the files of observations in use: withdrawn ones are left out, or replaced by what is read instead."""
        view = self.raw_storage.consistently(lambda: self.raw_storage.view(prefix))
        instead, _ = in_effect(self._rewritings(view))
        return [key for key in view.keys if key not in instead] + [key for key in instead.values() if key is not None]

    def rewritings(self) -> list[Rewriting]:
        """The rewritings of imports, in order of time.

        Raises:
            LakeError: one is damaged and has no copy.
        """
        return self.raw_storage.consistently(lambda: self._rewritings(self.raw_storage.view(IMPORTS)))

    def _rewritings(self, view: View) -> list[Rewriting]:
        found = []
        for key in (key for key in view.listed if REWRITTEN.search(key)):
            one = self._rewriting(key)
            if one.counts_with is None or one.counts_with in view.keys:
                found.append(one)
        return sorted(found, key=lambda rewriting: rewriting.at)

    def _rewriting(self, key: str) -> Rewriting:
        """One rewriting; if it is damaged its copy, which replaces it.

        Raises:
            LakeError: both are damaged.
        """
        content = self.store.get(key)
        try:
            return Rewriting.model_validate_json(json.dumps(plain_json(content)))
        except (ValueError, RecursionError) as error:
            try:
                copy = self.store.get(copy_of(key))
                one = Rewriting.model_validate_json(copy)
            except (ObjectNotFound, ValidationError):
                raise LakeError(
                    f"{self.store.uri(key)} is damaged: it says which imports were withdrawn, and without it they would count "
                    "again. Restore it from a copy of the lake, or delete it and withdraw again (`steel imports list`)"
                ) from error
            self.damaged.keep(key, content, why_not(error))
            self.store.put(key, copy)
            return one

    def observations(self, series: Iterable[str] | None = None) -> pd.DataFrame:
        """All observations ever stored, all vintages, without withdrawn ones; only of ``series`` if given.

        A damaged file is quarantined and loses only its own rows (``adapters/lake/damaged.py``).
        """
        tables = self.raw_storage.consistently(self._counting)
        if series is not None:
            wanted = pa.array(sorted(set(series)), pa.string())
            tables = [table.filter(pc.is_in(table["series"], value_set=wanted)) for table in tables]
        if not tables:
            return OBSERVATIONS.empty()
        frame = pa.concat_tables(tables).to_pandas(use_threads=False)
        return OBSERVATIONS.enforce(frame.drop_duplicates(list(OBSERVATIONS.key)))

    def _counting(self) -> list[pa.Table]:
        """The observations in use, in the order of the keys of their files."""
        view = self.raw_storage.view(RAW)
        instead, _ = in_effect(self._rewritings(view))
        return self.raw_storage.tables(view, instead.keys(), [key for key in instead.values() if key and key in view.listed])

    def raw(self, key: str) -> pd.DataFrame | None:
        """The observations in one file; None if it does not exist, or is damaged (and then quarantined)."""
        found = self.raw_storage.one(key)
        return None if found is None else OBSERVATIONS.enforce(found.to_pandas(use_threads=False))

    def write(self, key: str, frame: pd.DataFrame, table: Table | None = None) -> str:
        """Write ``frame`` as a whole under ``key``, after ``table.enforce`` if given; return its address."""
        self.store.put(key, to_parquet(table.enforce(frame) if table else frame))
        return self.store.uri(key)

    def read(self, key: str, check: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> pd.DataFrame:
        """The frame under ``key``.

        Args:
            check: validates it, for example ``MARKET_DAILY.enforce``; an exception means that the file is damaged.

        Raises:
            ObjectNotFound: there is none.
            DamagedFile: it is not a frame, or has another form.
        """
        content = self.store.get(key)
        try:
            frame = from_parquet(content)
            return check(frame) if check else frame
        except UNREADABLE as error:
            raise DamagedFile(key, content, str(error)) from error

    def set_aside(self, found: DamagedFile) -> None:
        """Move a damaged file, whose content can be computed again, to quarantine."""
        self.damaged.set_aside(found.key, found.content, found.why)

    def _mark(self, nature: bool) -> bool | None:
        """Set the nature of the lake's data unless it is set; return what is set."""
        try:
            self.store.put_if(MARK, json.dumps({"simulated": nature}).encode(), None)
        except Conflict:
            return self.simulated
        return nature

    def _claim(self, flags: pd.Series) -> None:
        """Check that the ``simulated`` flags of new rows fit the lake; the first rows set its nature."""
        nature = self.simulated
        if nature is None and flags.nunique() == 1:
            nature = self._mark(bool(flags.iloc[0]))
        if nature is None or bool((flags != nature).any()):
            holds = {True: "holds simulated data", False: "holds real data", None: "is empty"}[nature]
            raise LakeError(
                f"simulated and real data never share a lake: {self.store.uri('raw-data')} {holds}, these rows are "
                f"{'simulated' if flags.all() else 'real' if not flags.any() else 'both'}. Name another folder in STEEL_HOME "
                "(or STEEL_LAKE) for them."
            )


def collected_at(key: str) -> str:
    """The time of collection in the name of a file of observations (2026-11-20T080000); empty if there is none."""
    named = COLLECTED.search(key)
    if named is None:
        return ""
    try:
        datetime.fromisoformat(named.group(1))  # whether it is a moment
    except ValueError:
        return ""
    return named.group(1)


def copy_of(key: str) -> str:
    """The key of a rewriting's copy, which is used if it is damaged."""
    return key.replace("/rewritten/", "/rewritten-copies/")
