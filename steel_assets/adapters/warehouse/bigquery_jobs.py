"""Runs BigQuery jobs with a limit on billed bytes, labels, retries where these are safe, and an account of what was billed.

Temporary failures are retried by the client's own policy. Two cases are retried here, since nothing was changed: a load that the
service aborted, and a statement that conflicted with another writer of the same table.
"""

from __future__ import annotations

import io
import random
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from steel_assets.adapters.warehouse.warehouse import Job, WarehouseError

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, DatasetReference, LoadJob, QueryJob

Ran = TypeVar("Ran", bound="LoadJob | QueryJob")

LABEL = "steel-assets"
REQUEST_SECONDS = 60.0
JOB_SECONDS = 900.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 8.0
LOST_RACE = "could not serialize access"
GIVEN_UP = frozenset(
    {
        *("backendError", "internalError", "jobBackendError", "jobInternalError", "tableUnavailable"),
        *("rateLimitExceeded", "jobRateLimitExceeded"),
    }
)
JOBS_KEPT = 1_000
"""Number of finished jobs remembered for ``take``; a service that only reads never calls that."""


class BigQueryJobs:
    """Runs jobs against one dataset, in its location."""

    def __init__(
        self, client: Client, dataset: DatasetReference, location: str, *, max_bytes_billed: int, retry_seconds: float
    ) -> None:
        self.client = client
        self.dataset = dataset
        self.location = location
        self.max_bytes_billed = max_bytes_billed
        self.retry_seconds = retry_seconds
        self._done: deque[Job] = deque(maxlen=JOBS_KEPT)

    def query(self, text: str, values: Sequence[Any], table: str, operation: str) -> QueryJob:
        """Run one statement to its end. ``values`` replace the question marks in ``text``, in order."""
        from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter
        from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

        config = QueryJobConfig(
            default_dataset=self.dataset,
            maximum_bytes_billed=self.max_bytes_billed,
            query_parameters=[ScalarQueryParameter(None, _type_of(value), value) for value in values],
            labels=_labels(table, operation),
        )

        def run() -> QueryJob:
            job = self.client.query(
                text,
                config,
                location=self.location,
                retry=DEFAULT_RETRY.with_timeout(self.retry_seconds),
                job_retry=DEFAULT_JOB_RETRY.with_timeout(self.retry_seconds),
                timeout=REQUEST_SECONDS,
            )
            job.result(retry=DEFAULT_RETRY.with_timeout(self.retry_seconds), timeout=JOB_SECONDS)
            return job

        return self._account(self._patiently(run), table, operation)

    def rows(self, job: QueryJob) -> pa.Table:
        """The result of a finished query, read page by page."""
        from google.cloud.bigquery.retry import DEFAULT_RETRY

        found = job.result(retry=DEFAULT_RETRY.with_timeout(self.retry_seconds), timeout=JOB_SECONDS)
        return found.to_arrow(create_bqstorage_client=False)

    def load(self, rows: pa.Table, stage: str, table: str) -> LoadJob:
        """Load ``rows`` into the empty table ``stage``, all or none. Loading is not billed.

        Raises:
            WarehouseError: another number of rows arrived.
        """
        from google.cloud.bigquery import LoadJobConfig

        content = io.BytesIO()
        pq.write_table(rows, content, compression="zstd")
        config = LoadJobConfig(
            source_format="PARQUET",
            write_disposition="WRITE_EMPTY",
            create_disposition="CREATE_NEVER",
            labels=_labels(table, "load"),
        )
        job = self._account(self._patiently(lambda: self._load(content, stage, config)), table, "load")
        if job.output_rows != rows.num_rows:
            raise WarehouseError(
                f"table {table}: {rows.num_rows} rows were sent and {job.output_rows} arrived in job {job.job_id}; "
                "nothing was merged. Run the upsert again",
                "damaged",
            )
        return job

    def take(self) -> list[Job]:
        """The jobs that ended since the last call, oldest first; at most ``JOBS_KEPT``."""
        done, self._done = self._done, deque(maxlen=JOBS_KEPT)
        return list(done)

    def _load(self, content: io.BytesIO, stage: str, config: Any) -> LoadJob:
        from google.api_core.exceptions import Conflict
        from google.cloud.bigquery.retry import DEFAULT_RETRY

        job_id = f"steel-load-{uuid.uuid4()}"
        try:
            job = self.client.load_table_from_file(
                content,
                self.dataset.table(stage),
                rewind=True,
                size=content.getbuffer().nbytes,
                job_id=job_id,
                location=self.location,
                job_config=config,
                timeout=REQUEST_SECONDS,
            )
        except Conflict:  # the upload was tried again because its first answer was lost: this job is ours
            job = self.client.get_job(job_id, location=self.location)
        job.result(retry=DEFAULT_RETRY.with_timeout(self.retry_seconds), timeout=JOB_SECONDS)
        return job

    def _patiently(self, run: Callable[[], Ran]) -> Ran:
        from google.api_core.exceptions import GoogleAPICallError

        deadline, pause = time.monotonic() + self.retry_seconds, FIRST_PAUSE_SECONDS
        while True:
            try:
                return run()
            except GoogleAPICallError as error:
                if not _changed_nothing_and_may_work(error) or time.monotonic() >= deadline:
                    raise
            time.sleep(random.uniform(0.1, 1.0) * pause)  # noqa: S311  spreads competing writers, keeps no secret
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _account(self, job: Ran, table: str, operation: str) -> Ran:
        seconds = (job.ended - job.started).total_seconds() if job.ended and job.started else 0.0
        rows = getattr(job, "num_dml_affected_rows", None) or getattr(job, "output_rows", None) or 0
        billed = getattr(job, "total_bytes_billed", None) or 0
        slots = (getattr(job, "slot_millis", None) or 0) / 1000
        self._done.append(Job(str(job.job_id), operation, table, int(rows), seconds, int(billed), slots))
        return job


def _changed_nothing_and_may_work(error: Any) -> bool:
    reasons = {problem.get("reason") for problem in error.errors or [] if isinstance(problem, dict)}
    return LOST_RACE in str(error).lower() or bool(reasons & GIVEN_UP)


def _labels(table: str, operation: str) -> dict[str, str]:
    return {"app": LABEL, "table": table, "operation": operation}


def _type_of(value: Any) -> str:
    """GoogleSQL's name of a Python value's type."""
    for kind, name in (
        (bool, "BOOL"),
        (int, "INT64"),
        (float, "FLOAT64"),
        (datetime, "TIMESTAMP"),
        (date, "DATE"),
        (str, "STRING"),
    ):
        if isinstance(value, kind):
            return name
    raise WarehouseError(f"a value of type {type(value).__name__} cannot be part of a query")
