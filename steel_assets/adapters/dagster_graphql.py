"""Uses Dagster through its GraphQL API: launches jobs, lists runs and schedules. Imports nothing of Dagster."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

UNFINISHED = ("QUEUED", "NOT_STARTED", "MANAGED", "STARTING", "STARTED", "CANCELING")

JOBS = """query Jobs { repositoriesOrError {
  ... on RepositoryConnection { nodes { name location { name } jobs { name } schedules { name cronSchedule executionTimezone
    scheduleState { status ticks(limit: 1) { status timestamp } } futureTicks(limit: 1) { results { timestamp } } } } }
  ... on PythonError { message } } }"""

RUNS = """query Runs($filter: RunsFilter, $limit: Int) { runsOrError(filter: $filter, limit: $limit) {
  ... on Runs { results { runId status jobName creationTime startTime endTime } }
  ... on InvalidPipelineRunsFilterError { message } ... on PythonError { message } } }"""

LAUNCH = """mutation Launch($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId status } }
  ... on PipelineNotFoundError { message } ... on PythonError { message } ... on InvalidSubsetError { message }
  ... on UnauthorizedError { message } ... on RunConflict { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""


class DagsterAway(RuntimeError):
    """Dagster cannot be reached, or refuses; the message says why and what to do."""


class AlreadyRunning(RuntimeError):
    """The job has a run that is not finished."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.job} is already running (run {run.id}, {run.status.lower()}): {run.url}")
        self.run = run


@dataclass(frozen=True)
class Run:
    """One run of a job; times are Unix seconds."""

    id: str
    job: str
    status: str
    url: str
    created_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True)
class Schedule:
    """One schedule and when it ticks."""

    name: str
    cron: str
    time_zone: str | None
    running: bool
    last_tick_at: float | None
    last_tick_status: str | None
    next_tick_at: float | None


class Orchestrator(Protocol):
    """The interface of orchestrators."""

    async def launch(self, job: str, tags: Mapping[str, str]) -> Run:
        """Start ``job``.

        Raises:
            AlreadyRunning: a run of it has not finished.
            DagsterAway: Dagster cannot be reached.
        """

    async def runs(self, job: str | None = None, limit: int = 20, *, unfinished: bool = False) -> list[Run]:
        """The newest runs. Raises DagsterAway."""

    async def schedules(self) -> list[Schedule]:
        """All schedules. Raises DagsterAway."""


class DagsterGraphQL:
    """The API of a Dagster webserver.

    Args:
        url: where the webserver answers, for example http://127.0.0.1:3000.
        timeout_seconds: for one question.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout_seconds
        self._launching = asyncio.Lock()

    async def launch(self, job: str, tags: Mapping[str, str]) -> Run:
        """Launch ``job`` with ``tags``. Raises AlreadyRunning while a run of it is unfinished, DagsterAway without an answer."""
        async with self._launching:
            running = await self.runs(job, limit=1, unfinished=True)
            if running:
                raise AlreadyRunning(running[0])
            repository = next(
                (repository for repository in await self._repositories() if job in {j["name"] for j in repository["jobs"]}), None
            )
            if repository is None:
                raise DagsterAway(f"Dagster at {self.url} has no job {job}; its code location may have failed to load")
            params = {
                "selector": {
                    "repositoryName": repository["name"],
                    "repositoryLocationName": repository["location"]["name"],
                    "jobName": job,
                },
                "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
            }
            answer = await self._ask("launchRun", LAUNCH, {"params": params})
        if answer.get("__typename") != "LaunchRunSuccess":
            why = answer.get("message") or _messages(answer) or answer.get("__typename", "no reason given")
            raise DagsterAway(f"Dagster did not start {job}: {why}")
        return Run(answer["run"]["runId"], job, answer["run"]["status"], self._run_url(answer["run"]["runId"]))

    async def runs(self, job: str | None = None, limit: int = 20, *, unfinished: bool = False) -> list[Run]:
        """The newest runs, of ``job`` alone where it is given, newest first. Raises DagsterAway."""
        wanted = ({"pipelineName": job} if job else {}) | ({"statuses": list(UNFINISHED)} if unfinished else {})
        answer = await self._ask("runsOrError", RUNS, {"filter": wanted, "limit": limit})
        if "results" not in answer:
            raise DagsterAway(f"Dagster at {self.url} cannot list its runs: {answer.get('message', 'no reason given')}")
        return [
            Run(
                id=result["runId"],
                job=result["jobName"],
                status=result["status"],
                url=self._run_url(result["runId"]),
                created_at=result["creationTime"],
                started_at=result["startTime"],
                ended_at=result["endTime"],
            )
            for result in answer["results"]
        ]

    async def schedules(self) -> list[Schedule]:
        """Every schedule of every code location. Raises DagsterAway."""
        return [_schedule(schedule) for repository in await self._repositories() for schedule in repository["schedules"]]

    async def _repositories(self) -> list[dict[str, Any]]:
        answer = await self._ask("repositoriesOrError", JOBS, {})
        if "nodes" not in answer:
            raise DagsterAway(f"Dagster at {self.url} has no code location: {answer.get('message', 'no reason given')}")
        return list(answer["nodes"])

    async def _ask(self, field: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Dagster's answer to ``query``, below ``field``. GraphQL reports errors with status 200.

        Raises:
            DagsterAway: there is no answer, or it is an error.
        """
        try:
            async with asyncio.timeout(self._timeout), httpx.AsyncClient(timeout=self._timeout, trust_env=False) as client:
                response = await client.post(f"{self.url}/graphql", json={"query": query, "variables": variables})
                body = response.json()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError) as error:
            raise DagsterAway(
                f"Dagster does not answer at {self.url} ({type(error).__name__}); start it (make dev) or set STEEL_DAGSTER_URL"
            ) from error
        data = body.get("data") if isinstance(body, dict) else None
        answer = data.get(field) if isinstance(data, dict) else None
        if not isinstance(answer, dict):
            why = (_messages(body) if isinstance(body, dict) else "") or f"status {response.status_code}"
            raise DagsterAway(f"Dagster at {self.url} answers something else than its GraphQL API ({why})")
        return answer

    def _run_url(self, run: str) -> str:
        return f"{self.url}/runs/{run}"


def _messages(response: Mapping[str, Any]) -> str:
    return "; ".join(
        str(problem["message"]) for problem in response.get("errors") or [] if isinstance(problem, dict) and "message" in problem
    )


def _schedule(node: Mapping[str, Any]) -> Schedule:
    state = node["scheduleState"]
    last = next(iter(state.get("ticks") or []), None)
    coming = next(iter((node.get("futureTicks") or {}).get("results") or []), None)
    return Schedule(
        name=node["name"],
        cron=node["cronSchedule"],
        time_zone=node["executionTimezone"],
        running=state["status"] == "RUNNING",
        last_tick_at=last["timestamp"] if last else None,
        last_tick_status=last["status"] if last else None,
        next_tick_at=coming["timestamp"] if coming else None,
    )
