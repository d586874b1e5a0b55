"""Parquet files: flat columns; sizes are read from the metadata before any row."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pandas as pd

from steel_assets.sources._file_table import LARGEST_BYTES, MIB, MOST_COLUMNS, MOST_ROWS, SAMPLE_ROWS, File, ImportRefused

LONGEST_TEXT = 64
"""Characters of a text that are read: no date and no figure is longer."""


class ParquetTable:
    """A Parquet file."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._parquet = self._opened()
        metadata = self._parquet.metadata
        if metadata.num_rows > MOST_ROWS:
            raise file.too_many_rows()
        unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        if unpacked > LARGEST_BYTES:
            raise file.refusal(f"it would unpack to {unpacked / MIB:,.0f} MiB, more than {LARGEST_BYTES // MIB}; split it")
        self.columns: Sequence[str] = [str(name) for name in self._parquet.schema_arrow.names]
        if len(self.columns) > MOST_COLUMNS:
            raise file.refusal(f"it has {len(self.columns):,} columns, more than {MOST_COLUMNS:,}; keep those that matter")

    def sample(self) -> pd.DataFrame:
        """See ``FileTable``."""
        return self._read(self.columns, SAMPLE_ROWS, 1)

    def pair(self, first: int, second: int) -> pd.DataFrame:
        """See ``FileTable``; ``row`` counts from 1."""
        table = self._read([self.columns[first], self.columns[second]], MOST_ROWS, None)
        return pd.DataFrame({"row": range(1, len(table) + 1), "date": table[0], "value": table[1]})

    def _opened(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            schema = pq.read_schema(io.BytesIO(self._file.content))
            texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
            return pq.ParquetFile(io.BytesIO(self._file.content), read_dictionary=texts)
        except Exception as error:  # pyarrow raises anything on a broken file
            raise self._broken(error) from error

    def _read(self, names: Sequence[str], batch_rows: int, batches: int | None) -> pd.DataFrame:
        """The named columns, as columns 0, 1, …; all batches, or the first few."""
        import pyarrow as pa

        try:
            parts = list(islice(self._parquet.iter_batches(batch_size=batch_rows, columns=list(names)), batches))
            if not parts:
                return pd.DataFrame(columns=range(len(names)), dtype="object")
            table = pa.Table.from_batches(parts)
            return pd.DataFrame({place: _cells(table.column(name)) for place, name in enumerate(names)})
        except Exception as error:  # pyarrow raises anything on a broken file
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> ImportRefused:
        return self._file.refusal(f"it is not a Parquet file that can be read ({type(error).__name__}); write it again")


def _cells(column: Any) -> pd.Series:
    """A column in memory. Texts come as a dictionary of different ones, and are cut before they are repeated for each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        kind = column.type.value_type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        decoded = []
        for chunk in column.chunks:
            values = pc.utf8_slice_codeunits(chunk.dictionary, 0, LONGEST_TEXT) if text else chunk.dictionary
            decoded.append(pa.DictionaryArray.from_arrays(chunk.indices, values).dictionary_decode())
        column = pa.chunked_array(decoded, type=kind)
    return column.to_pandas(date_as_object=False)
