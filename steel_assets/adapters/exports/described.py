"""Arrow rows as a Parquet file that describes its columns, for ``steel export`` and for the service. No pandas.

Days are ``date32``, times microseconds in UTC. A column's metadata hold its ``description`` and ``unit``; the schema's metadata
hold properties of all rows, including ``simulated`` (true or false).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from steel_assets.adapters.arrow_types import ARROW_TYPES
from steel_assets.core.sheet import ExportSheet, Heading


def described(rows: pa.Table, headings: Sequence[Heading], about: Mapping[str, str], *, simulated: bool) -> bytes:
    """``rows`` as Parquet with descriptions of the columns; ``about``: properties of all rows."""
    fields = [
        rows.schema.field(heading.name).with_metadata({"description": heading.meaning, "unit": heading.unit})
        for heading in headings
    ]
    told = {**(rows.schema.metadata or {}), **about, "simulated": str(simulated).lower()}
    buffer = io.BytesIO()
    pq.write_table(rows.cast(pa.schema(fields, metadata=told)), buffer, compression="zstd")
    return buffer.getvalue()


def sheet_as_parquet(sheet: ExportSheet, about: Mapping[str, str]) -> bytes:
    """``sheet`` as Parquet; in a column of texts, days and times are ISO text."""
    columns = list(zip(*sheet.rows, strict=True)) or [()] * len(sheet.headings)
    arrays = [
        pa.array(map(_text, values) if heading.kind == "string" else values, ARROW_TYPES[heading.kind])
        for heading, values in zip(sheet.headings, columns, strict=True)
    ]
    rows = pa.Table.from_arrays(arrays, names=[heading.name for heading in sheet.headings])
    return described(rows, sheet.headings, {"table": sheet.name, **about}, simulated=sheet.simulated)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)
