"""One home and one Dagster instance in a folder, a daemon over them that can be killed, and what must be the same afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import psutil
import pyarrow.parquet as pq
import yaml

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import DATA_QUALITY, FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY, PROMOTIONS
from steel_assets_tests.chaos.daily.catalogue import MARKETS, small
from steel_assets_tests.isolation import ROOT, outside

DAILY, RETRAINING = "daily_data_update", "weekly_retraining"
DEFINITIONS = "steel_assets_tests.chaos.daily.definitions"
IMPATIENT = {
    "run_monitoring": {
        "enabled": True,
        "start_timeout_seconds": 60,
        "max_runtime_seconds": 10800,
        "poll_interval_seconds": 2,
        "free_slots_after_run_end_seconds": 2,  # a killed run leaves the slot of its pool taken, and its retry waits for it
    },
    "run_queue": {"dequeue_interval_seconds": 1, "max_user_code_failure_retries": 3, "user_code_failure_retry_delay": 30},
}
"""The shipped instance looks after its runs every half minute; here every two seconds.

A daemon starts a killed code server anew within a minute: a run that waits in the queue must be offered for longer than that.
"""

MEASURED = ["avg_latency_ms", "cost_usd"]
"""Columns that say how long something took."""

TABLES = (DATA_QUALITY, FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY, PROMOTIONS)
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass
class World:
    """A folder, the addresses that its platform talks to, the job that its daemon launches, the stage that breaks in it, its
    markets, those of their drivers that are read (all, where none is named), and how many years of prices it begins with.
    """

    folder: Path
    sandbox_url: str
    hook_url: str
    job: str = DAILY
    broken: str = ""
    markets: tuple[str, ...] = MARKETS
    drivers: tuple[str, ...] = ()
    years: int = 3

    @classmethod
    def made(cls, folder: Path, sandbox_url: str, hook_url: str, job: str, *before: str) -> World:
        """A new one for a run of ``job``, in which the jobs ``before`` ran the day before."""
        told = yaml.safe_load((ROOT / "dagster.yaml").read_text()) | IMPATIENT
        told["storage"] = {"sqlite": {"base_dir": "instance"}}
        (folder / "dagster").mkdir(parents=True)
        (folder / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(told))
        world = cls(folder, sandbox_url, hook_url, job)
        eve = [sys.executable, "-m", "steel_assets_tests.chaos.daily.eve", *before]
        done = subprocess.run(eve, env=world.environment, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return world

    def copy(self, folder: Path) -> World:
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    @property
    def environment(self) -> dict[str, str]:
        return outside() | {
            "CHAOS_JOB": self.job,
            "CHAOS_BROKEN": self.broken,
            "CHAOS_MARKETS": " ".join(self.markets),
            "CHAOS_DRIVERS": " ".join(self.drivers),
            "DAGSTER_HOME": str(self.folder / "dagster"),
            "STEEL_HOME": str(self.folder / "home"),
            "STEEL_SANDBOX_URL": self.sandbox_url,
            "STEEL_HISTORY_YEARS": str(self.years),
            "STEEL_FRED_API_BASE_URL": "http://127.0.0.1:9",  # one provider is down, so that there is something to tell
            "STEEL_HTTP_TIMEOUT_SECONDS": "600",  # on a machine however busy
            "STEEL_ALERT_WEBHOOK_URL": f"{self.hook_url}/hook",
            "PYTHONPATH": str(ROOT),
        }

    @contextmanager
    def daemon(self) -> Iterator[Daemon]:
        """A daemon at work here, killed in the end."""
        command = [sys.executable, "-m", "dagster._daemon", "run", "-m", DEFINITIONS]
        with (self.folder / "daemon.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        found = Daemon(process)
        try:
            yield found
        finally:
            found.kill("everything")
            process.wait()

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The instance as the daemon has it: relative paths count from this folder."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with dg.DagsterInstance.from_config(str(self.folder / "dagster")) as instance:
                yield instance
        finally:
            os.chdir(before)

    @property
    def store(self) -> LocalFolder:
        return LocalFolder(self.folder / "home" / "lake")

    @property
    def warehouse(self) -> DuckDBWarehouse:
        return DuckDBWarehouse(self.folder / "home" / "warehouse.duckdb")

    def facts(self) -> dict[str, Any]:
        """All that a day leaves behind and that must not depend on what happened to the processes.

        Of what is told: the causes and what is open. Which of them one message lists depends on when somebody looked.
        """
        lake = {key: self.store.get(key) for key in self.store.list("") if not key.startswith("alerts/")}
        outbox = Outbox(self.store, small().rulebook, frozenset({"log", "webhook"}))
        told = sorted({f"{waiting.event.cause or waiting.event.rule} {sorted(waiting.sent)}" for waiting in outbox.history()})
        told += sorted(f"{incident.rule} {incident.subject}" for incident in outbox.alert_state().open_incidents)
        waiting = [waiting.event.id for waiting in outbox.alert_state().queue]
        tables = {table.name: self.table(table) for table in TABLES}
        return {"lake": lake, "tables": tables, "told": told, "waiting": waiting}

    def table(self, table: Table) -> list[tuple[Any, ...]]:
        rows = self.warehouse.read(table)
        rows = rows.drop(columns=[name for name in MEASURED if name in rows])
        return [tuple("" if pd.isna(cell) else str(cell) for cell in row) for row in rows.itertuples(index=False)]


@dataclass
class Daemon:
    """The daemon, the code server that it started, and the worker that this started."""

    process: subprocess.Popen[bytes]

    def kill(self, what: str) -> bool:
        """SIGKILL to a part, or to ``everything``; False when there was nothing of it."""
        if what == "everything":
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            return True
        if what == "daemon":
            self.process.kill()
            return True
        servers = [process for process in self._below(self.process.pid) if "grpc" in _said(process)]
        if what == "worker":
            servers = [process for server in servers for process in self._below(server.pid) if "spawn_main" in _said(process)]
        for program in servers:
            with suppress(psutil.Error):
                program.kill()
        return bool(servers)

    @staticmethod
    def _below(pid: int) -> list[psutil.Process]:
        try:
            return psutil.Process(pid).children()
        except psutil.Error:
            return []


def _said(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@dataclass
class Reader(threading.Thread):
    """Somebody who reads the lake and the warehouse all the time; what could not be read is in ``broken``."""

    world: World
    broken: list[str] = field(default_factory=list)
    read: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()
        self._seen: dict[str, int] = {}

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self._over.wait(0.05):
            for key in self.world.store.list(""):
                self._look(key)
            self.world.warehouse.count(FORECASTS)

    def _look(self, key: str) -> None:
        path = self.world.store.root / key
        stamp = path.stat().st_mtime_ns
        if self._seen.get(key) == stamp:
            return
        self._seen[key] = stamp
        self.read += 1
        try:
            pq.read_table(path) if key.endswith(".parquet") else json.loads(path.read_bytes())
        except Exception as error:  # noqa: BLE001 - whatever it is, the file was not whole
            self.broken.append(f"{key}: {error}")


def wait_until(what: Any, seconds: float, why: str) -> None:
    """Until ``what()`` is true. Raises AssertionError, saying ``why``."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {why()}"
        time.sleep(0.1)
