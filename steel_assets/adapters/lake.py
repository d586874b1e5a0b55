"""The lake's layout over an object store: append-only raw observations, and frames written whole.

Layout (the mission's): ``raw-data/<source>/<group>/<year>/…parquet``, ``processed-data/{daily,weekly,monthly}/…``,
``models/{production,staging,backups}/…``, ``predictions/{daily,validation}/…``. A file ``lake.json`` says whether the lake
holds simulated or real data; the two never mix.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from steel_assets.adapters.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.tables import OBSERVATIONS, Table

MARK = "lake.json"
ASIDE = re.compile("^raw-data/[^/]+/(rejected|quarantine)/")
"""What came and was not let in (``adapters/aside.py``): no observations."""


class LakeError(RuntimeError):
    """The lake refuses; the message says why and what to do."""


class Lake:
    """Frames in an object store."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    @property
    def simulated(self) -> bool | None:
        """Whether this lake holds simulated data; None while it is empty. The first rows decide, for ever."""
        try:
            return bool(json.loads(self.store.get(MARK))["simulated"])
        except ObjectNotFound:
            return None

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
        rows = OBSERVATIONS.enforce(observations).sort_values(["series", "period", "published_at"], kind="stable")
        self._claim(rows["simulated"])
        content = to_parquet(rows)
        collected = rows["collected_at"].iloc[0]
        name = f"{collected:%Y-%m-%dT%H%M%SZ}-{hashlib.sha256(content).hexdigest()[:12]}.parquet"
        key = f"raw-data/{folder}/{group}/{collected:%Y}/{name}"
        self.store.put(key, content)
        return key

    def observations(self, series: Iterable[str] | None = None) -> pd.DataFrame:
        """All observations ever stored, all vintages; only of ``series`` when given."""
        keys = [key for key in self.store.list("raw-data/") if key.endswith(".parquet") and not ASIDE.search(key)]
        wanted = None if series is None else pa.array(sorted(set(series)), pa.string())
        with ThreadPoolExecutor(max_workers=4) as pool:
            contents = list(pool.map(self.store.get, keys))
        if not contents:
            return OBSERVATIONS.empty()
        tables = [from_parquet(content) for content in contents]
        if wanted is not None:
            tables = [table.filter(pc.is_in(table["series"], value_set=wanted)) for table in tables]
        frame = pa.concat_tables(tables, promote_options="permissive").to_pandas(use_threads=False)
        return OBSERVATIONS.enforce(frame.drop_duplicates(list(OBSERVATIONS.key)))

    def write(self, key: str, frame: pd.DataFrame, table: Table | None = None) -> str:
        """Write ``frame`` whole under ``key``, after enforcing ``table`` when given; where to find it."""
        self.store.put(key, to_parquet(table.enforce(frame) if table else frame))
        return self.store.uri(key)

    def read(self, key: str) -> pd.DataFrame:
        """The frame under ``key``. Raises ObjectNotFound."""
        return from_parquet(self.store.get(key)).to_pandas(use_threads=False)

    def _claim(self, flags: pd.Series) -> None:
        """Let rows in whose ``simulated`` flags fit the lake; the first rows of all set its nature."""
        nature = self.simulated
        if nature is None and flags.nunique() == 1:
            nature = bool(flags.iloc[0])
            try:
                self.store.put_if(MARK, json.dumps({"simulated": nature}).encode(), None)
            except Conflict:
                nature = self.simulated
        if nature is None or bool((flags != nature).any()):
            holds = {True: "holds simulated data", False: "holds real data", None: "is empty"}[nature]
            raise LakeError(
                f"simulated and real data never share a lake: {self.store.uri('raw-data')} {holds}, these rows are "
                f"{'simulated' if flags.all() else 'real' if not flags.any() else 'both'}. Name another folder in STEEL_HOME "
                "(or STEEL_LAKE) for them."
            )


def from_parquet(content: bytes) -> pa.Table:
    """Parquet bytes as a table, read on this thread: Arrow's own were seen to abort a process that was about to end."""
    return pq.ParquetFile(io.BytesIO(content)).read(use_threads=False)


def to_parquet(frame: pd.DataFrame) -> bytes:
    """``frame`` as Parquet bytes, the same bytes for the same frame."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), buffer, compression="zstd")
    return buffer.getvalue()
