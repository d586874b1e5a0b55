"""What the BigQuery server holds: datasets where they are, tables with their layout, rows in a DuckDB of its own."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import pyarrow as pa

from steel_assets_tests.google.bigquery_types import Type, named
from steel_assets_tests.google.faults import NotServed, Refusal

DATASET_FIELDS = frozenset({"datasetReference", "location", "labels"})


@dataclass
class Table:
    """One table: its columns, its layout, and the moment it goes away by itself."""

    project: str
    dataset: str
    name: str
    fields: list[dict[str, Any]]
    layout: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    expires_ms: int | None = None
    etag: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def full_name(self) -> str:
        return f"{self.project}:{self.dataset}.{self.name}"

    @property
    def quoted(self) -> str:
        return f'"{self.project}.{self.dataset}"."{self.name}"'

    def type_of(self, column: str) -> Type | None:
        return next((named(field["type"]) for field in self.fields if field["name"].lower() == column.lower()), None)

    def resource(self, rows: int, weight: int, location: str) -> dict[str, Any]:
        told = {
            "kind": "bigquery#table",
            "id": self.full_name,
            "etag": self.etag,
            "type": "TABLE",
            "location": location,
            "tableReference": {"projectId": self.project, "datasetId": self.dataset, "tableId": self.name},
            "schema": {"fields": self.fields},
            "numRows": str(rows),
            "numBytes": str(weight),
            "description": self.description,
            **self.layout,
        }
        return told | ({"expirationTime": str(self.expires_ms)} if self.expires_ms else {})


def check_labels(labels: Mapping[str, str]) -> None:
    """Refuse labels that are not lower case, too long, or of other characters than letters, digits, _ and -."""
    for key, value in labels.items():
        fits = re.fullmatch(r"[^\W\d_][\w-]{0,62}", key) and re.fullmatch(r"[\w-]{0,63}", value)
        if not fits or f"{key}{value}" != f"{key}{value}".lower():
            raise Refusal(400, f"Label {key!r}: {value!r} is not valid", "invalid")


class Tables:
    """Datasets and tables.

    Attributes:
        skew_seconds: how far this server's clock runs ahead of the machine's.
    """

    def __init__(self) -> None:
        self.skew_seconds = 0.0
        self.datasets: dict[tuple[str, str], dict[str, Any]] = {}
        self.tables: dict[tuple[str, str, str], Table] = {}
        self.rows = duckdb.connect(":memory:")
        self.rows.execute("SET TimeZone = 'UTC'")
        self.rows.execute("SET default_null_order = 'nulls_first_on_asc_last_on_desc'")

    def now_ms(self) -> int:
        return int((time.time() + self.skew_seconds) * 1000)

    def create_dataset(self, project: str, body: Mapping[str, Any]) -> dict[str, Any]:
        unknown = set(body) - DATASET_FIELDS
        if unknown:
            raise NotServed(f"a dataset with {', '.join(sorted(unknown))}")
        check_labels(body.get("labels") or {})
        name = str(body.get("datasetReference", {}).get("datasetId", ""))
        if not re.fullmatch(r"[A-Za-z0-9_]{1,1024}", name):
            raise Refusal(400, f'Invalid dataset ID "{name}".', "invalid")
        if (project, name) in self.datasets:
            raise Refusal(409, f"Already Exists: Dataset {project}:{name}", "duplicate")
        self.rows.execute(f'CREATE SCHEMA "{project}.{name}"')
        told = {"kind": "bigquery#dataset", "id": f"{project}:{name}", "location": "US", "etag": uuid.uuid4().hex}
        reference = {"datasetReference": {"projectId": project, "datasetId": name}}
        self.datasets[project, name] = {**told, **body, **reference}
        return self.datasets[project, name]

    def dataset(self, project: str, name: str, location: str | None = None) -> dict[str, Any]:
        """The dataset, as a job that runs in ``location`` sees it."""
        found = self.datasets.get((project, name))
        elsewhere = found is not None and location is not None and found["location"].upper() != location.upper()
        if found is None or elsewhere:
            where = f" was not found in location {location}" if location else ""
            raise Refusal(404, f"Not found: Dataset {project}:{name}{where}", "notFound")
        return found

    def table(self, project: str, dataset: str, name: str, location: str | None = None) -> Table:
        if not re.fullmatch(r"[A-Za-z0-9_]{1,1024}", name) or name.startswith("__"):
            raise NotServed(f"partitions, wildcards and tables of the service's own: {name[:40]}")
        where = self.dataset(project, dataset, location)["location"]
        found = self.tables.get((project, dataset, name))
        if found is not None and found.expires_ms is not None and found.expires_ms <= self.now_ms():
            self.delete(found)
            found = None
        if found is None:
            raise Refusal(404, f"Not found: Table {project}:{dataset}.{name} was not found in location {where}", "notFound")
        return found

    def as_they_are(self) -> dict[tuple[str, str, str], Table]:
        """The tables with their columns, to come back to when a job is taken back."""
        return {key: replace(table, fields=list(table.fields)) for key, table in self.tables.items()}

    def create(self, table: Table) -> None:
        columns = ", ".join(
            f'"{field["name"]}" {named(field["type"]).duckdb}{" NOT NULL" if field["mode"] == "REQUIRED" else ""}'
            for field in table.fields
        )
        self.rows.execute(f"CREATE TABLE {table.quoted} ({columns})")
        self.tables[table.project, table.dataset, table.name] = table

    def add_column(self, table: Table, added: dict[str, Any]) -> None:
        self.rows.execute(f'ALTER TABLE {table.quoted} ADD COLUMN "{added["name"]}" {named(added["type"]).duckdb}')
        table.fields.append(added)
        table.etag = uuid.uuid4().hex

    def delete(self, table: Table) -> None:
        self.rows.execute(f"DROP TABLE {table.quoted}")
        del self.tables[table.project, table.dataset, table.name]

    def count(self, table: Table) -> int:
        return int(self.rows.execute(f"SELECT COUNT(*) FROM {table.quoted}").fetchall()[0][0])  # noqa: S608  names checked

    def append(self, table: Table, loaded: pa.Table) -> None:
        """Add rows, all or none."""
        names = ", ".join(f'"{name}"' for name in loaded.column_names)
        self.rows.register("loaded", loaded)
        try:
            self.rows.execute(f"INSERT INTO {table.quoted} ({names}) SELECT {names} FROM loaded")  # noqa: S608  the table's own names
        except duckdb.ConstraintException as error:
            raise Refusal(400, f"Error while reading data, error message: {error}", "invalid") from error
        finally:
            with suppress(duckdb.Error):  # a broken transaction lets go of it by itself
                self.rows.unregister("loaded")

    def bytes_of(self, table: Table, columns: set[str]) -> int:
        """What reading ``columns`` weighs, as BigQuery counts it."""
        weights = []
        for column in table.fields:
            if column["name"].lower() in columns:
                length = f' + SUM(strlen("{column["name"]}"))' if column["type"] == "STRING" else ""
                weights.append(f'{named(column["type"]).bytes} * COUNT("{column["name"]}"){length}')
        if not weights:
            return 0
        sums = " + ".join(f"COALESCE({weight}, 0)" for weight in weights)
        return int(self.rows.execute(f"SELECT {sums} FROM {table.quoted}").fetchall()[0][0])  # noqa: S608  names checked
