"""An export as Parquet, with descriptions and units in the metadata."""

from __future__ import annotations

from steel_assets.adapters.exports.described import described
from steel_assets.adapters.warehouse.rows import staged
from steel_assets.core.exporting import Export


def as_parquet(exported: Export) -> bytes:
    """``exported`` with days as ``date32`` and moments in microseconds, UTC.

    The schema's metadata hold ``table``, ``description``, ``source``, ``as_of`` and ``simulated`` (true or false), a column's
    ``description`` and ``unit``.
    """
    about = {
        "table": exported.table.name,
        "description": exported.table.description,
        "source": exported.source,
        "as_of": f"{exported.as_of:%Y-%m-%dT%H:%M:%SZ}",
    }
    return described(staged(exported.table, exported.rows), exported.headings, about, simulated=exported.simulated)
