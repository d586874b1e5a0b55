"""An export as Parquet: each column with its meaning and unit, the file with what is said of all rows, in the metadata."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from steel_assets.adapters.warehouse.rows import staged
from steel_assets.core.exporting import Export


def as_parquet(exported: Export) -> bytes:
    """``exported`` with days as ``date32`` and moments in microseconds, UTC.

    The schema's metadata hold ``table``, ``description``, ``source``, ``as_of`` and ``simulated`` (true or false), a column's
    ``description`` and ``unit``.
    """
    rows = staged(exported.table, exported.rows)
    fields = [
        rows.schema.field(column.name).with_metadata({"description": column.description, "unit": exported.unit(column)})
        for column in exported.table.columns
    ]
    about = {
        "table": exported.table.name,
        "description": exported.table.description,
        "source": exported.source,
        "as_of": f"{exported.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "simulated": str(exported.simulated).lower(),
    }
    buffer = io.BytesIO()
    pq.write_table(rows.cast(pa.schema(fields, metadata=(rows.schema.metadata or {}) | about)), buffer, compression="zstd")
    return buffer.getvalue()
