"""The format of a compacted file: the observations of many raw files of one folder, with the number of rows of each.

It is a Parquet file of ``tables.OBSERVATIONS`` like a raw file; its metadata (``steel.files``, JSON) name the raw files in the
order of their rows, which is that of their keys. Its name ends in the checksum of its content. A copy is under ``raw-copies/``.

Layout: ``raw-data/<source>/<group>/compacted/<newest collection>-<sha256>.parquet``.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq

from steel_assets.adapters.lake.parquet import Unreadable, table_from
from steel_assets.core.tables import OBSERVATIONS

PLACE = re.compile(r"^(raw-data/[^/]+/[^/]+/)compacted/[^/]+-([0-9a-f]{12})\.parquet$")
COPIES = "raw-copies/"
ABOUT = b"steel.files"


@dataclass(frozen=True)
class Piece:
    """Consecutive rows of one or more raw files.

    Attributes:
        rows: key of each raw file → number of its rows, in the order of the rows.
    """

    table: pa.Table
    rows: dict[str, int]

    def each(self) -> Iterator[tuple[str, pa.Table]]:
        """Each raw file with its rows."""
        first = 0
        for key, count in self.rows.items():
            yield key, self.table.slice(first, count)
            first += count

    def without(self, keys: Collection[str]) -> list[Piece]:
        """The rows of the other files, in as few pieces as possible."""
        if self.rows.keys().isdisjoint(keys):
            return [self]
        found: list[Piece] = []
        run: dict[str, int] = {}
        begin = first = 0
        for key, count in self.rows.items():
            if key in keys:
                found += [Piece(self.table.slice(begin, first - begin), run)] if run else []
                run, begin = {}, first + count
            else:
                run[key] = count
            first += count
        return [*found, Piece(self.table.slice(begin, first - begin), run)] if run else found


@dataclass(frozen=True)
class Compacted:
    """A compacted file, read and checked.

    Attributes:
        made_at: when it was made; an older file with no other content is not needed any more.
    """

    key: str
    made_at: datetime
    piece: Piece

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Sort key: the newest last, and of files of the same time the one with the most content."""
        return self.made_at, len(self.piece.rows), self.key


def in_order(pieces: Sequence[Piece]) -> list[pa.Table]:
    """The tables of ``pieces``, without empty ones, in the order of the keys of their raw files."""
    whole = sorted(pieces, key=lambda piece: next(iter(piece.rows)))
    if all(next(reversed(entry.rows)) < next(iter(after.rows)) for entry, after in pairwise(whole)):
        return [piece.table for piece in whole]
    return [table for _, table in sorted((found for piece in whole for found in piece.each()), key=lambda found: found[0])]


def written(folder: str, pieces: Sequence[Piece], newest: str, made_at: datetime) -> tuple[str, bytes]:
    """Key and content of the compacted file of ``pieces``, in which no raw file is repeated.

    Args:
        folder: the group's, ``raw-data/<source>/<group>/``.
        newest: when the newest of them was collected, as in its name.
    """
    files = sorted((found for piece in pieces for found in piece.each()), key=lambda found: found[0])
    about = {"made_at": made_at.isoformat(), "files": [[key.removeprefix(folder), table.num_rows] for key, table in files]}
    table = pa.concat_tables([table for _, table in files]).combine_chunks()
    buffer = io.BytesIO()
    marked = table.replace_schema_metadata({ABOUT: json.dumps(about, separators=(",", ":")).encode()})
    pq.write_table(marked, buffer, compression="zstd", write_page_checksum=True)
    content = buffer.getvalue()
    return f"{folder}compacted/{newest}Z-{hashlib.sha256(content).hexdigest()[:12]}.parquet", content


def compacted(key: str, content: bytes) -> Compacted:
    """The compacted file under ``key``.

    Raises:
        Unreadable: it is not what was written there.
    """
    named = PLACE.fullmatch(key)
    if named is None or hashlib.sha256(content).hexdigest()[:12] != named.group(2):
        raise Unreadable("its checksum is not the one in its name")
    table = table_from(content, OBSERVATIONS)
    try:
        about = json.loads(pq.read_schema(io.BytesIO(content)).metadata[ABOUT])
        rows = {f"{named.group(1)}{name}": int(count) for name, count in about["files"]}
        made_at = datetime.fromisoformat(about["made_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"it does not say which files it holds ({type(error).__name__}: {error})") from error
    if sum(rows.values()) != table.num_rows or made_at.tzinfo is None:
        raise Unreadable("it does not say which files it holds")
    return Compacted(key, made_at, Piece(table, rows))


def copy_of(key: str) -> str:
    """The key of a compacted file's copy, which is used if the file is damaged."""
    return f"{COPIES}{key.removeprefix('raw-data/')}"
