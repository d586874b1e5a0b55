"""Metadata shown in the Dagster UI: schemas with units, previews, row counts, links, bytes that the warehouse billed."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.core.table_schema import Table

PREVIEW_ROWS = 12
BYTES_BILLED = "warehouse_bytes_billed"


def schema_of(table: Table) -> dict[str, Any]:
    """Definition metadata of an asset that writes ``table``."""
    columns = [
        dg.TableColumn(
            column.name,
            type=column.dtype,
            description=column.description + (f" [{column.unit}]" if column.unit else ""),
            constraints=dg.TableColumnConstraints(nullable=column.nullable),
        )
        for column in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns), "dagster/table_name": table.name}


def summary(frame: pd.DataFrame, **more: Any) -> dict[str, Any]:
    """Run metadata of an asset that wrote ``frame``: row count, a preview, and ``more``."""
    shown = {name: link(value) if isinstance(value, str) else value for name, value in more.items()}
    return {"dagster/row_count": len(frame), "preview": preview(frame), **shown}


def link(place: str) -> str | dg.UrlMetadataValue:
    """``place`` as a link if a browser can open it, otherwise the text unchanged."""
    return dg.MetadataValue.url(place) if place.startswith(("https://", "http://")) else place


def in_warehouse(warehouse: Warehouse, table: Table) -> dict[str, Any]:
    """Where ``table`` was written, and what the warehouse billed since the last call, where it bills its jobs."""
    place = {"warehouse": link(warehouse.uri(table)), "dagster/uri": warehouse.uri(table)}
    jobs = warehouse.take_jobs()
    if not jobs:
        return place
    rows = [
        f"| {job.operation} | {job.table} | {job.rows:,} | {job.seconds:.1f} | {job.bytes_billed:,} | {job.id} |" for job in jobs
    ]
    header = "| job | table | rows | seconds | bytes billed | id |\n|---|---|---|---|---|---|"
    return place | {
        BYTES_BILLED: sum(job.bytes_billed for job in jobs),
        "warehouse_job_seconds": sum(job.seconds for job in jobs),
        "warehouse_slot_seconds": sum(job.slot_seconds for job in jobs),
        "warehouse_jobs": dg.MetadataValue.md("\n".join([header, *rows])),
    }


def preview(frame: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """The last rows of ``frame`` as a Markdown table."""
    rows = frame.tail(PREVIEW_ROWS)
    header = "| " + " | ".join(map(str, rows.columns)) + " |\n|" + "---|" * len(rows.columns)
    lines = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows.itertuples(index=False)]
    return dg.MetadataValue.md("\n".join([header, *lines]))


def counts(values: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """A short Markdown list of named counts."""
    return dg.MetadataValue.md("\n".join(f"- {name}: {count:,}" for name, count in values.items()) or "none")


def listed(values: Mapping[str, str]) -> dg.MarkdownMetadataValue:
    """A Markdown list of names, each with its text."""
    return dg.MetadataValue.md("\n".join(f"- {name}: {text}" for name, text in values.items()) or "none")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:,.4g}" if abs(value) < 10 else f"{value:,.1f}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else " ".join(str(value).split()).replace("|", r"\|")
