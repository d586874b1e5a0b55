"""Operations: each launches a Dagster job and returns the address of its run. An error is never returned as success."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Security
from starlette.responses import Response

from steel_assets.adapters.dagster_graphql import AlreadyRunning, DagsterAway, Run, Schedule
from steel_assets.serving import schemas
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.openapi import refusals, shown
from steel_assets.serving.scopes import admitted
from steel_assets.serving.service import Service

OPERATIONS = {
    "/update-data": ("daily_data_update", "Collect, process, publish forecasts."),
    "/retrain-model": ("weekly_retraining", "Collect, train, validate; promote what has earned it."),
    "/monitor-performance": ("performance_monitoring", "Compare what was published with what happened."),
}
AUTOMATION = "/automation/status"
ACCEPTED = shown(
    schemas.Launched,
    202,
    description="The run was started.",
    headers={"Location": {"description": "where to watch the run", "schema": {"type": "string"}}},
)
AWAY_SECONDS = 30
RUNNING_SECONDS = 60


def routes(service: Service) -> APIRouter:
    """A POST route for each operation, and the state of the automation."""
    router = APIRouter(tags=["operations"])
    for path, (job, description) in OPERATIONS.items():
        router.add_api_route(
            path,
            _launcher(service, job),
            methods=["POST"],
            status_code=202,
            dependencies=[Security(admitted, scopes=["operate"])],
            name=job,
            response_model=schemas.Launched,
            description=f"{description} Needs a key with the scope operate.",
            responses=refusals(401, 403, 409, 413, 429, 503) | ACCEPTED,
        )

    @router.get(
        AUTOMATION,
        dependencies=[Security(admitted, scopes=["read", "operate"])],  # who may launch may also look at what was launched
        response_model=schemas.Automation,
        responses=refusals(401, 403, 429, 503) | shown(schemas.Automation),
    )
    async def automation_status() -> Response:
        """Schedules with their last and next tick, and the newest runs."""
        try:
            schedules, runs = await service.orchestrator.schedules(), await service.orchestrator.runs(limit=20)
        except DagsterAway as error:
            raise RequestRefused(503, str(error), error="dagster_away", retry_after=AWAY_SECONDS) from error
        body = schemas.Automation(
            schedules=[schemas.Schedule.of(_with_moments(schedule)) for schedule in schedules],
            runs=[schemas.Run.of(_with_moments(run)) for run in runs],
        )
        return Response(body.to_json(), media_type="application/json")

    return router


def _launcher(service: Service, job: str) -> Any:
    async def launch() -> Response:
        markets = [market["id"] for market in (service.snapshot["catalogue"] or {}).get("markets", [])]
        if not markets:
            raise RequestRefused(503, "the catalogue has not been read yet; try again in a moment", retry_after=5)
        tags = {
            "dagster/asset_partition_range_start": markets[0],
            "dagster/asset_partition_range_end": markets[-1],
            "steel/launched_by": "api",
        }
        try:
            run = await service.orchestrator.launch(job, tags)
        except AlreadyRunning as error:
            raise RequestRefused(409, str(error), retry_after=RUNNING_SECONDS) from error
        except DagsterAway as error:
            raise RequestRefused(503, str(error), error="dagster_away", retry_after=AWAY_SECONDS) from error
        body = schemas.Launched(status="accepted", job=job, run_id=run.id, run_url=run.url)
        return Response(body.to_json(), 202, {"location": run.url}, media_type="application/json")

    return launch


def _with_moments(reported: Run | Schedule) -> dict[str, Any]:
    """Dagster's answer with times (Unix seconds, in fields that end in ``_at``) in ISO form."""
    return {name: _iso(value) if name.endswith("_at") else value for name, value in asdict(reported).items()}


def _iso(seconds: float | None) -> str | None:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}" if seconds is not None else None
