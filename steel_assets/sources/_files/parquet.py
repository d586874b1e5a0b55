"""Parquet files: flat columns; sizes are read from the metadata before any row."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from typing import Any

from steel_assets.sources._files.table import LARGEST_BYTES, MOST_COLUMNS, MOST_LINES, File, ImportRefused, Row, is_blank

LONGEST_TEXT = 64
"""Characters of a text that are read: no date and no figure is longer."""


BATCH_ROWS = 1_000


class ParquetTable:
    """A Parquet file; its names are row 0."""

    exact_width = False
    point_is_decimal = False
    epoch_1904 = False

    def __init__(self, file: File) -> None:
        self._file = file
        self.assumed: dict[str, str] = {}
        self._parquet = self._opened()
        metadata = self._parquet.metadata
        if metadata.num_rows > MOST_LINES:
            raise file.too_many_rows()
        unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        if unpacked > LARGEST_BYTES:
            raise file.too_large(unpacked)
        self._names = [str(name) for name in self._parquet.schema_arrow.names]
        if len(self._names) > MOST_COLUMNS:
            raise file.too_many_columns(len(self._names))

    def rows(self, columns: Collection[int] | None = None) -> Iterator[Row]:
        """See ``FileTable``; rows below the names count from 1."""
        yield Row(0, self._names)
        wanted = [place for place in range(len(self._names)) if columns is None or place in columns]
        number = 0
        try:
            for batch in self._parquet.iter_batches(batch_size=BATCH_ROWS, columns=[self._names[place] for place in wanted]):
                cells = {place: _cells(column) for place, column in zip(wanted, batch.columns, strict=True)}
                for at in range(batch.num_rows):
                    number += 1
                    row = [cells[place][at] if place in cells else None for place in range(len(self._names))]
                    if not all(is_blank(cell) for cell in row):
                        yield Row(number, row)
        except ImportRefused:
            raise
        except Exception as error:  # pyarrow raises anything on a broken file
            raise self._broken(error) from error

    def _opened(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            schema = pq.read_schema(io.BytesIO(self._file.content))
            texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
            return pq.ParquetFile(io.BytesIO(self._file.content), read_dictionary=texts)
        except Exception as error:  # pyarrow raises anything on a broken file
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> ImportRefused:
        if isinstance(error, MemoryError):
            raise error
        return self._file.refusal(f"it is not a Parquet file that can be read ({type(error).__name__}); write it again")


def _cells(column: Any) -> list[object]:
    """A column in memory. Texts come as a dictionary of different ones, and are cut before they are repeated for each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        kind = column.type.value_type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        values = pc.utf8_slice_codeunits(column.dictionary, 0, LONGEST_TEXT) if text else column.dictionary
        column = pa.DictionaryArray.from_arrays(column.indices, values).dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return list(column.to_pandas())
    return column.to_pylist()
