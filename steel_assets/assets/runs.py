"""Runs a job of the platform in this process, recorded in the instance like any other run."""

import platform
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd

from steel_assets.adapters.machine.disk import write_private
from steel_assets.assets.jobs import FOLLOWED, WRAP_UP
from steel_assets.assets.moment import DAY_TAG, SINCE_TAG, FixedClock, RunClock
from steel_assets.assets.run_launcher import MACHINE_TAG
from steel_assets.assets.sensors.wrap_up import AFTER_TAG
from steel_assets.core.calendars import local_day
from steel_assets.operations.dagster_files import FILE, instance_home
from steel_assets.settings import dagster_home

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class RunReport:
    """The result of a finished run."""

    run_id: str
    job: str
    success: bool
    seconds: float
    failed_steps: dict[str, str] = field(default_factory=dict)
    failed_checks: dict[str, str] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    materialised: set[str] = field(default_factory=set)

    def add(self, other: "RunReport") -> None:
        """Add the result of a run that followed; the report keeps the first run's id."""
        self.success &= other.success
        self.seconds += other.seconds
        self.failed_steps |= other.failed_steps
        self.failed_checks |= other.failed_checks
        self.steps |= other.steps
        self.materialised |= other.materialised


def instance_here(*, begin: bool = False) -> dg.DagsterInstance:
    """The instance of DAGSTER_HOME, otherwise the one that ``dagster.yaml`` in the current folder describes.

    Args:
        begin: if there is neither, write the shipped ``dagster.yaml`` into the current folder; it stores everything in
            ``.dagster/``.

    Raises:
        InstanceNotFound: there is neither, and ``begin`` is False.
        OSError: ``dagster.yaml`` cannot be written.
    """
    if begin and dagster_home() is None and not Path(FILE).exists():
        write_private(Path(FILE), shipped_instance().read_bytes())
    home = instance_home()
    return dg.DagsterInstance.get() if dagster_home() is not None else dg.DagsterInstance.from_config(str(home))


def shipped_instance() -> Path:
    """The ``dagster.yaml`` for one machine: in the package if installed from a wheel, beside the package in a checkout."""
    package = Path(__file__).parents[1]
    return next(path for path in (package / FILE, package.parent / FILE) if path.exists())


def instance_in(folder: Path) -> dg.DagsterInstance:
    """The instance that the ``dagster.yaml`` in ``folder`` describes."""
    warnings.filterwarnings("ignore", "Handling yaml-defined logging", dg.BetaWarning)  # said once for each run
    return dg.DagsterInstance.from_config(str(folder))


def run_job(
    definitions: dg.Definitions,
    job: str,
    instance: dg.DagsterInstance,
    parts: Mapping[str, Any],
    moment: pd.Timestamp | None = None,
    on_step: Callable[[str, bool], None] = lambda name, done: None,
    *,
    only: Sequence[dg.AssetKey] | None = None,
    since: pd.Timestamp | None = None,
    given: Mapping[str, str] | None = None,
) -> RunReport:
    """Run ``job`` for all markets, then the job that follows it, and return one report about both.

    Args:
        parts: the resources of the run (``resources.resources``); the clock is that of ``moment``.
        moment: data known by then are used; None for the run's creation time.
        on_step: called with a step's name and False when it starts, True when it ends.
        only: assets of the job to materialise; None for all. With it, no job follows.
        since: ask providers again for everything from this day on.
        given: further tags of the run; ``dagster/partition`` selects another day than that of the moment.
    """
    clock = RunClock() if moment is None else FixedClock(moment)
    tags = {MACHINE_TAG: platform.node()} | ({SINCE_TAG: f"{since:%Y-%m-%d}"} if since is not None else {})
    whole = definitions.resolve_job_def(job)
    chosen = whole.get_subset(asset_selection=set(only)) if only else whole  # execute_in_process cannot narrow and take resources
    if isinstance(days := chosen.partitions_def, dg.TimeWindowPartitionsDefinition):
        tags[DAY_TAG] = f"{local_day(moment or pd.Timestamp.now('UTC'), ZoneInfo(days.timezone)):%Y-%m-%d}"
    tags |= given or {}
    parts_and_clock = {**parts, "clock": clock}
    report = _run(chosen, job, instance, parts_and_clock, tags, on_step)
    if job in FOLLOWED and not only:
        tags = {MACHINE_TAG: platform.node(), AFTER_TAG: report.run_id}
        report.add(_run(definitions.resolve_job_def(WRAP_UP), WRAP_UP, instance, parts_and_clock, tags, on_step))
    return report


def _run(
    job_def: dg.JobDefinition,
    job: str,
    instance: dg.DagsterInstance,
    parts_and_clock: Mapping[str, Any],
    tags: Mapping[str, str],
    on_step: Callable[[str, bool], None],
) -> RunReport:
    run_id = str(uuid.uuid4())

    def listen(event: dg.EventLogEntry) -> None:
        name = event.step_key
        if name and event.is_dagster_event:
            kind = event.get_dagster_event().event_type
            if kind == dg.DagsterEventType.STEP_START:
                on_step(name, False)
            elif kind in (dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.STEP_SKIPPED):
                on_step(name, True)

    instance.add_event_listener(run_id, listen)
    result = job_def.execute_in_process(
        run_id=run_id, instance=instance, resources=dict(parts_and_clock), tags=dict(tags), run_config=QUIET, raise_on_error=False
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
    report.materialised = {
        event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key
    }
    for check in result.get_asset_check_evaluations():
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            report.failed_checks[f"{check.asset_key.to_user_string()}: {check.check_name}"] = check.description or ""
    return report
