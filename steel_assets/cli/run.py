"""``steel run``: a whole life in one process, for machines that keep nothing: Cloud Run jobs, or cron with a bucket.

Exit codes: 0 everything that was due was done and told; 1 a run failed, a sensor raised, or something waits to be told, and the
state is put back; 2 it could not begin (settings, an unknown job, a damaged state); 3 another one is at work; 4 it broke off, or
the state could not be put back, so the next one does what is missing. After 2 and 3 nothing was changed.
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
from steel_assets.adapters.objects.lease import SECONDS, Busy, LeaseLost, leased
from steel_assets.assets import tracing
from steel_assets.assets.resources import resources
from steel_assets.assets.runs import instance_in
from steel_assets.assets.whole_life import Life, Process, check_job
from steel_assets.bootstrap import platform
from steel_assets.cli.moments import now
from steel_assets.cli.problem import Problem
from steel_assets.cli.session import Session
from steel_assets.definitions import definitions, installation
from steel_assets.operations.instance_state import LEASE, kept_files, restored_instance
from steel_assets.settings import settings

NOT_WELL, AT_WORK, BROKEN_OFF = 1, 3, 4
"""Exit codes."""

log = logging.getLogger("steel.run")


class NotFinished(Problem):
    """It broke off after it had begun; the state that is kept is that of its last run, or of the life before."""


def run(
    job: Annotated[str, typer.Argument(help="daily_data_update, weekly_retraining, performance_monitoring, …")],
    wait: Annotated[float, typer.Option(help="seconds to wait for another one that is at work; then exit code 3", min=0)] = 600,
    again: Annotated[bool, typer.Option("--again", help="run the job although its last tick was run")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="begin with an empty history: the kept one is damaged")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print what was done as JSON")] = False,
) -> None:
    """Run a job's last tick and look after everything once, in this process: no daemon, no disk that stays. For Cloud Run.

    The Dagster instance (runs, events, ticks) is taken up from the lake and put back into it.
    """
    logs.set_up(settings().log_format)
    tracing.begin(settings())
    try:
        life = lived(job, wait_seconds=wait, again=again, anew=anew)
    except Busy as error:
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
    """Take the state up, live, and put it back.

    Args:
        moment: as of which the runs see the world, and the sandbox answers; the clock's when None.

    Raises:
        UnknownJob, FilesDamaged, ObjectStoreError, Busy: nothing was changed.
        NotFinished: it broke off, or the state was not put back.
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
        typer.echo(f"{job}: the run of its last tick is there, and failed; --again runs it once more")
    elif life.due is None:
        typer.echo(f"{job}: nothing was due; everything was looked after")
    for run_report in life.runs:
        ended = "succeeded" if run_report.success else "failed"
        typer.echo(f"{run_report.job}: {ended} in {run_report.seconds:.1f} s (run {run_report.run_id})")
    for name, why in {**life.broken, **life.unsent}.items():
        typer.echo(f"{name}: {why}")


def _stop(error: Exception, code: int) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(code)
