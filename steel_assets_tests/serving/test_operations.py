"""The mission's operations through the service, in front of a Dagster that is well, busy, or answers errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from steel_assets.serving import schemas
from steel_assets_tests.adapters.test_dagster_graphql import Webserver
from steel_assets_tests.serving.running import Running, make_key

OPERATIONS = {
    "/update-data": "daily_data_update",
    "/retrain-model": "weekly_retraining",
    "/monitor-performance": "performance_monitoring",
}


@pytest.fixture(scope="module")
def operated(published: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Webserver]]:
    """A service with an operator's key, and the Dagster it asks."""
    home = tmp_path_factory.mktemp("operated") / "home"
    home.mkdir()
    for name in ("lake", "warehouse.duckdb"):
        (home / name).symlink_to(published / name)
    key = make_key(home, "--scope", "operate", "--scope", "read")["key"]
    dagster = Webserver()
    with Running(home, key=key, STEEL_DAGSTER_URL=dagster.url) as service:
        yield service.until_read(), dagster
    dagster.server.shutdown()
    dagster.server.server_close()


@pytest.fixture
def dagster(operated: tuple[Running, Webserver]) -> Iterator[Webserver]:
    """The same Dagster, well and idle before each test."""
    server = operated[1]
    server.jobs, server.unfinished, server.raw = tuple(OPERATIONS.values()), [], None
    server.launched = {"__typename": "LaunchRunSuccess", "run": {"runId": "r-1", "status": "QUEUED"}}
    return server


@pytest.fixture
def service(operated: tuple[Running, Webserver]) -> Running:
    return operated[0]


@pytest.mark.parametrize(("path", "job"), OPERATIONS.items())
def test_an_operation_launches_its_job_and_links_to_the_run(service: Running, dagster: Webserver, path: str, job: str) -> None:
    answer = service.client.post(path)
    assert answer.status_code == 202
    run = f"{dagster.url}/runs/r-1"
    assert answer.json() == {"status": "accepted", "job": job, "run_id": "r-1", "run_url": run}
    assert answer.headers["location"] == run
    assert dagster.asked[-1]["variables"]["params"]["selector"]["jobName"] == job


def test_while_a_run_is_not_finished_another_is_409_and_says_which(service: Running, dagster: Webserver) -> None:
    times = {"creationTime": 1, "startTime": None, "endTime": None}
    dagster.unfinished = [{"runId": "r-0", "status": "STARTED", "jobName": "weekly_retraining", **times}]
    answer = service.client.post("/retrain-model")
    assert answer.status_code == 409
    body = answer.json()
    assert set(body) == {"error", "message", "status_code", "retry_after"}
    assert body["error"] == "already_running"
    assert f"{dagster.url}/runs/r-0" in body["message"]
    assert answer.headers["retry-after"] == str(body["retry_after"])


@pytest.mark.parametrize(
    "said",
    [
        {"data": None, "errors": [{"message": "the schema says no"}]},
        {"data": {"runsOrError": None, "repositoriesOrError": None}, "errors": [{"message": "the schema says no"}]},
        {"data": {}},
        {"data": {"runsOrError": {"__typename": "PythonError", "message": "its storage is away"}, "repositoriesOrError": {}}},
        ["not", "an", "object"],
        "<html>a proxy's page</html>",
    ],
)
def test_an_error_that_dagster_answers_with_200_is_503_with_the_reason(service: Running, dagster: Webserver, said: Any) -> None:
    dagster.raw = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    for answer in (service.client.post("/update-data"), service.client.get("/automation/status")):
        assert answer.status_code == 503, answer.text
        assert set(answer.json()) == {"error", "message", "status_code", "retry_after"}
        assert answer.json()["error"] == "dagster_away"
        assert "says no" not in dagster.raw.decode() or "says no" in answer.json()["message"]


@pytest.mark.parametrize("launched", [None, {"__typename": "PythonError", "message": "the run was refused"}, {}])
def test_a_launch_that_dagster_refuses_is_503(service: Running, dagster: Webserver, launched: Any) -> None:
    dagster.launched = launched
    answer = service.client.post("/update-data")
    assert answer.status_code == 503, answer.text
    assert answer.json()["error"] == "dagster_away"
    assert not launched or "message" not in launched or launched["message"] in answer.json()["message"]


def test_the_status_of_the_automation_is_schedules_and_runs(service: Running, dagster: Webserver) -> None:
    times = {"creationTime": 1, "startTime": 2, "endTime": 3}
    dagster.unfinished = [{"runId": "r-0", "status": "SUCCESS", "jobName": "daily_data_update", **times}]
    answer = service.client.get("/automation/status")
    assert answer.status_code == 200
    schemas.Automation.model_validate(answer.json())
    (schedule,) = answer.json()["schedules"]
    assert schedule["name"] == "daily_data_update"
    assert schedule["next_tick_at"] == "1970-01-01T00:00:09Z"
    (run,) = answer.json()["runs"]
    assert (run["id"], run["status"], run["url"]) == ("r-0", "SUCCESS", f"{dagster.url}/runs/r-0")
