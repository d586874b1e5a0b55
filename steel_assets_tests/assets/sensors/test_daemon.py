"""A real daemon, killed with -9 while it sends, restarted, its receiver down for a while: nothing lost, nothing doubled."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from steel_assets_tests.adapters.notifiers.receivers import Web, web
from steel_assets_tests.assets.sensors.world import materialise

MODULE = "steel_assets_tests.assets.sensors.daemon_definitions"
JOBS = [f"job{n}" for n in range(8)]


@contextmanager
def daemon(folder: Path, url: str, root: str, module: str = MODULE) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon with the code server of ``module``, in a process group of its own."""
    environment = dict(os.environ) | {
        "DAGSTER_HOME": str(folder / "dagster"),
        "STEEL_HOME": str(folder / "home"),
        "STEEL_ALERT_WEBHOOK_URL": f"{url}/hook",
        "STEEL_CATALOG_DIR": str(folder / "catalog"),
        "PYTHONPATH": root,
    }
    command = [sys.executable, "-m", "steel_assets_tests.assets.sensors.quick_daemon", "run", "-m", module]
    with (folder / "daemon.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def prepared(folder: Path, rules: str = "", **alerts: int) -> None:
    """A folder for a daemon, with these rules and these lines of the policy of alerts."""
    for name, text in {
        "dagster/dagster.yaml": "telemetry: {enabled: false}\n",
        "catalog/rules.yaml": json.dumps({"alerts": {"digest_above": 99, **alerts}}),
        "catalog/alerts/at_once.yaml": rules,
    }.items():
        if text:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)


