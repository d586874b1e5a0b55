"""Metadata that people read in the Dagster UI: schemas with units, previews, row counts."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.core.tables import Table

PREVIEW_ROWS = 12


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
    return {"dagster/row_count": len(frame), "preview": preview(frame), **more}


def preview(frame: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """The last rows of ``frame`` as a Markdown table."""
    rows = frame.tail(PREVIEW_ROWS)
    header = "| " + " | ".join(map(str, rows.columns)) + " |\n|" + "---|" * len(rows.columns)
    lines = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows.itertuples(index=False)]
    return dg.MetadataValue.md("\n".join([header, *lines]))


def counts(values: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """A small Markdown list of named counts."""
    return dg.MetadataValue.md("\n".join(f"- {name}: {count:,}" for name, count in values.items()) or "none")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:,.4g}" if abs(value) < 10 else f"{value:,.1f}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)
