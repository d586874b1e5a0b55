"""A real daemon, killed with -9 while it sends, restarted, its receiver down for a while: nothing lost, nothing doubled."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from steel_assets_tests.adapters.notifiers.receivers import Web, web
from steel_assets_tests.assets.sensors.world import materialise

MODULE = "steel_assets_tests.assets.sensors.daemon_definitions"
JOBS = [f"job{n}" for n in range(8)]


@contextmanager
def daemon(folder: Path, url: str, root: str) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon with its code server, in a process group of its own."""
    environment = dict(os.environ) | {
        "DAGSTER_HOME": str(folder / "dagster"),
        "STEEL_HOME": str(folder / "home"),
        "STEEL_ALERT_WEBHOOK_URL": f"{url}/hook",
        "STEEL_CATALOG_DIR": str(folder / "catalog"),
        "PYTHONPATH": root,
    }
    command = [sys.executable, "-m", "dagster._daemon", "run", "-m", MODULE]
    with (folder / "daemon.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(what: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def content(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(request["body"]) for request in requests]


def titles_by_key(server: Web) -> list[str]:
    """What a receiver has that honours idempotency keys, in order of arrival."""
    unique = {letter["key"]: letter for letter in reversed(content(server.kept))}
    return [message["title"] for letter in reversed(unique.values()) for message in letter["messages"]]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kill_9_restarts_and_a_receiver_that_is_down_lose_and_double_nothing(tmp_path: Path, project_root: str) -> None:
    for name, text in {
        "dagster/dagster.yaml": "telemetry: {enabled: false}\n",
        "catalog/rules.yaml": "alerts: {digest_above: 99}\n",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
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
            time.sleep(5)
    expected = [f"A run failed · {job}" for job in [*JOBS, "while_it_was_down"]]
    assert titles_by_key(server) == expected, "each once, in order"
    doubled = [key for key, count in Counter(letter["key"] for letter in content(server.kept)).items() if count > 1]
    marked = {letter["key"] for letter in content(server.kept) if letter["repeat"]}
    assert set(doubled) <= marked, "what went out twice over the wire said so"
    assert len(doubled) <= 2, "and only where a process died between sending and marking"


AT_ONCE = """
alerts:
  - {id: failed_tick, title: A schedule or sensor fails, severity: high, advice: Read it.}
  - {id: silent_automation, title: A schedule or sensor stopped ticking, severity: high, advice: Restart it.}
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_schedule_that_was_switched_off_and_a_sensor_that_raises_are_noticed_and_their_return_too(
    tmp_path: Path, project_root: str
) -> None:
    for name, text in {
        "dagster/dagster.yaml": "telemetry: {enabled: false}\n",
        "catalog/rules.yaml": "alerts: {digest_above: 99}\n",
        "catalog/alerts/at_once.yaml": AT_ONCE,
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    outside = dict(os.environ) | {"DAGSTER_HOME": str(tmp_path / "dagster"), "PYTHONPATH": project_root}

    def switch(word: str) -> None:
        command = [f"{sys.prefix}/bin/dagster", "schedule", word, "nightly", "-m", MODULE]
        subprocess.run(command, env=outside, cwd=tmp_path, check=True, capture_output=True)

    with web() as server, daemon(tmp_path, server.url, project_root):
        wait_for(lambda: "2 watched, 0 in trouble" in (tmp_path / "daemon.log").read_text())
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
