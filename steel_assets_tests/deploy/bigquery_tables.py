"""``python -m steel_assets_tests.deploy.bigquery_tables`` writes deploy/google-cloud/tables.json, for Terraform.

The tables are those of ``core.tables``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from steel_assets.core.table_schema import Table
from steel_assets.core.tables import WAREHOUSE_TABLES
from steel_assets_tests.isolation import ROOT

PATH = Path("deploy/google-cloud/tables.json")
TYPES = {"string": "STRING", "float": "FLOAT", "int": "INTEGER", "bool": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}
"""As BigQuery's interface calls them; with the names of GoogleSQL Terraform would see a change at every look."""


def declared(table: Table) -> dict[str, Any]:
    """One table as ``google_bigquery_table`` takes it."""
    schema = [
        {
            "name": column.name,
            "type": TYPES[column.dtype],
            "mode": "NULLABLE" if column.nullable else "REQUIRED",
            "description": column.description + (f" [{column.unit}]" if column.unit else ""),
        }
        for column in table.columns
    ]
    layout = {"partition": table.partition_by, "clustering": list(table.cluster_by) or None}
    return {"name": table.name, "description": table.description, **layout, "schema": schema}


def text() -> str:
    """The whole file."""
    return json.dumps([declared(table) for table in WAREHOUSE_TABLES], indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (ROOT / PATH).write_text(text())
