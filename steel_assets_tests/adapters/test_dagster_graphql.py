"""Dagster from outside: what is asked over HTTP, and what each kind of answer becomes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from steel_assets.adapters.dagster_graphql import AlreadyRunning, DagsterAway, DagsterGraphQL


class Webserver:
    """Answers GraphQL questions as Dagster's webserver does, from what a test gives it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.unfinished: list[dict[str, Any]] = []
        self.launched: dict[str, Any] = {"__typename": "LaunchRunSuccess", "run": {"runId": "r-1", "status": "QUEUED"}}
        self.raw: bytes | None = None
        self.remembers = False
        self.jobs: tuple[str, ...] = ("daily_data_update",)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.asked.append(question)
                body = outer.raw if outer.raw is not None else json.dumps({"data": outer.answer(question)}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if "launchRun" in question["query"]:
            if self.remembers:
                times = {"creationTime": 1, "startTime": None, "endTime": None}
                self.unfinished = [{"runId": "r-1", "status": "QUEUED", "jobName": "daily_data_update", **times}]
            return {"launchRun": self.launched}
        if "runsOrError" in question["query"]:
            return {"runsOrError": {"results": self.unfinished}}
        schedule = {
            "name": "daily_data_update",
            "cronSchedule": "0 2 * * *",
            "executionTimezone": "America/Mexico_City",
            "scheduleState": {"status": "RUNNING", "ticks": [{"status": "SUCCESS", "timestamp": 5.0}]},
            "futureTicks": {"results": [{"timestamp": 9.0}]},
        }
        jobs = [{"name": job} for job in self.jobs]
        node = {"name": "__repository__", "location": {"name": "here"}, "jobs": jobs, "schedules": [schedule]}
        return {"repositoriesOrError": {"nodes": [node]}}


@pytest.fixture
def dagster() -> Iterator[Webserver]:
    server = Webserver()
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_a_launch_names_the_job_where_it_lives_and_says_where_to_watch_it(dagster: Webserver) -> None:
    run = asyncio.run(DagsterGraphQL(dagster.url).launch("daily_data_update", {"a": "b"}))
    assert run.url == f"{dagster.url}/runs/r-1"
    params = dagster.asked[-1]["variables"]["params"]
    assert params["selector"] == {
        "repositoryName": "__repository__",
        "repositoryLocationName": "here",
        "jobName": "daily_data_update",
    }
    assert params["executionMetadata"]["tags"] == [{"key": "a", "value": "b"}]


def test_a_job_that_runs_is_not_started_again(dagster: Webserver) -> None:
    dagster.unfinished = [
        {"runId": "r-0", "status": "STARTED", "jobName": "daily_data_update", "creationTime": 1, "startTime": 2, "endTime": None}
    ]
    with pytest.raises(AlreadyRunning, match=r"already running \(run r-0, started\)"):
        asyncio.run(DagsterGraphQL(dagster.url).launch("daily_data_update", {}))
    assert not any("launchRun" in question["query"] for question in dagster.asked)


def test_two_launches_at_once_start_one_run(dagster: Webserver) -> None:
    dagster.remembers = True

    async def both() -> list[Any]:
        client = DagsterGraphQL(dagster.url)
        launches = (client.launch("daily_data_update", {}) for _ in range(2))
        return await asyncio.gather(*launches, return_exceptions=True)

    assert sum(isinstance(entry, AlreadyRunning) for entry in asyncio.run(both())) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        {"__typename": "PythonError", "message": "the code location failed"},
        {"__typename": "RunConfigValidationInvalid", "errors": [{"message": "missing config"}]},
        {"__typename": "UnauthorizedError", "message": "not allowed"},
    ],
)
def test_a_refusal_is_an_error_with_dagsters_own_words(dagster: Webserver, refusal: dict[str, Any]) -> None:
    dagster.launched = refusal
    words = refusal.get("message") or refusal["errors"][0]["message"]
    with pytest.raises(DagsterAway, match=words):
        asyncio.run(DagsterGraphQL(dagster.url).launch("daily_data_update", {}))


def test_an_unknown_job_is_named(dagster: Webserver) -> None:
    with pytest.raises(DagsterAway, match="has no job retrain_everything"):
        asyncio.run(DagsterGraphQL(dagster.url).launch("retrain_everything", {}))


@pytest.mark.parametrize("raw", [b"<html>a proxy</html>", b"[]", b"{}", b'{"data": null}', b"\xff"])
def test_whatever_is_not_dagster_is_away(dagster: Webserver, raw: bytes) -> None:
    dagster.raw = raw
    with pytest.raises(DagsterAway):
        asyncio.run(DagsterGraphQL(dagster.url).runs())


def test_a_webserver_that_is_not_there_is_named_with_the_setting() -> None:
    with pytest.raises(DagsterAway, match="STEEL_DAGSTER_URL"):
        asyncio.run(DagsterGraphQL("http://127.0.0.1:9").schedules())


def test_schedules_tell_their_last_and_next_tick(dagster: Webserver) -> None:
    found = asyncio.run(DagsterGraphQL(dagster.url).schedules())
    assert [(schedule.name, schedule.running, schedule.last_tick_at, schedule.next_tick_at) for schedule in found] == [
        ("daily_data_update", True, 5.0, 9.0)
    ]
