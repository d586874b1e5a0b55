"""The warehouse in BigQuery, over Google's own client.

An upsert loads its rows into a temporary table and merges that by the key: the target changes in one statement or not at all, and
repeating an upsert changes nothing. Tables are partitioned by day and clustered as their schema says. The statements are those of
``sql``; ``bigquery_jobs`` runs the jobs.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from steel_assets.adapters.google.clients import bigquery_client
from steel_assets.adapters.google.errors import Diagnosis, Trouble, explained
from steel_assets.adapters.machine.traces import traced
from steel_assets.adapters.warehouse import sql
from steel_assets.adapters.warehouse.bigquery_jobs import LABEL, LOST_RACE, REQUEST_SECONDS, BigQueryJobs
from steel_assets.adapters.warehouse.migration import Present, migration, missing, refuse_orphans
from steel_assets.adapters.warehouse.rows import conditions, in_memory, span, staged
from steel_assets.adapters.warehouse.warehouse import Job, WarehouseBusy, WarehouseError
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import WAREHOUSE_TABLES

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud.bigquery import Client, DatasetReference
    from google.cloud.bigquery import Table as BigQueryTable

ADDRESS = re.compile(
    r"bigquery://(?P<project>(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9])(?:/(?P<dataset>[A-Za-z0-9_]{1,1024}))?/?"
)
CONSOLE = "https://console.cloud.google.com/bigquery"
DEFAULT_LOCATION = "US"
GIB = 2**30
DDL_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
"""The API's names of types → GoogleSQL's names, where they differ."""


class BigQueryWarehouse:
    """Tables in one dataset of one project."""

    def __init__(
        self,
        address: str,
        *,
        connect: Callable[[str], Client] = bigquery_client,
        location: str | None = None,
        max_gib_billed: float = 1.0,
        retry_seconds: float = 120.0,
    ) -> None:
        """A warehouse in a dataset; the connection is made at first use.

        Args:
            address: ``bigquery://project/dataset``; the default dataset if only the project is named.
            connect: makes the client for a project, when it is first needed.
            location: where the dataset must be; None for wherever it is, and for the US when it is created.
            max_gib_billed: a query that would bill more is refused before it runs.
            retry_seconds: how long one operation is retried while the service is unavailable.

        Raises:
            WarehouseError: ``address`` is not one.
        """
        match = ADDRESS.fullmatch(address)
        if match is None:
            raise WarehouseError(f"{address!r} is no address of a dataset; write bigquery://project/dataset")
        self.project = match["project"]
        self.dataset = match["dataset"] or sql.DATASET
        self.location = location
        self.max_gib_billed = max_gib_billed
        self.retry_seconds = retry_seconds
        self._connect = connect
        self._runner: BigQueryJobs | None = None

    def lost(self) -> str | None:
        return None

    def filled_again(self) -> None:
        """Does nothing: BigQuery does not lose data unnoticed."""

    @traced("warehouse upsert", "steel.table")
    def upsert(self, table: Table, frame: pd.DataFrame) -> int:
        rows = staged(table, table.enforce(frame))
        with self._explained(f"write table {table.name} of"):
            jobs = self._jobs() or self._create_dataset()
            self._prepare(jobs, table)
            return self._merge(jobs, table, rows) if rows.num_rows else 0

    @traced("warehouse read", "steel.table")
    def read(self, table: Table, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
        found = self._answer(table, *sql.select(table, conditions(table, where)))
        return table.empty() if found is None else in_memory(table, found)

    def count(self, table: Table) -> int:
        found = self._answer(table, sql.count(table), [])
        return 0 if found is None else int(found[0][0].as_py())

    def lacking(self, table: Table) -> list[str]:
        with self._explained(f"look at table {table.name} of"):
            present = self._table(table) if self._jobs() else None
        return [] if present is None else missing(table, _columns(present), sql.BIGQUERY)

    def uri(self, table: Table) -> str:
        place = f"p={self.project}&d={self.dataset}&t={table.name}&page=table"
        return f"{CONSOLE}?project={self.project}&ws=!1m5!1m4!4m3!1s{self.project}!2s{self.dataset}!3s{table.name}&{place}"

    @property
    def uri_of_database(self) -> str:
        return f"{CONSOLE}?project={self.project}&p={self.project}&d={self.dataset}&page=dataset"

    @property
    def address(self) -> str:
        return f"bigquery://{self.project}/{self.dataset}"

    def stored_bytes(self) -> int:
        with self._explained("measure"):
            found = [self._table(table) for table in WAREHOUSE_TABLES]
            return sum(table.num_bytes or 0 for table in found if table is not None)

    def take_jobs(self) -> list[Job]:
        return self._runner.take() if self._runner else []

    @cached_property
    def _client(self) -> Client:
        return self._connect(self.project)

    @cached_property
    def _reference(self) -> DatasetReference:
        from google.cloud.bigquery import DatasetReference

        return DatasetReference(self.project, self.dataset)

    @cached_property
    def _tries(self) -> dict[str, Any]:
        from google.cloud.bigquery.retry import DEFAULT_RETRY

        return {"retry": DEFAULT_RETRY.with_timeout(self.retry_seconds), "timeout": REQUEST_SECONDS}

    def _merge(self, jobs: BigQueryJobs, table: Table, rows: pa.Table) -> int:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        stage = f"staged_{table.name}_{uuid.uuid4().hex}"
        try:
            jobs.query(sql.create_stage(table, stage), [], table.name, "create")
            jobs.load(rows, stage, table.name)
            job = jobs.query(*sql.merge(table, stage, span(table, rows)), table.name, "merge")
        finally:
            with suppress(GoogleAPIError, GoogleAuthError, OSError):  # it expires by itself
                self._client.delete_table(self._reference.table(stage), not_found_ok=True, retry=None, timeout=REQUEST_SECONDS)
        return int(job.num_dml_affected_rows or 0)

    def _answer(self, table: Table, query: str, parameters: list[Any]) -> pa.Table | None:
        """The result of the query; None if the table was never written. An older table first gets the columns it lacks."""
        with self._explained(f"read table {table.name} of"):
            jobs = self._jobs()
            present = self._table(table) if jobs else None
            if jobs is None or present is None:
                return None
            if migration(table, _columns(present), sql.BIGQUERY):
                self._prepare(jobs, table)
            return jobs.rows(jobs.query(query, parameters, table.name, "select"))

    def _jobs(self) -> BigQueryJobs | None:
        """Runs jobs, once the dataset's location is known; None while there is no dataset."""
        from google.api_core.exceptions import NotFound

        if self._runner is None:
            try:
                there = self._client.get_dataset(self._reference, **self._tries).location
            except NotFound:
                return None
            if self.location is not None and there.upper() != self.location.upper():
                raise WarehouseError(
                    f"dataset {self.address} is in {there}, and STEEL_BIGQUERY_LOCATION says {self.location}: a dataset never "
                    "moves. Correct the setting, or name another dataset and copy the tables (steel warehouse copy)",
                    Trouble.LOCATION,
                )
            self._runner = self._running(there)
        return self._runner

    def _create_dataset(self) -> BigQueryJobs:
        from google.cloud.bigquery import Dataset

        dataset = Dataset(self._reference)
        dataset.location = self.location or DEFAULT_LOCATION
        dataset.labels = {"app": LABEL}
        self._client.create_dataset(dataset, exists_ok=True, **self._tries)
        return self._jobs() or self._running(dataset.location)

    def _running(self, location: str) -> BigQueryJobs:
        return BigQueryJobs(
            self._client,
            self._reference,
            location,
            max_bytes_billed=int(self.max_gib_billed * GIB),
            retry_seconds=self.retry_seconds,
        )

    def _prepare(self, jobs: BigQueryJobs, table: Table) -> None:
        """Create or migrate the table to its schema.

        Raises:
            WarehouseError: a column has another type.
        """
        present = self._table(table)
        if present is None:
            jobs.query(sql.create_table(table, sql.BIGQUERY), [], table.name, "create")
            return
        refuse_orphans(table, _columns(present))
        for statement in migration(table, _columns(present), sql.BIGQUERY):
            jobs.query(statement, [], table.name, "alter")

    def _table(self, table: Table) -> BigQueryTable | None:
        from google.api_core.exceptions import NotFound

        try:
            return self._client.get_table(self._reference.table(table.name), **self._tries)
        except NotFound:
            return None

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        def refused(diagnosis: Diagnosis) -> WarehouseError:
            if LOST_RACE in diagnosis.sentence.lower():
                return WarehouseBusy(
                    f"could not {doing} {self.address}: other writers kept changing the table for {self.retry_seconds:g} s. "
                    "Nothing was written; run it again when they are done"
                )
            return WarehouseError(f"could not {doing} {self.address}: {diagnosis.sentence}", diagnosis.trouble)

        with explained(refused):
            yield


def _columns(present: BigQueryTable) -> dict[str, Present]:
    return {
        field.name: Present(DDL_NAMES.get(field.field_type, field.field_type), field.mode == "REQUIRED")
        for field in present.schema
    }
