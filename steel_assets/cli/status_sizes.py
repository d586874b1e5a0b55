"""The table of ``steel status --sizes``: what is stored, how much of it, and what makes it grow. No pandas, no table is read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.operations import growth
from steel_assets.operations.dagster_files import InstanceNotFound, instance_files, instance_home

if TYPE_CHECKING:
    from steel_assets.adapters.warehouse.warehouse import Warehouse

LAWS = {kind.name: kind for kind in (*growth.KINDS, *growth.ELSEWHERE)}


def sizes(store: ObjectStore, warehouse: Path | Warehouse, home: Path) -> list[dict[str, Any]]:
    """One row per kind of file: number, bytes, what makes it grow, and what limits it.

    The lake is listed once and none of its files is read; on a bucket that is one request per thousand objects.

    Args:
        warehouse: its file, if it is one; DuckDB is not opened for its size.
    """
    found = [*growth.of_lake(store), _warehouse(warehouse), *growth.of_folders(_folders(home))]
    return [
        asdict(size) | {"grows": LAWS[size.kind].law, "bound": LAWS[size.kind].bound} for size in found if size.kind in LAWS
    ] + [asdict(size) | {"grows": "unknown", "bound": "unknown"} for size in found if size.kind not in LAWS]


def sizes_shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``rows`` for printing: in megabytes, without kinds that have no files."""
    return [
        {
            "what": row["kind"],
            "files": row["files"],
            "MB": f"{row['bytes'] / 1e6:,.2f}",
            "grows": row["grows"],
            "bound": row["bound"],
        }
        for row in rows
        if row["bytes"]
    ]


def _warehouse(warehouse: Path | Warehouse) -> growth.Size:
    if isinstance(warehouse, Path):
        [found] = growth.of_folders({growth.WAREHOUSE.name: warehouse})
        return found
    return growth.Size(growth.WAREHOUSE.name, None, warehouse.stored_bytes())


def _folders(home: Path) -> dict[str, Path | None]:
    found: dict[str, Path | None] = {growth.CACHE.name: home / "cache"}
    try:
        files = instance_files(instance_home())
    except InstanceNotFound:
        return found
    return {
        growth.EVENTS.name: files.history,
        growth.TICKS.name: files.schedules,
        growth.LOGS.name: files.logs,
    } | found
