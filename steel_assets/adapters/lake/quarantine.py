"""Answers of providers that could not be read, and values that are doubtful.

Layout: ``raw-data/<source>/rejected/<series>/…`` holds each answer byte for byte with a small JSON;
``raw-data/<source>/quarantine/{held,decided}/…`` holds values and decisions as Parquet. All of it is append-only, and not part of
the observations.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake.damaged import UNREADABLE, Damaged, why_not
from steel_assets.adapters.lake.parquet import from_parquet, to_parquet
from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore
from steel_assets.core.quarantine import DECISIONS, QUARANTINE
from steel_assets.core.table_schema import Table

MIB = 2**20
LARGEST_KEPT = 16 * MIB
"""Of a larger answer only so many bytes are kept, which its JSON says."""


@dataclass(frozen=True)
class QuarantineStore:
    """The quarantine in one store."""

    store: ObjectStore

    def reject(self, folder: str, series: str, reason: str, content: bytes, moment: pd.Timestamp) -> str:
        """Store an answer that could not be read; return its key. The same answer at the same moment is stored once.

        Args:
            folder: the source's, for example ``fred-api``.
            reason: what was expected and what was received.
        """
        digest = hashlib.sha256(content).hexdigest()
        key = f"raw-data/{folder}/rejected/{series}/{moment:%Y-%m-%dT%H%M%SZ}-{digest[:12]}"
        note = {
            "series": series,
            "collected_at": moment.isoformat(),
            "reason": reason,
            "bytes": len(content),
            "bytes_kept": min(len(content), LARGEST_KEPT),
            "sha256": digest,
        }
        self.store.put(f"{key}.bin", content[:LARGEST_KEPT])
        self.store.put(f"{key}.json", json.dumps(note, indent=1, ensure_ascii=False).encode())
        return f"{key}.bin"

    def rejected(self, folder: str) -> list[str]:
        """Keys of the stored answers of a source, oldest first by series."""
        return [key for key in self.store.list(f"raw-data/{folder}/rejected/") if key.endswith(".bin")]

    def hold(self, held: pd.DataFrame, folder: str, moment: pd.Timestamp) -> None:
        """Add values (rows of QUARANTINE) to those held; values held already are skipped."""
        new = held[~held["id"].isin(self.held(folder)["id"])]
        self._append(new, QUARANTINE, f"raw-data/{folder}/quarantine/held", moment)

    def held(self, folder: str) -> pd.DataFrame:
        """All values of a source that were ever held."""
        return self._all(QUARANTINE, f"raw-data/{folder}/quarantine/held/")

    def decide(self, decisions: pd.DataFrame, folder: str, moment: pd.Timestamp) -> None:
        """Add decisions (rows of DECISIONS); an earlier decision about a value is not changed."""
        new = decisions[~decisions["id"].isin(self.decisions(folder)["id"])]
        self._append(new, DECISIONS, f"raw-data/{folder}/quarantine/decided", moment)

    def decisions(self, folder: str) -> pd.DataFrame:
        """The decisions about values of a source."""
        return self._all(DECISIONS, f"raw-data/{folder}/quarantine/decided/")

    def _append(self, rows: pd.DataFrame, table: Table, prefix: str, moment: pd.Timestamp) -> None:
        if len(rows):
            content = to_parquet(table.enforce(rows))
            digest = hashlib.sha256(content).hexdigest()[:12]
            self.store.put(f"{prefix}/{moment:%Y-%m-%dT%H%M%SZ}-{digest}.parquet", content)

    def _all(self, table: Table, prefix: str) -> pd.DataFrame:
        keys = [key for key in self.store.list(prefix) if key.endswith(".parquet")]
        if not keys:
            return table.empty()
        frames = [frame for key in keys if (frame := self._one(key, table)) is not None]
        return table.enforce(pd.concat([table.empty(), *frames], ignore_index=True).drop_duplicates(list(table.key)))

    def _one(self, key: str, table: Table) -> pd.DataFrame | None:
        """The rows of one file; None if it is damaged (and then set aside): its values will be collected and held again."""
        try:
            content = self.store.get(key)
        except ObjectNotFound:
            return None
        try:
            rows = from_parquet(content)
            later = [column.name for column in table.columns if column.nullable and column.name not in rows]
            return table.enforce(rows.assign(**dict.fromkeys(later)).drop_duplicates(list(table.key)))
        except UNREADABLE as error:
            Damaged(self.store).set_aside(key, content, why_not(error))
            return None
