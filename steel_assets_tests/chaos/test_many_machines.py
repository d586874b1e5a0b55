"""A daily run on two Celery workers, each on a machine of its own: the result is one machine's, and a lost worker costs its step.

A machine is a network namespace with nothing but a way to the servers: Redis, Postgres, and the local Cloud Storage and BigQuery.
``MANY_MARKETS`` says how many markets there are (default 40), copies of the shipped ones.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import pandas as pd
import psutil
import pytest
import typer
import yaml

from steel_assets.bootstrap import platform
from steel_assets.catalog import load_catalog
from steel_assets.core.tables import ALERTS, SYSTEM_METRICS, WAREHOUSE_TABLES
from steel_assets.sandbox import Sandbox
from steel_assets.settings import Settings
from steel_assets_tests.google.__main__ import services
from steel_assets_tests.isolation import ROOT, outside
from steel_assets_tests.postgres import MISSING, PROGRAMS, postgres_here

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.xdist_group("chaos"),
    pytest.mark.timeout(28_800),
    pytest.mark.skipif(not PROGRAMS, reason=MISSING),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not on this machine"),
]

MARKETS = int(os.environ.get("MANY_MARKETS", "40"))
MOMENT = "2026-03-18T08:00:00Z"
STEP_LIMIT_SECONDS = 600
"""Longer than any step on a machine however busy."""

UNTIL_GIVEN_AWAY_SECONDS = 240
"""The same where a machine is lost: its step is given to another one after so long."""

HANGS = 14_400
"""Seconds after which a run hangs."""

MEASURED = {SYSTEM_METRICS.name, ALERTS.name}
"""Tables about the machine and the run themselves."""
ABOUT_THE_RUN = ["avg_latency_ms", "cost_usd"]


@dataclass
class Cluster:
    """Servers, the instance in Postgres, and the workers that were started."""

    folder: Path
    environment: dict[str, str]
    ports: list[int]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @contextmanager
    def worker(self, number: int) -> Iterator[subprocess.Popen[bytes]]:
        """A worker with one process, in the namespace ``steel-NUMBER``."""
        with machine(number, self.ports) as inside, (self.folder / f"worker{number}.log").open("ab") as log:
            command = [sys.executable, "-m", "celery", "--app", "steel_assets.assets.celery_worker", "worker"]
            options = ["--concurrency", "1", "--hostname", f"worker{number}@steel", "--loglevel", "INFO"]
            process = subprocess.Popen(
                [*inside, *command, *options],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                until(lambda: b"ready." in (self.folder / f"worker{number}.log").read_bytes(), HANGS)
                yield process
            finally:
                kill(process)

    def start(self, executor: str) -> subprocess.Popen[bytes]:
        """A daily run, in a process of its own."""
        command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "steel_assets_tests.chaos.many.definitions"]
        with (self.folder / "run.log").open("ab") as log:
            return subprocess.Popen(
                [*command, "-j", "daily_data_update", "--tags", '{"dagster/partition": "2026-03-18"}'],
                env=self.environment | {"STEEL_EXECUTOR": executor},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def finish(self, run: subprocess.Popen[bytes]) -> None:
        """Wait for it; it must have succeeded."""
        assert run.wait(timeout=HANGS) == 0, (self.folder / "run.log").read_text()[-4000:]

    def succeeded(self) -> list[str]:
        """Steps of the newest run that succeeded, each as often as it is on record."""
        with self.instance() as instance:
            run = instance.get_run_records(limit=1)
            if not run:
                return []
            events = instance.all_logs(run[0].dagster_run.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
            return [event.step_key for event in events if event.step_key]

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        with pytest.MonkeyPatch.context() as patched:
            for name, value in self.environment.items():
                patched.setenv(name, value)
            with dg.DagsterInstance.from_config(str(self.folder)) as instance:
                yield instance

    def tables(self) -> dict[str, pd.DataFrame]:
        """Everything in the warehouse, in the order of its keys."""
        with pytest.MonkeyPatch.context() as patched:
            for name, value in self.environment.items():
                patched.setenv(name, value)
            warehouse = platform(Settings()).warehouse
        return {
            table.name: warehouse.read(table)
            .sort_values(list(table.key), ignore_index=True)
            .drop(columns=ABOUT_THE_RUN, errors="ignore")
            for table in WAREHOUSE_TABLES
            if table.name not in MEASURED
        }


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.2)


def kill(process: subprocess.Popen[bytes]) -> None:
    """It and all that it started, at once, as when a machine loses its power."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """What it and all that it started have used of processors, also what is over by now."""
    here = psutil.Process(process.pid)
    return sum(sum(process.cpu_times()[:4]) for process in (here, *here.children(recursive=True)))


@contextmanager
def machine(number: int, ports: list[int]) -> Iterator[list[str]]:
    """How to start a command in a namespace of its own, from which the loopback ``ports`` of this machine are reached."""
    name, here, there = (
        f"steel-{os.getpid()}-{number}",
        f"st{os.getpid() % 10_000}n{number}",
        f"st{os.getpid() % 10_000}p{number}",
    )
    near, far = f"10.213.{number}.1", f"10.213.{number}.2"
    inside = ["ip", "netns", "exec", name]
    with ExitStack() as undo:
        for command in (
            f"ip netns add {name}",
            f"ip link add {here} type veth peer name {there}",
            f"ip link set {there} netns {name}",
            f"ip addr add {near}/24 dev {here}",
            f"ip link set {here} up",
            f"ip -n {name} addr add {far}/24 dev {there}",
            f"ip -n {name} link set {there} up",
            f"ip -n {name} link set lo up",
        ):
            subprocess.run(command.split(), check=True)
            if "netns add" in command:
                undo.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
        forward = [sys.executable, str(ROOT / "steel_assets_tests" / "chaos" / "many" / "forward.py")]
        for sides in ([*forward, near, "127.0.0.1"], [*inside, *forward, "127.0.0.1", near]):
            passing = subprocess.Popen([*sides, *map(str, ports)])
            undo.callback(passing.wait)
            undo.callback(passing.kill)
        yield inside


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with as many markets more as are wanted, copies of the shipped ones."""
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "markets").mkdir()
    shipped = sorted((ROOT / "steel_assets" / "catalog" / "markets").glob("[!_]*.yaml"))  # one that begins with _ is a template
    for place, file in enumerate(islice(cycle(shipped), MARKETS - len(shipped))):
        told = yaml.safe_load(file.read_text())
        told["id"] = f"{told['id']}_{place}"
        (folder / "markets" / f"{told['id']}.yaml").write_text(yaml.safe_dump(told, allow_unicode=True))
    return folder


