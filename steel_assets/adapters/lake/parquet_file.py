"""Parquet bytes as an Arrow file, within limits, and as plain rows; without pandas, which is slow to import."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LARGEST_ROWS = 50_000_000
LARGEST_BYTES = 2**31
"""Limit of one file's unpacked size: many times a collection or a market's history, and less than exhausts a process."""

UNREADABLE = (pa.ArrowException, OSError, MemoryError, ArithmeticError, AttributeError, KeyError, TypeError, ValueError)
"""Exceptions of the libraries for bytes that are not Parquet, or damaged."""


class Unreadable(ValueError):
    """The bytes are not a Parquet file, or not one of the requested table."""


def opened(content: bytes) -> pq.ParquetFile:
    """The file in ``content``, of which only the footer is read yet.

    Raises:
        Unreadable, or one of UNREADABLE: it is not a valid file.
    """
    file = pq.ParquetFile(io.BytesIO(content), page_checksum_verification=True)
    about = file.metadata
    size = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    if about.num_rows > LARGEST_ROWS or size > LARGEST_BYTES:
        raise Unreadable(f"it claims to hold {about.num_rows:,} rows of {size:,} bytes")
    return file


def rows_from(content: bytes) -> list[dict[str, Any]]:
    """Every row as plain values. Raises Unreadable."""
    try:
        rows: list[dict[str, Any]] = opened(content).read(use_threads=False).to_pylist()
    except Unreadable:
        raise
    except UNREADABLE as error:
        raise unreadable(error) from error
    return rows


def unreadable(error: BaseException) -> Unreadable:
    """``error`` in one sentence."""
    words = " ".join(str(error).split())[:160]
    return Unreadable(f"it is no Parquet file that can be read ({type(error).__name__}: {words})")