def wait_for(what: Callable[[], bool], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def sent_again(folder: Path) -> None:
    """Wait until the daemon has looked three more times for what is to be sent: a message that is doubled has arrived by then."""

    def looks() -> int:
        return (folder / "daemon.log").read_text().count("notifications sent")

    before = looks()
    wait_for(lambda: looks() >= before + 3)


def content(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(request["body"]) for request in requests]


def titles_by_key(server: Web) -> list[str]:
    """What a receiver has that honours idempotency keys, in order of arrival."""
    unique = {notification["key"]: notification for notification in reversed(content(server.kept))}
    return [message["title"] for notification in reversed(unique.values()) for message in notification["messages"]]


@pytest.mark.slow
def test_kill_9_restarts_and_a_receiver_that_is_down_lose_and_double_nothing(tmp_path: Path, project_root: str) -> None:
    prepared(tmp_path)
    with web() as server, dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        for job in JOBS:
            materialise(instance, "raise", job)
        for told in (2, 5):
            server.behave = [200] * (told - len(server.kept)) + ["keep slowly"]
            with daemon(tmp_path, server.url, project_root) as process:
                wait_for(lambda told=told: len(server.kept) > told)
                os.killpg(process.pid, signal.SIGKILL)
        materialise(instance, "raise", "while_it_was_down")
        server.behave = [503, 503, "cut"]
        with daemon(tmp_path, server.url, project_root):
            wait_for(lambda: len(titles_by_key(server)) >= len(JOBS) + 1)
            sent_again(tmp_path)
    expected = [f"The run {job} failed; what it makes is not renewed" for job in [*JOBS, "while_it_was_down"]]
    assert titles_by_key(server) == expected, "each once, in order"
    doubled = [key for key, count in Counter(notification["key"] for notification in content(server.kept)).items() if count > 1]
    marked = {notification["key"] for notification in content(server.kept) if notification["repeat"]}
    assert set(doubled) <= marked, "what went out twice over the wire said so"
    assert len(doubled) <= 2, "and only where a process died between sending and marking"


AT_ONCE = """
alerts:
  - {id: system_downtime, title: The platform stands still, severity: critical, advice: Start it.}
  - {id: failed_tick, title: A schedule or sensor fails, severity: high, advice: Read it.}
  - {id: silent_automation, title: A schedule or sensor stopped ticking, severity: high, advice: Restart it.}
"""


@pytest.mark.slow
def test_a_schedule_that_was_switched_off_and_a_sensor_that_raises_are_noticed_and_their_return_too(
    tmp_path: Path, project_root: str
) -> None:
    prepared(tmp_path, AT_ONCE)
    outside = dict(os.environ) | {"DAGSTER_HOME": str(tmp_path / "dagster"), "PYTHONPATH": project_root}

    def switch(word: str) -> None:
        command = [f"{sys.prefix}/bin/dagster", "schedule", word, "nightly", "-m", MODULE]
        subprocess.run(command, env=outside, cwd=tmp_path, check=True, capture_output=True)

    with web() as server, daemon(tmp_path, server.url, project_root):
        wait_for(lambda: "2 watched, 0 failing or silent" in (tmp_path / "daemon.log").read_text())
        switch("stop")
        (tmp_path / "broken").touch()
        wait_for(lambda: len(titles_by_key(server)) >= 2)
        switch("start")
        (tmp_path / "broken").unlink()
        wait_for(lambda: len(titles_by_key(server)) >= 4)
    wrong = ["A schedule or sensor fails · sensor stubborn", "A schedule or sensor stopped ticking · schedule nightly"]
    told = titles_by_key(server)
    assert sorted(told[:2]) == wrong
    assert sorted(title.removeprefix("Over: ") for title in told[2:]) == wrong


def logged(folder: Path) -> list[str]:
    """What the log of alerts on this machine has, in order."""
    file = folder / "home" / "alerts.log"
    lines = file.read_text().splitlines() if file.exists() else []
    return [message["title"] for line in lines for message in json.loads(line)["messages"]]


@pytest.mark.chaos
def test_a_channel_that_is_down_for_long_gets_everything_in_order_and_once_though_the_daemon_dies_meanwhile(
    tmp_path: Path, project_root: str
) -> None:
    """With the shipped pauses an hour is ten attempts; those of ``daemon_definitions`` are a second long."""
    prepared(tmp_path, channel_down_minutes=0)
    down: list[int | str] = [503, "cut"] * 1000
    with web() as server, dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        server.behave = down
        for job, attempts in (("first", 4), ("second", 8)):
            with daemon(tmp_path, server.url, project_root) as process:
                materialise(instance, "raise", job)
                wait_for(lambda attempts=attempts: len(server.requests) >= attempts)
                os.killpg(process.pid, signal.SIGKILL)
        with daemon(tmp_path, server.url, project_root):
            materialise(instance, "raise", "third")
            wait_for(lambda: len(server.requests) >= 12)
            assert server.kept == []
            server.behave = []
            wait_for(lambda: len(server.kept) >= 3)
            wait_for(lambda: "Over: Nobody gets alerts over the webhook" in logged(tmp_path))
            sent_again(tmp_path)
    assert titles_by_key(server) == [
        f"The run {job} failed; what it makes is not renewed" for job in ("first", "second", "third")
    ]
    assert len(server.kept) == 3, "each once over the wire, too"
    told = logged(tmp_path)
    runs = [title for title in told if "The run" in title]
    assert runs == titles_by_key(server), "the other channel did not wait"
    assert [title for title in told if title not in runs] == [
        "Nobody gets alerts over the webhook",
        "Over: Nobody gets alerts over the webhook",
    ]


SHARED = ("runs.db", "index.db", "schedules.db")


@contextmanager
def locked(folder: Path, seconds: float | None = None) -> Iterator[None]:
    """All of Dagster's databases are being written to by somebody else, for so long or until the block ends."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as open_ones:
            for path in [path for path in (folder / "dagster").rglob("*.db") if path.name in SHARED]:
                connection = open_ones.enter_context(closing(sqlite3.connect(path, isolation_level=None, timeout=30)))
                connection.execute("BEGIN IMMEDIATE")
            held.set()
            over.wait(seconds)

    with ThreadPoolExecutor(1) as other:
        done = other.submit(hold)
        try:
            assert held.wait(40)
            yield
        finally:
            over.set()
        done.result()


@pytest.mark.slow
def test_locked_databases_are_waited_for_or_fail_clearly_and_nothing_is_lost(tmp_path: Path, project_root: str) -> None:
    """SQLite waits for five seconds: a run that finds nothing but locks for longer cannot begin, nor can a tick end."""
    prepared(tmp_path)
    log = tmp_path / "daemon.log"
    with web() as server, dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        with daemon(tmp_path, server.url, project_root) as process:
            wait_for(lambda: "runs ended" in log.read_text())
            with locked(tmp_path, 2):
                materialise(instance, "raise", "waited")
            materialise(instance, "raise", "before")
            with locked(tmp_path):
                with pytest.raises(OperationalError, match="database is locked"):
                    materialise(instance, "raise", "refused")
                wait_for(lambda: "database is locked" in log.read_text())
            materialise(instance, "raise", "after")
            wait_for(lambda: len(titles_by_key(server)) >= 3)
            sent_again(tmp_path)
            assert process.poll() is None, "the daemon outlived it"
        jobs = [run.job_name for run in instance.get_runs()]
    assert titles_by_key(server) == [
        f"The run {job} failed; what it makes is not renewed" for job in ("waited", "before", "after")
    ]
    assert len(server.kept) == 3, "each once"
    assert sorted(jobs) == ["after", "before", "waited"], "what could not begin left nothing behind"


@pytest.mark.chaos
def test_a_daemon_that_hangs_is_noticed_from_outside_within_its_patience_and_so_is_its_return(
    tmp_path: Path, project_root: str
) -> None:
    """Stopped, not killed: its process is there, and does nothing. Heartbeats come every half minute, in real time."""
    prepared(tmp_path, AT_ONCE, daemon_silence_minutes=1)
    outside = dict(os.environ) | {
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "STEEL_HOME": str(tmp_path / "home"),
        "STEEL_CATALOG_DIR": str(tmp_path / "catalog"),
    }

    def watch() -> int:
        command = [f"{sys.prefix}/bin/steel", "alerts", "watch"]
        return subprocess.run(command, env=outside, cwd=tmp_path, check=False, capture_output=True).returncode

    with web() as server, daemon(tmp_path, server.url, project_root) as process:
        wait_for(lambda: "runs ended" in (tmp_path / "daemon.log").read_text())
        wait_for(lambda: watch() == 0)
        time.sleep(70)
        assert watch() == 0, "alive, longer than its patience"
        assert logged(tmp_path) == []
        os.killpg(process.pid, signal.SIGSTOP)
        wait_for(lambda: watch() == 1)
        os.killpg(process.pid, signal.SIGCONT)
        wait_for(lambda: watch() == 0)
    down = "The platform stands still · Dagster daemon"
    assert logged(tmp_path) == [down, f"Over: {down}"]
