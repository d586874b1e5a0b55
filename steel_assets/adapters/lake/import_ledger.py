"""The ledger of imports in the lake: a record per file, its claims, and what is read instead of withdrawn rows.

Layout, all append-only: ``raw-data/file-import/imports/{records,claims,instead,rewritten}/…``; the rows are in
``raw-data/file-import/files/<year>/…`` like other observations. The raw file is written last: an import without its raw file does
not exist, so a process killed at any point leaves nothing half done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.lake.lake import DamagedFile, Lake, LakeError, copy_of
from steel_assets.adapters.lake.parquet import to_parquet
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.imports import CLAIMS, SOURCE, Import, ImportedSeries, Rewriting, Tainted, tainted
from steel_assets.core.tables import OBSERVATIONS

FOLDER = "file-import"
GROUP = "files"
PLACE = f"raw-data/{FOLDER}/imports"
RAW_FILES = f"raw-data/{FOLDER}/"
READERS = 8


class ImportLedger:
    """All imports of one lake."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._read: dict[str, Import | None] = {}

    def imports(self) -> dict[str, Import]:
        """Every import by its id, oldest first, with withdrawn ones; those from before the ledger by their raw files."""
        store = self.lake.store
        raw = self.lake.raw_files(RAW_FILES)
        records = [key for key in store.list(f"{PLACE}/records/") if key.endswith(".json")]
        with ThreadPoolExecutor(READERS) as pool:
            for key, record in zip(
                fresh := [k for k in records if k not in self._read], pool.map(self._record, fresh), strict=True
            ):
                self._read[key] = record
            there = set(raw)
            known = [one for key in records if (one := self._read[key]) and (one.raw_file is None or one.raw_file in there)]
            recorded = {imported.raw_file for imported in known}
            for key, record in zip(
                fresh := [k for k in raw if k not in recorded and k not in self._read], pool.map(self._untold, fresh), strict=True
            ):
                self._read[key] = record
        old = [one for key in raw if key not in recorded and (one := self._read[key])]
        return {
            known_import.id: known_import
            for known_import in sorted([*old, *known], key=lambda imported: (imported.at, imported.id))
        }

    def taints(self) -> list[Tainted]:
        """Every import that was in use for a while and is withdrawn."""
        rewritings = self.lake.rewritings()
        return tainted(self.imports(), rewritings) if rewritings else []

    def claims(self, entry: Import) -> pd.DataFrame:
        """The claims of an import: rows of ``CLAIMS``. Without a record, or if they are damaged, what it stored.

        Raises:
            LakeError: that is damaged too.
        """
        if entry.claims is not None:
            try:
                return self.lake.read(entry.claims, CLAIMS.enforce)
            except DamagedFile as error:
                self.lake.set_aside(error)
            except ObjectNotFound:
                pass  # it was damaged before
        if entry.raw_file is None:
            return CLAIMS.empty()
        rows = self.lake.raw(entry.raw_file)
        if rows is None:
            raise LakeError(f"{entry.raw_file}, what import {entry.id} stored, was damaged; import {entry.file or 'it'} again")
        rows = rows[rows["source"] == SOURCE].drop_duplicates(["series", "period"], keep="last")
        return CLAIMS.enforce(rows[CLAIMS.column_names])

    def without_rows(self) -> dict[str, Import]:
        """Raw file → the import that stored it, for raw files that were damaged and are missing."""
        lost = {damage.key for damage in self.lake.damaged.open(f"{RAW_FILES}{GROUP}/")}
        keys = self.lake.store.list(f"{PLACE}/records/") if lost else ()
        found = [self._record(key) for key in keys if key.endswith(".json")]
        return {str(imported.raw_file): imported for imported in found if imported is not None and imported.raw_file in lost}

    def add(self, entry: Import, claims: pd.DataFrame, content: bytes | None) -> Import:
        """Store an import; return its entry with the key of its claims.

        Args:
            claims: rows of ``CLAIMS``.
            content: of ``entry.raw_file``, which is written last.
        """
        key = f"{PLACE}/claims/{entry.at:%Y}/{entry.id}.parquet"
        record = entry.model_copy(update={"claims": key})
        self.lake.store.put(key, to_parquet(CLAIMS.enforce(claims)))
        self.lake.store.put(f"{PLACE}/records/{entry.at:%Y}/{entry.id}.json", record.model_dump_json(indent=1).encode())
        if entry.raw_file is not None and content is not None:
            self.lake.store.put(entry.raw_file, content)
        return record

    def instead(self, rows: pd.DataFrame) -> str:
        """Store rows of ``tables.OBSERVATIONS`` for a rewriting; return their key. They are read only once it names them."""
        content = to_parquet(OBSERVATIONS.enforce(rows))
        collected = rows["collected_at"].max()
        key = f"{PLACE}/instead/{GROUP}/{collected:%Y-%m-%dT%H%M%SZ}-{hashlib.sha256(content).hexdigest()[:12]}.parquet"
        self.lake.store.put(key, content)
        return key

    def rewrite(self, rewriting: Rewriting) -> None:
        """Put a rewriting in force (with ``counts_with``, once that file exists)."""
        name = f"{rewriting.at:%Y-%m-%dT%H%M%S.%fZ}-{rewriting.subject}"
        key, content = f"{PLACE}/rewritten/{name}.json", rewriting.model_dump_json(indent=1).encode()
        self.lake.store.put(copy_of(key), content)
        self.lake.store.put(key, content)

    def _record(self, key: str) -> Import | None:
        """The entry in a record; None if it is damaged: its raw file is then listed like one from before the ledger."""
        return read_kept(self.lake.store, key, lambda said: Import.model_validate_json(json.dumps(said)))

    def _untold(self, key: str) -> Import | None:
        """The entry of a raw file without a record; None if it has no imported rows."""
        rows = self.lake.raw(key)
        rows = rows[rows["source"] == SOURCE] if rows is not None else None
        if rows is None or rows.empty:
            return None
        at = pd.Timestamp(rows["collected_at"].max())
        return Import(id=import_id(at, key), at=at.to_pydatetime(), parts=parts_of(rows, rows), raw_file=key)


def import_id(at: pd.Timestamp, content: str) -> str:
    """The id of an import for people: its time, and a few letters of its hash."""
    return f"{at:%Y%m%d-%H%M%S}-{hashlib.sha256(f'{at.isoformat()}|{content}'.encode()).hexdigest()[:6]}"


def parts_of(claims: pd.DataFrame, rows: pd.DataFrame) -> tuple[ImportedSeries, ...]:
    """The series of an import, from its claims and what it stored."""
    new: Mapping[str, int] = rows["series"].value_counts().to_dict()
    return tuple(
        ImportedSeries(
            series=str(series),
            rows_read=len(group),
            rows_new=int(new.get(str(series), 0)),
            first=f"{group['period'].min():%Y-%m-%d}",
            last=f"{group['period'].max():%Y-%m-%d}",
        )
        for series, group in claims.groupby("series")
    )
