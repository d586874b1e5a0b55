"""Launches runs as Dagster does by default, and notices when the process of a run is gone.

Dagster's launcher cannot notice it: a run whose machine was switched off stays STARTED until ``max_runtime_seconds``, or for
ever. Dagster's run monitoring asks this launcher for the health of each run, so a dead run fails within a minute, raises an
alert, frees its slots and is retried as far as ``run_retries`` allows. It judges only runs of this machine; any other is left
to ``max_runtime_seconds``.
"""

import json
import platform
from collections.abc import Mapping
from typing import Any

import dagster as dg

from steel_assets.adapters.machine.usage import Worker, worker
from steel_assets.assets.dagster_internals import CheckRunHealthResult, ConfigurableClassData, WorkerStatus

MACHINE_TAG = "steel/machine"
"""Tag with the machine whose process executes a run that no code server launched."""

GRPC_INFO_TAG = ".dagster/grpc_info"
"""Dagster's tag with the code server that launched a run."""

HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class WatchfulRunLauncher(dg.DefaultRunLauncher):
    """Dagster's default launcher with a health check of run processes, which it lacks."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._workers: dict[str, Worker | None] = {}

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True: Dagster's run monitoring may ask whether the process of a run is alive."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """NOT_FOUND if the run's process is gone; RUNNING if it lives, or cannot be judged from this machine."""
        if not _is_here(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING, "on another machine, so its process cannot be checked here")
        if run.run_id not in self._workers:
            begun = self._instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_START)
            event = begun[-1].dagster_event if begun else None
            if event is None or event.pid is None:
                return CheckRunHealthResult(WorkerStatus.RUNNING, "no process is recorded, so it cannot be checked")
            self._workers[run.run_id] = worker(event.pid, begun[-1].timestamp)
        process = self._workers[run.run_id]
        if process is not None and process.alive:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        del self._workers[run.run_id]
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the process of the run is gone: killed, or its machine restarted")


def _is_here(run: dg.DagsterRun) -> bool:
    """Whether the process that executes ``run`` is, or was, on this machine."""
    if run.tags.get(MACHINE_TAG) == platform.node():
        return True
    server: Mapping[str, Any] = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
    return bool(server.get("socket")) or server.get("host") in HERE
