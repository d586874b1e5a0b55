"""BigQuery's jobs: a query or a load, run to its end when it is inserted, its outcome and statistics kept."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from steel_assets_tests.google.bigquery_sql import Outcome, Session
from steel_assets_tests.google.bigquery_tables import Table, Tables, check_labels
from steel_assets_tests.google.bigquery_types import cell, of_arrow, parameter
from steel_assets_tests.google.faults import Faults, NotServed, Refusal

QUERY_FIELDS = frozenset(
    {"query", "defaultDataset", "maximumBytesBilled", "queryParameters", "parameterMode", "useLegacySql", "priority"}
)
LOAD_FIELDS = frozenset({"destinationTable", "sourceFormat", "writeDisposition", "createDisposition"})
JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,1024}")
PAGE = 10_000


@dataclass
class Job:
    """One job that has ended."""

    resource: dict[str, Any]
    found: pa.Table | None = None
    refusal: Refusal | None = None


class Jobs:
    """Runs them and remembers them.

    Attributes:
        unending: whether new jobs are accepted and then neither run nor end.
    """

    def __init__(self, tables: Tables, faults: Faults) -> None:
        self.tables = tables
        self.faults = faults
        self.unending = False
        self.done: dict[tuple[str, str], Job] = {}

    def insert(self, project: str, body: Mapping[str, Any], content: bytes | None = None) -> Job:
        """Run a job. One that cannot run ends as failed; only what is not served at all is refused."""
        reference, configuration = body.get("jobReference") or {}, dict(body.get("configuration") or {})
        job_id = str(reference.get("jobId") or f"job_{uuid.uuid4().hex}")
        if not JOB_ID.fullmatch(job_id) or reference.get("projectId", project) != project:
            raise Refusal(400, f"Invalid job reference: {reference}", "invalid")
        if (project, job_id) in self.done:
            raise Refusal(409, f"Already Exists: Job {project}:{job_id}", "duplicate")
        unknown = set(configuration) - {"query", "load", "labels", "jobType"}
        if unknown:
            raise NotServed(f"jobs with {', '.join(sorted(unknown))}")
        check_labels(configuration.get("labels") or {})
        kind = next((entry for entry in ("query", "load") if entry in configuration), None)
        if kind is None:
            raise Refusal(400, "Job configuration must contain exactly one job-specific configuration object", "invalid")
        location = str(reference.get("location") or "US")
        begun = self.tables.now_ms()
        job = Job(
            {
                "kind": "bigquery#job",
                "id": f"{project}:{location}.{job_id}",
                "jobReference": {"projectId": project, "jobId": job_id, "location": location},
                "configuration": {**configuration, "jobType": kind.upper()},
                "status": {"state": "DONE"},
            }
        )
        if self.unending:
            job.resource |= {"status": {"state": "RUNNING"}, "statistics": {"creationTime": str(begun), "startTime": str(begun)}}
            self.done[project, job_id] = job
            return job
        try:
            told = self._query(job, project, location) if kind == "query" else self._load(job, location, content or b"")
        except Refusal as refusal:
            if isinstance(refusal, NotServed):
                raise
            told = {}
            job.refusal = refusal
            job.resource["status"] |= {"errorResult": refusal.told(), "errors": [refusal.told()]}
        ended = self.tables.now_ms()
        times = {"creationTime": str(begun), "startTime": str(begun), "endTime": str(ended)}
        if "query" in told:
            told["query"]["totalSlotMs"] = str(ended - begun)
        job.resource["statistics"] = {**times, **told}
        self.done[project, job_id] = job
        return job

    def find(self, project: str, job_id: str, location: str | None) -> Job:
        found = self.done.get((project, job_id))
        if found is None or location not in (None, found.resource["jobReference"]["location"]):
            raise Refusal(404, f"Not found: Job {project}:{job_id}", "notFound")
        return found

    def page(self, job: Job, first: int, size: int | None, *, micros: bool) -> dict[str, Any]:
        """An answer with a job's rows from ``first`` on. Raises the job's own failure."""
        if job.resource["status"]["state"] != "DONE":
            return {"jobReference": job.resource["jobReference"], "jobComplete": False}
        if job.refusal is not None:
            raise job.refusal
        if "query" not in job.resource["configuration"]:
            raise Refusal(400, f"Job {job.resource['id']} is no query: it has no rows", "invalid")
        statistics = job.resource["statistics"].get("query", {})
        answer: dict[str, Any] = {"jobReference": job.resource["jobReference"], "jobComplete": True, "cacheHit": False}
        answer["totalBytesProcessed"] = statistics.get("totalBytesProcessed", "0")
        if "numDmlAffectedRows" in statistics:
            answer["numDmlAffectedRows"] = statistics["numDmlAffectedRows"]
        if job.found is None:
            return answer | {"schema": {"fields": []}, "totalRows": "0"}
        kinds = [of_arrow(field.type) for field in job.found.schema]
        if first < 0 or (size is not None and size < 0):
            raise Refusal(400, f"Invalid value for a page: {first}, {size}", "invalid")
        shown = job.found.slice(first, PAGE if size is None else min(size, PAGE))
        columns = [column.to_pylist() for column in shown.columns]
        answer["schema"] = {
            "fields": [
                {"name": entry.name, "type": kind.name, "mode": "NULLABLE"}
                for entry, kind in zip(job.found.schema, kinds, strict=True)
            ]
        }
        answer["totalRows"] = str(job.found.num_rows)
        if size == 0:
            return answer
        answer["rows"] = [
            {"f": [{"v": cell(value, kind, micros=micros)} for value, kind in zip(row, kinds, strict=True)]}
            for row in zip(*columns, strict=True)
        ]
        if first + shown.num_rows < job.found.num_rows and shown.num_rows:
            answer["pageToken"] = str(first + shown.num_rows)
        return answer

    def _query(self, job: Job, project: str, location: str) -> dict[str, Any]:
        told = job.resource["configuration"]["query"]
        _only(told, QUERY_FIELDS, "queries")
        if told.get("useLegacySql") is not False or told.get("parameterMode", "POSITIONAL") != "POSITIONAL":
            raise NotServed("legacy SQL or named parameters")
        default = told.get("defaultDataset") or {}
        limit = told.get("maximumBytesBilled")
        session = Session(
            self.tables,
            project,
            default.get("datasetId"),
            location,
            None if limit is None else int(limit),
            [parameter(argument) for argument in told.get("queryParameters") or []],
        )
        outcome = self._whole(lambda: session.run(str(told.get("query", ""))), lambda done: str(done.kind).lower())
        job.found = outcome.found
        statistics: dict[str, Any] = {
            "statementType": outcome.kind,
            "cacheHit": False,
            "totalBytesProcessed": str(outcome.bytes_read),
            "totalBytesBilled": str(outcome.bytes_billed),
        }
        if outcome.affected is not None:
            statistics["numDmlAffectedRows"] = str(outcome.affected)
        return {"query": statistics, "totalBytesProcessed": str(outcome.bytes_read)}

    def _load(self, job: Job, location: str, content: bytes) -> dict[str, Any]:
        told = job.resource["configuration"]["load"]
        _only(told, LOAD_FIELDS, "loads")
        wanted = (told.get("sourceFormat"), told.get("createDisposition"), told.get("writeDisposition"))
        if wanted != ("PARQUET", "CREATE_NEVER", "WRITE_EMPTY"):
            raise NotServed(f"loads of {wanted}; only Parquet into an empty table that exists")
        place = told["destinationTable"]
        table = self.tables.table(place["projectId"], place["datasetId"], place["tableId"], location)
        if self.tables.count(table):
            raise Refusal(409, f"Already Exists: Table {table.full_name}", "duplicate")
        try:
            rows = pq.read_table(io.BytesIO(content))
        except (pa.ArrowInvalid, OSError) as error:
            raise Refusal(400, f"Error while reading data, error message: {error}", "invalid") from error
        _fits(rows, table)

        def load() -> Outcome:
            self.tables.append(table, rows)
            return Outcome("load")

        self._whole(load, lambda done: done.kind)
        stored = self.tables.bytes_of(table, {field["name"].lower() for field in table.fields})
        sizes = {"outputRows": rows.num_rows, "outputBytes": stored, "inputFiles": 1, "inputFileBytes": len(content)}
        return {"load": {name: str(size) for name, size in sizes.items()}}

    def _whole(self, run: Any, kind: Any) -> Outcome:
        """Run in one transaction; a planned fault takes it back, or lets it stand and reports a failure."""
        database, before = self.tables.rows, self.tables.as_they_are()
        database.execute("BEGIN")
        try:
            outcome: Outcome = run()
            fault = self.faults.strikes_job(kind(outcome))
            if fault is not None and not fault.after:
                raise fault.refusal
        except BaseException:
            database.execute("ROLLBACK")
            self.tables.tables = before
            raise
        database.execute("COMMIT")
        if fault is not None:
            raise fault.refusal
        return outcome


def _only(told: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = {name for name, value in told.items() if name not in known and value is not None}
    if unknown:
        raise NotServed(f"{what} with {', '.join(sorted(unknown))}")


def _fits(rows: pa.Table, table: Table) -> None:
    """Refuse a file whose columns are not the table's, or may be empty where the table's may not.

    Not served: figures that are no number, which DuckDB compares otherwise than BigQuery.
    """
    required = {field["name"] for field in table.fields if field["mode"] == "REQUIRED"}
    for field in rows.schema:
        wanted = table.type_of(field.name)
        if wanted is None:
            raise Refusal(
                400, f"Provided Schema does not match Table {table.full_name}. Cannot add fields (field: {field.name})", "invalid"
            )
        if of_arrow(field.type) != wanted:
            message = f"Provided Schema does not match Table {table.full_name}. Field {field.name} has changed type from "
            raise Refusal(400, f"{message}{wanted.name} to {of_arrow(field.type).name}", "invalid")
        if wanted.name == "FLOAT" and pyarrow.compute.any(pyarrow.compute.is_nan(rows[field.name])).as_py():
            raise NotServed("loads of NaN")
        if field.nullable and field.name in required:
            message = f"Provided Schema does not match Table {table.full_name}. Field {field.name} has changed mode"
            raise Refusal(400, f"{message} from REQUIRED to NULLABLE", "invalid")
