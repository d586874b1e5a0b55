"""``steel run``: one job with everything around it in one process, for machines without a lasting disk (Cloud Run jobs, cron).

Exit codes: 0 everything that was due succeeded and was notified; 1 a run failed, a sensor raised, or a message is not sent yet,
and the state is stored; 2 it could not start (settings, unknown job, damaged state); 3 another process is at work; 4 it was
interrupted, or the state could not be stored, so the next one does what is missing. After 2 and 3 nothing was changed.
"""

from __future__ import annotations

import json
import logging
import platform as machine
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn

import pandas as pd
import typer
from rich.console import Console

from steel_assets.adapters.machine import logs
from steel_assets.adapters.objects.lease import SECONDS, LeaseHeld, LeaseLost, leased
from steel_assets.assets import tracing
from steel_assets.assets.resources import resources
from steel_assets.assets.runs import instance_in
from steel_assets.assets.whole_life import Life, Process, check_job
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.cli.session import Session
from steel_assets.definitions import definitions, installation
from steel_assets.operations.instance_state import LEASE, kept_files, restored_instance
from steel_assets.settings import settings

NOT_WELL, AT_WORK, BROKEN_OFF = 1, 3, 4
"""Exit codes."""

log = logging.getLogger("steel.run")


class NotFinished(Problem):
    """The process was interrupted after it started; the stored state is that of its last run, or of the process before."""


def run(
    job: Annotated[str, typer.Argument(help="daily_data_update, weekly_retraining, performance_monitoring, …")],
    wait: Annotated[
        float, typer.Option(help="seconds to wait while another steel run is at work; after that exit code 3", min=0)
    ] = 600,
    again: Annotated[bool, typer.Option("--again", help="run the job even if the run of its last tick exists")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="start with an empty history, because the stored one is damaged")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print what was done as JSON")] = False,
) -> None:
    """Run a job's last tick, all sensors and notifications once, in this process, without daemon or lasting disk.

    For Cloud Run. The Dagster instance (runs, events, ticks) is read from the lake at the start and stored there at the end.
    """
    logs.set_up(settings().log_format)
    tracing.begin(settings())
    try:
        life = lived(job, wait_seconds=wait, again=again, anew=anew)
    except LeaseHeld as error:
        _stop(error, AT_WORK)
    except NotFinished as error:
        if not isinstance(error.__cause__, Problem):  # a bug, or what the machine refused: where that was, is of use
            log.error("%s broke off", job, exc_info=error.__cause__)
        _stop(error, BROKEN_OFF)
    _say(job, life, as_json=as_json)
    if not life.well:
        raise typer.Exit(NOT_WELL)


def lived(
    job: str,
    moment: pd.Timestamp | None = None,
    *,
    wait_seconds: float,
    again: bool = False,
    anew: bool = False,
    lease_seconds: float = SECONDS,
) -> Life:
    """Load the state, run, and store the state.

    Args:
        moment: data known by then are used, and the sandbox answers as of then; None for the clock's time.

    Raises:
        UnknownJob, FilesDamaged, ObjectStoreError, LeaseHeld: nothing was changed.
        NotFinished: it was interrupted, or the state was not stored.
    """
    begun = now()
    defs = definitions(installation().reaching(moment or begun))
    check_job(defs, job)
    parts, about = platform(), {"job": job, "machine": machine.node(), "since": begun.isoformat()}
    with (
        leased(parts.store, LEASE, about, wait_seconds=wait_seconds, seconds=lease_seconds) as lease,
        tempfile.TemporaryDirectory(prefix="steel-run-") as folder,
    ):
        state = restored_instance(
            kept_files(parts.store, parts.signing_key),
            parts.home,
            Path(folder),
            anew=anew,
            json_logs=parts.settings.log_format == "json",
        )

        def keep() -> None:
            try:
                state.put_back(now(), lease.check)
            except LeaseLost:
                raise
            except (Problem, OSError) as error:
                raise NotFinished(f"the state of the instance could not be put back: {error}") from error

        with instance_in(Path(folder)) as instance, Session.open(Console(stderr=True), instance) as session:
            if session.sandbox is not None and moment is not None:
                session.sandbox.set_clock(moment)
            try:
                here = session.platform
                process = Process(defs, instance, resources(here), here.catalog.rules.schedules, keep, moment)
                return process.live(job, again=again)
            except NotFinished:
                raise
            except Exception as error:
                named = str(error) if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
                raise NotFinished(f"it broke off: {named}") from error


def _say(job: str, life: Life, *, as_json: bool) -> None:
    runs = [
        {"job": report.job, "run_id": report.run_id, "success": report.success, "failed": report.failed_steps}
        for report in life.runs
    ]
    if as_json:
        answer = {"due": life.due, "failed_before": life.failed_before, "runs": runs, "sensors": life.sensors}
        typer.echo(json.dumps(answer | {"broken": life.broken, "notifications": life.sent, "unsent": life.unsent}))
        return
    if life.failed_before:
        typer.echo(f"{job}: the run of its last tick exists and failed; --again runs it once more")
    elif life.due is None:
        typer.echo(f"{job}: nothing was due; sensors and notifications were handled")
    for run_report in life.runs:
        ended = "succeeded" if run_report.success else "failed"
        typer.echo(f"{run_report.job}: {ended} in {run_report.seconds:.1f} s (run {run_report.run_id})")
    for name, why in {**life.broken, **life.unsent}.items():
        typer.echo(f"{name}: {why}")


def _stop(error: Exception, code: int) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(code)
