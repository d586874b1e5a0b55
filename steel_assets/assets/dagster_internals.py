"""Every private name of Dagster that we use: what for, and since which version it is needed.

Dagster 1.13 (pinned below 1.14) has no public way to do any of these. Nothing else in this package imports ``dagster._…``,
except ``dagster_storage``, which is imported only where an instance is configured to use it; a test enforces this. A name that
a later version moves fails here, at import or at its first use, and nowhere else.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph  # what a schedule is given to resolve assets in
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus  # what a run launcher's health check answers
from dagster._core.scheduler.instigation import (  # states and ticks, as DagsterInstance returns them, have no public types
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickStatus,
)
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager  # what `steel run` keeps of output
from dagster._serdes import ConfigurableClassData  # what the instance hands to a class that dagster.yaml names
from dagster._utils.schedules import reverse_cron_string_iterator

__all__ = [
    "AssetGraph",
    "CheckRunHealthResult",
    "ConfigurableClassData",
    "InstigatorState",
    "InstigatorStatus",
    "InstigatorTick",
    "InstigatorType",
    "NoOpComputeLogManager",
    "ScheduleInstigatorData",
    "SensorInstigatorData",
    "TickStatus",
    "WorkerStatus",
    "dagster_dev",
    "databases_behind",
    "due_before",
    "evaluate_freshness",
    "events_in_order",
    "failed_step",
    "file_of_events",
    "handed_out",
    "indexed_events",
    "lost_daemons",
    "pack_events",
    "unpacked_runs",
    "webserver_cli",
]


def indexed_events(
    instance: dg.DagsterInstance, kind: dg.DagsterEventType, after: int | None, limit: int, *, ascending: bool
) -> Sequence[dg.EventLogRecord]:
    """Events of ``kind`` over all runs, by id, in one indexed query.

    The public ``fetch_…`` methods know neither run ends nor check evaluations of all assets. SQLite's own storage refuses the
    query although it keeps these events in its index; the base class reads them.
    """
    from dagster._core.storage.event_log import SqlEventLogStorage

    storage, wanted = instance.event_log_storage, dg.EventRecordsFilter(event_type=kind, after_cursor=after)
    if isinstance(storage, SqlEventLogStorage):
        return SqlEventLogStorage.get_event_records(storage, wanted, limit=limit, ascending=ascending)
    return storage.get_event_records(wanted, limit=limit, ascending=ascending)


def events_in_order(instance: dg.DagsterInstance) -> bool:
    """Whether ids of events appear in ascending order: in SQLite yes; Postgres assigns ids before it commits."""
    from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

    return isinstance(instance.event_log_storage, SqliteEventLogStorage)


def file_of_events(instance: dg.DagsterInstance, run_id: str) -> Path | None:
    """The SQLite file with the events of one run, which Dagster does not delete with the run; None on other storage."""
    from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

    storage = instance.event_log_storage
    return Path(storage.path_for_shard(run_id)) if isinstance(storage, SqliteEventLogStorage) else None


def unpacked_runs(instance: dg.DagsterInstance) -> list[str]:
    """Runs whose events our storage has not packed yet; none of another storage."""
    storage = instance.event_log_storage
    return storage.unpacked() if hasattr(storage, "unpacked") else []


def pack_events(instance: dg.DagsterInstance, run_ids: Iterable[str], go_on: Callable[[], bool]) -> int:
    """Let our storage pack the events of runs into which nobody writes any more (``EventLog.pack``); how many were packed."""
    storage = instance.event_log_storage
    return storage.pack(run_ids, go_on) if hasattr(storage, "pack") else 0


def lost_daemons(instance: dg.DagsterInstance, now: datetime, tolerance_seconds: float) -> dict[str, datetime | None]:
    """Required daemons of ``instance`` without a recent heartbeat, each with its last one (the machine's local time)."""
    from dagster._daemon.controller import get_daemon_statuses

    statuses = get_daemon_statuses(
        instance,
        instance.get_required_daemon_types(),
        curr_time_seconds=now.timestamp(),
        ignore_errors=True,
        heartbeat_tolerance_seconds=tolerance_seconds,
    )
    lost = {kind: status.last_heartbeat for kind, status in statuses.items() if not status.healthy}
    return {kind: datetime.fromtimestamp(beat.timestamp, now.tzinfo) if beat else None for kind, beat in lost.items()}


def databases_behind(instance: dg.DagsterInstance) -> dict[str, str]:
    """The instance's databases with an older schema, by name, as the text ``revision they have → revision they need``."""
    storages = {
        "runs": instance.run_storage,
        "events": instance.event_log_storage,
        "ticks": instance.schedule_storage,
    }
    versions = {name: storage.alembic_version() for name, storage in storages.items() if storage is not None}
    return {
        name: f"{version[0]} → {version[1]}"
        for name, version in versions.items()
        if version is not None and version[0] != version[1]
    }


def due_before(moment: datetime, cron: str, zone: str) -> Iterator[datetime]:
    """The ticks of ``cron`` in ``zone`` before ``moment``, newest first, with Dagster's handling of daylight saving."""
    return reverse_cron_string_iterator(moment.timestamp(), cron, zone)


def evaluate_freshness(instance: dg.DagsterInstance, graph: Any) -> int:
    """Evaluate the freshness of every asset of ``graph`` once, as the freshness daemon does each round.

    The daemon asks a code server for the graph; here the graph is this process's own. Dagster has no other evaluator.

    Returns:
        How many assets changed their freshness state.
    """
    from dagster._core.loader import LoadingContextForTest
    from dagster._daemon.freshness import FreshnessDaemon

    async def judged() -> list[bool]:
        daemon, context = FreshnessDaemon(), LoadingContextForTest(instance)
        nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
        return await asyncio.gather(*(daemon._evaluate_asset(context, node) for node in nodes))

    return sum(asyncio.run(judged()))


def handed_out(packed: dict[str, Any]) -> tuple[dg.DagsterInstance, dg.DagsterRun | None, str]:
    """What dagster-celery gives to a worker: the instance, the run (None where it was deleted), and the key of the step."""
    from dagster._grpc.types import ExecuteStepArgs
    from dagster._serdes import unpack_value

    wanted = unpack_value(packed, as_type=ExecuteStepArgs)
    instance = dg.DagsterInstance.from_ref(wanted.instance_ref) if wanted.instance_ref else dg.DagsterInstance.get()
    return instance, instance.get_run_by_id(wanted.run_id), ", ".join(wanted.step_keys_to_execute or [])


def failed_step(instance: dg.DagsterInstance, run: dg.DagsterRun, step_key: str, why: str) -> list[Any]:
    """Put on record that a step failed that no process could execute; the event, as a worker returns it.

    Dagster makes such an event only inside of a step.
    """
    from dagster._core.events import DagsterEvent
    from dagster._core.execution.plan.objects import StepFailureData
    from dagster._serdes import serialize_value
    from dagster_shared.error import SerializableErrorInfo

    event = DagsterEvent(
        event_type_value=dg.DagsterEventType.STEP_FAILURE.value,
        job_name=run.job_name,
        event_specific_data=StepFailureData(SerializableErrorInfo(why, [], None), None),  # type: ignore[no-untyped-call]
        message=why,
        step_key=step_key,
    )
    instance.report_dagster_event(event, run.run_id, logging.ERROR)
    return [serialize_value(event)]


def webserver_cli() -> Any:
    """The module of ``dagster-webserver``, whose application ``ui_guard`` wraps."""
    return import_module("dagster_webserver.cli")


def dagster_dev() -> Any:
    """The module of ``dagster dev``, which is made to start the wrapped webserver instead of its own."""
    return import_module("dagster._cli.dev")
