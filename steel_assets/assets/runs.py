"""Running a job of the platform in this process, recorded in the instance like any other run."""

import platform
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.assets.jobs import EVERY_MARKET
from steel_assets.assets.moment import AS_OF_TAG, SINCE_TAG
from steel_assets.assets.run_launcher import MACHINE_TAG

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class InstanceNotFound(RuntimeError):
    """There is no Dagster instance to record runs in; the message says what to do."""


@dataclass
class RunReport:
    """What a finished run says about itself."""

    run_id: str
    job: str
    success: bool
    seconds: float
    failed_steps: dict[str, str] = field(default_factory=dict)
    failed_checks: dict[str, str] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)


def instance_here() -> dg.DagsterInstance:
    """The instance of DAGSTER_HOME, else the one that ``dagster.yaml`` in this folder describes."""
    from dagster._core.instance.config import is_dagster_home_set

    if is_dagster_home_set():
        return dg.DagsterInstance.get()
    if not Path("dagster.yaml").exists():
        raise InstanceNotFound("no dagster.yaml in this folder: run steel from the project's folder, or set DAGSTER_HOME")
    return dg.DagsterInstance.from_config(str(Path.cwd()))


def run_job(
    definitions: dg.Definitions,
    job: str,
    instance: dg.DagsterInstance,
    resources: Mapping[str, Any],
    moment: pd.Timestamp | None = None,
    on_step: Callable[[str, bool], None] = lambda name, done: None,
    *,
    only: Sequence[dg.AssetKey] | None = None,
    since: pd.Timestamp | None = None,
) -> RunReport:
    """Run ``job`` for all markets, as of ``moment`` when given.

    Args:
        only: assets of the job to materialise; all by default.
        since: ask providers again for everything from this day on.
        on_step: called with a step's name and False when it starts, True when it ends.
    """
    run_id = str(uuid.uuid4())

    def listen(event: dg.EventLogEntry) -> None:
        name = event.step_key
        if name and event.is_dagster_event:
            kind = event.get_dagster_event().event_type
            if kind == dg.DagsterEventType.STEP_START:
                on_step(name, False)
            elif kind in (dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE):
                on_step(name, True)

    instance.add_event_listener(run_id, listen)
    tags = dict(EVERY_MARKET) | ({AS_OF_TAG: moment.isoformat()} if moment is not None else {})
    tags |= {SINCE_TAG: f"{since:%Y-%m-%d}"} if since is not None else {}
    tags[MACHINE_TAG] = platform.node()
    whole = definitions.resolve_job_def(job)
    chosen = whole.get_subset(asset_selection=set(only)) if only else whole  # execute_in_process cannot narrow and take resources
    result = chosen.execute_in_process(
        run_id=run_id,
        instance=instance,
        resources=dict(resources),
        tags=tags,
        run_config=QUIET,
        raise_on_error=False,
    )
    return _report(result, job, instance)


def _report(result: dg.ExecuteInProcessResult, job: str, instance: dg.DagsterInstance) -> RunReport:
    stats = instance.get_run_step_stats(result.run_id)
    timed = {s.step_key: s.end_time - s.start_time for s in stats if s.start_time and s.end_time}
    report = RunReport(result.run_id, job, result.success, sum(timed.values()), steps=timed)
    for event in result.all_events:
        if event.is_step_failure and event.step_key:
            error = event.step_failure_data.error
            cause = (error.cause or error) if error else None
            report.failed_steps[event.step_key] = cause.message.strip() if cause else "failed"
    for check in result.get_asset_check_evaluations():
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            report.failed_checks[f"{check.asset_key.to_user_string()}: {check.check_name}"] = check.description or ""
    return report
