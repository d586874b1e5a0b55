"""BigQuery's REST interface, version 2: datasets, tables, jobs and their rows.

Served: creating and reading a dataset; reading and deleting a table; query and load jobs and their pages. Not served, and
refused: streaming, extracts, copies, listings, views, routines, jobs.query, table data (but that of tables which another service
wrote), updates of resources.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from steel_assets_tests.google.bigquery_jobs import Job, Jobs
from steel_assets_tests.google.bigquery_tables import Tables
from steel_assets_tests.google.faults import Faults, NotServed, Refusal
from steel_assets_tests.google.serving import Answer, Call, application, multipart, route

API = "/bigquery/v2/projects/{project}"
RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
PAGING = ("maxResults", "pageToken", "startIndex", "timeoutMs", "location", "formatOptions.useInt64Timestamp")


@dataclass(frozen=True)
class Result:
    """A table that another service wrote, which may hold records: its schema, and its rows as the interface writes them."""

    fields: list[dict[str, Any]]
    rows: list[dict[str, Any]]


class BigQueryServer:
    """The calls, over what is held.

    Attributes:
        url: where it answers, once it runs.
        results: tables that other services wrote, by project, dataset and name; they can be read whole and deleted.
    """

    def __init__(self) -> None:
        self.url = ""
        self.faults = Faults()
        self.forget()

    def forget(self) -> None:
        """Start anew: no datasets, no jobs, no faults."""
        self.held = Tables()
        self.results: dict[tuple[str, str, str], Result] = {}
        self.jobs = Jobs(self.held, self.faults)
        self._uploads: dict[str, tuple[str, dict[str, Any], bytearray]] = {}
        self.faults.forget()

    def app(self) -> Starlette:
        def to(path: str, method: str, answer: Answer) -> Route:
            return route(path, method, answer, self.faults)

        uploads = f"/upload{API}/jobs"
        return application(
            [
                to(f"{API}/datasets", "POST", self._create_dataset),
                to(f"{API}/datasets/{{dataset}}", "GET", self._dataset),
                to(f"{API}/datasets/{{dataset}}/tables/{{table}}", "GET", self._table),
                to(f"{API}/datasets/{{dataset}}/tables/{{table}}", "DELETE", self._delete_table),
                to(f"{API}/datasets/{{dataset}}/tables/{{table}}/data", "GET", self._data),
                to(f"{API}/jobs", "POST", self._insert),
                to(f"{API}/jobs/{{job}}", "GET", self._job),
                to(f"{API}/queries/{{job}}", "GET", self._rows),
                to(uploads, "POST", self._upload),
                to(f"/resumable{uploads}", "POST", self._upload),
                to(uploads, "PUT", self._resume),
                to(f"/resumable{uploads}", "PUT", self._resume),
            ],
            self.faults,
        )

    def _create_dataset(self, call: Call) -> dict[str, Any]:
        call.only()
        return self.held.create_dataset(call.names["project"], call.json())

    def _dataset(self, call: Call) -> dict[str, Any]:
        call.only()
        return self.held.dataset(call.names["project"], call.names["dataset"])

    def _data(self, call: Call) -> dict[str, Any]:
        call.only("maxResults", "pageToken", "formatOptions.useInt64Timestamp", "selectedFields")
        result = self.results.get(_place(call))
        if result is None:
            raise NotServed("table data of tables that no other service wrote")
        first, most = int(call.query.get("pageToken") or 0), int(call.query.get("maxResults") or 100)
        more = {"pageToken": str(first + most)} if first + most < len(result.rows) else {}
        return {
            "kind": "bigquery#tableDataList",
            "totalRows": str(len(result.rows)),
            "rows": result.rows[first : first + most],
            **more,
        }

    def _table(self, call: Call) -> dict[str, Any]:
        call.only()
        if (result := self.results.get(_place(call))) is not None:
            project, dataset, table = _place(call)
            reference = {"projectId": project, "datasetId": dataset, "tableId": table}
            return {
                "tableReference": reference,
                "schema": {"fields": result.fields},
                "numRows": str(len(result.rows)),
                "type": "TABLE",
            }
        found = self.held.table(call.names["project"], call.names["dataset"], call.names["table"])
        weight = self.held.bytes_of(found, {field["name"].lower() for field in found.fields})
        return found.resource(self.held.count(found), weight, self.held.dataset(found.project, found.dataset)["location"])

    def _delete_table(self, call: Call) -> None:
        call.only()
        if self.results.pop(_place(call), None) is not None:
            return
        self.held.delete(self.held.table(call.names["project"], call.names["dataset"], call.names["table"]))

    def _insert(self, call: Call) -> dict[str, Any]:
        call.only()
        body = call.json()
        if "load" in body.get("configuration", {}):
            raise NotServed("loads from Cloud Storage")
        return _started(self.jobs.insert(call.names["project"], body))

    def _job(self, call: Call) -> dict[str, Any]:
        call.only("location")
        return self.jobs.find(call.names["project"], call.names["job"], call.query.get("location")).resource

    def _rows(self, call: Call) -> dict[str, Any]:
        call.only(*PAGING)
        job = self.jobs.find(call.names["project"], call.names["job"], call.query.get("location"))
        size = call.query.get("maxResults")
        first = int(call.query.get("pageToken") or call.query.get("startIndex") or 0)
        micros = call.query.get("formatOptions.useInt64Timestamp", "").lower() == "true"
        return self.jobs.page(job, first, None if size is None else int(size), micros=micros)

    def _upload(self, call: Call) -> dict[str, Any] | Response:
        call.only("uploadType")
        if call.query.get("uploadType") == "multipart":
            body, content = multipart(call)
            return _started(self.jobs.insert(call.names["project"], body, content))
        if call.query.get("uploadType") != "resumable":
            raise NotServed(f"uploadType={call.query.get('uploadType')}")
        upload_id = uuid.uuid4().hex
        self._uploads[upload_id] = (call.names["project"], call.json(), bytearray())
        return Response(headers={"location": f"{call.url}?uploadType=resumable&upload_id={upload_id}"})

    def _resume(self, call: Call) -> dict[str, Any] | Response:
        call.only("uploadType", "upload_id")
        piece = RANGE.fullmatch(call.headers.get("content-range", ""))
        if call.query.get("upload_id") not in self._uploads or piece is None:
            raise Refusal(404, "No such upload", "notFound")
        project, body, content = self._uploads[call.query["upload_id"]]
        first, _, total = piece.groups()
        if first is not None:
            if int(first) > len(content):
                raise Refusal(400, "The piece does not join what was sent before.", "badRequest")
            content[int(first) :] = call.body
        if total != "*" and len(content) == int(total):
            return _started(self.jobs.insert(project, body, bytes(content)))
        return Response(status_code=308, headers={"range": f"bytes=0-{len(content) - 1}"} if content else {})


def _started(job: Job) -> dict[str, Any]:
    """The answer to an insert: what does not even start is refused, what failed later says so in its status."""
    if job.refusal is not None and job.refusal.reason in ("invalidQuery", "bytesBilledLimitExceeded"):
        raise job.refusal
    return json.loads(json.dumps(job.resource))


def _place(call: Call) -> tuple[str, str, str]:
    return call.names["project"], call.names["dataset"], call.names["table"]
