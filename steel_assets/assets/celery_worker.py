"""The Celery application of a worker: ``celery --app steel_assets.assets.celery_worker worker --concurrency 1``.

The worker needs the platform's settings, ``DAGSTER_HOME`` with the instance that it shares with the daemon, and the daemon's
release. Each process of its pool executes one step at a time.

A step whose process dies is given out again, ``MOST`` times at most: a step that needs more memory than there is would never end.
A step of a run that has ended is not executed: a retry of the run hands it out itself.
"""

import logging
from types import SimpleNamespace
from typing import Any

import dagster as dg
from celery import Task
from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_task

from steel_assets.assets.dagster_internals import failed_step, handed_out
from steel_assets.assets.executor import celery_arguments
from steel_assets.bootstrap import platform

MOST = 3
"""Executions of one step in one run of which each lost its process."""

log = logging.getLogger("steel.celery")


class Step(Task):  # type: ignore[misc]  # celery has no types
    """One step, looked at before it is executed."""

    def __call__(self, execute_step_args_packed: dict[str, Any], executable_dict: dict[str, Any]) -> Any:
        """The events of the step; none where its run is over."""
        instance, run, step = handed_out(execute_step_args_packed)
        with instance:
            if run is None or run.is_finished:
                log.warning("step %s is not executed: its run is over", step)
                return []
            if (self.request.delivery_info or {}).get("redelivered") and begun(instance, run, step) >= MOST:
                why = f"its process was lost {MOST} times: out of memory? The log of the worker's machine says what ended it"
                return failed_step(instance, run, step, why)
        return super().__call__(execute_step_args_packed=execute_step_args_packed, executable_dict=executable_dict)


def begun(instance: dg.DagsterInstance, run: dg.DagsterRun, step: str) -> int:
    """How often ``step`` began in ``run``."""
    return sum(event.step_key == step for event in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START))


_parts = platform()
_arguments = celery_arguments(_parts.settings, _parts.secrets)
app = make_app(_arguments | {"config_source": SimpleNamespace(**_arguments["config_source"])})  # type: ignore[no-untyped-call]
execute_plan = create_task(app, base=Step)  # type: ignore[no-untyped-call]