@contextmanager
def cluster(folder: Path, catalogue: Path, step_limit: int = STEP_LIMIT_SECONDS) -> Iterator[Cluster]:
    """Empty servers of its own."""
    folder.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.postgres.yaml", folder / "dagster.yaml")
    with ExitStack() as stack:
        google, _, _ = stack.enter_context(services())
        port = stack.enter_context(postgres_here())
        sandbox = stack.enter_context(Sandbox(load_catalog()))
        sandbox.set_clock(pd.Timestamp(MOMENT).to_pydatetime())
        environment = {
            **outside(),
            **google,
            "DAGSTER_HOME": str(folder),
            "DAGSTER_LOG_DIR": str(folder / "logs"),
            "DAGSTER_PG_HOST": "127.0.0.1",
            "DAGSTER_PG_PORT": str(port),
            "DAGSTER_PG_DB": "postgres",
            "DAGSTER_PG_USER": "steel",
            "DAGSTER_PG_PASSWORD": "unused",
            "MANY_MOMENT": MOMENT,
            "PYTHONPATH": str(ROOT),
            "STEEL_CATALOG_DIR": str(catalogue),
            "STEEL_EXECUTOR": "celery",
            "STEEL_HOME": str(folder / "home"),
            "STEEL_HTTP_TIMEOUT_SECONDS": "600",  # on a machine however busy
            "STEEL_SANDBOX_URL": sandbox.url,
            "STEEL_STEP_LIMIT_SECONDS": str(step_limit),
        }
        addresses = [environment[name] for name in ("STEEL_STORAGE_ENDPOINT", "STEEL_BIGQUERY_ENDPOINT", "STEEL_REDIS_URL")]
        ports = [urlsplit(address).port or 0 for address in (*addresses, sandbox.url)]
        yield Cluster(folder, environment, [*ports, port])


@pytest.fixture(scope="module")
def one_machine(tmp_path_factory: pytest.TempPathFactory, catalogue: Path) -> dict[str, pd.DataFrame]:
    """The tables after the same run in one process."""
    with cluster(tmp_path_factory.mktemp("one") / "machine", catalogue) as alone:
        started = time.monotonic()
        alone.finish(alone.start("in_process"))
        typer.echo(f"{MARKETS} markets in one process: {time.monotonic() - started:.0f} s")
        return alone.tables()


def equal(tables: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame]) -> None:
    assert len(expected["forecasts"]) > 0
    for name, rows in expected.items():
        pd.testing.assert_frame_equal(tables[name], rows, obj=name)


def test_two_machines_give_what_one_gives(tmp_path: Path, catalogue: Path, one_machine: dict[str, pd.DataFrame]) -> None:
    seconds = {}
    for workers in (1, 2):
        with cluster(tmp_path / str(workers), catalogue) as many, ExitStack() as stack:
            processes = [stack.enter_context(many.worker(number + 1)) for number in range(workers)]
            started, before = time.monotonic(), [processor_seconds(process) for process in processes]
            many.finish(many.start("celery"))
            seconds[workers] = time.monotonic() - started
            spent = [processor_seconds(process) - at_first for process, at_first in zip(processes, before, strict=True)]
            typer.echo(f"{MARKETS} markets: {' + '.join(f'{used:.0f}' for used in spent)} processor seconds of the workers")
            equal(many.tables(), one_machine)
    typer.echo(f"{MARKETS} markets: one worker {seconds[1]:.0f} s, two {seconds[2]:.0f} s, {seconds[1] / seconds[2]:.2f} times")


def test_a_machine_that_is_lost_costs_its_step_and_nothing_else(
    tmp_path: Path, catalogue: Path, one_machine: dict[str, pd.DataFrame]
) -> None:
    with (
        cluster(tmp_path / "lost", catalogue, UNTIL_GIVEN_AWAY_SECONDS) as many,
        many.worker(1) as lost,
        many.worker(2),
    ):
        run = many.start("celery")
        until(lambda: len(many.succeeded()) > MARKETS, HANGS)
        kill(lost)
        many.finish(run)
        steps = many.succeeded()
        assert len(steps) - len(set(steps)) <= 1, "a step that had finished was run again"
        equal(many.tables(), one_machine)
