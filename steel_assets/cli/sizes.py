"""What an installation stores, how much of it, and by what it grows: the table of ``steel status --sizes``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from steel_assets.bootstrap import Platform
from steel_assets.operations import growth
from steel_assets.operations.dagster_files import InstanceNotFound, instance_files, instance_home

LAWS = {kind.name: kind for kind in (*growth.KINDS, *growth.ELSEWHERE)}


def sizes(parts: Platform) -> list[dict[str, Any]]:
    """A row per kind: how many files and bytes there are, by what it grows, and what bounds it.

    The lake is listed once and no file of it is read; on a bucket that is a request per thousand objects.
    """
    found = [*growth.of_lake(parts.store), _warehouse(parts), *growth.of_folders(_folders(parts))]
    return [
        asdict(size) | {"grows": LAWS[size.kind].law, "bound": LAWS[size.kind].bound} for size in found if size.kind in LAWS
    ] + [asdict(size) | {"grows": "unknown", "bound": "unknown"} for size in found if size.kind not in LAWS]


def shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``rows`` for people: megabytes, and no kind of which there is nothing."""
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


def _warehouse(parts: Platform) -> growth.Size:
    if parts.settings.warehouse_kind == "duckdb":
        path = Path(parts.settings.warehouse_address)
        [found] = growth.of_folders({growth.WAREHOUSE.name: path})
        return found
    return growth.Size(growth.WAREHOUSE.name, None, parts.warehouse.stored_bytes())


def _folders(parts: Platform) -> dict[str, Path | None]:
    found: dict[str, Path | None] = {growth.CACHE.name: parts.home / "cache"}
    try:
        files = instance_files(instance_home())
    except InstanceNotFound:
        return found
    return {
        growth.EVENTS.name: files.history,
        growth.TICKS.name: files.schedules,
        growth.LOGS.name: files.logs,
    } | found
