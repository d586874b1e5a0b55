"""Competing promotions from four processes against a bucket: one winner a round, and a pointer that is always valid."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from functools import partial

import pytest

from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets_tests.google.faults import Fault
from steel_assets_tests.google.storage_server import StorageServer

ADDRESS = "gs://steel-lake/race"
PROCESSES = 4

PROMOTER = """
import datetime as dt, json, sys
from functools import partial
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.models.store import Conflict, ModelStore

url, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
models = ModelStore(GcsStore("gs://steel-lake/race", connect=partial(storage_client, url)))
for number in range(rounds):
    models.save_candidate("hrc", 1, f"r{number}-{name}", {"model.json": name.encode()}, {"round": number})
print("ready", flush=True)
for number in range(rounds):
    sys.stdin.readline()
    seen = models.production("hrc", 1)
    print("seen", flush=True)
    sys.stdin.readline()
    try:
        models.promote("hrc", 1, f"r{number}-{name}", seen, dt.datetime(2026, 1, 5, tzinfo=dt.UTC) + dt.timedelta(hours=number))
        print("won", flush=True)
    except Conflict:
        print("lost", flush=True)
"""


@pytest.mark.parametrize("rounds", [5, pytest.param(1_000, marks=[pytest.mark.chaos, pytest.mark.timeout(3_600)])])
def test_of_four_processes_that_promote_at_once_exactly_one_wins_each_round(storage: StorageServer, rounds: int) -> None:
    storage.faults.plan(*[Fault(503, "backendError", path="/upload/.*", after=bool(turn % 2), times=1) for turn in range(4)])
    models = ModelStore(GcsStore(ADDRESS, connect=partial(storage_client, storage.url)))
    names = [f"p{number}" for number in range(PROCESSES)]
    running = [_promoter(storage.url, name, rounds) for name in names]
    stop, broken, looks = threading.Event(), [], 0

    def watch() -> None:
        nonlocal looks
        watching = ModelStore(GcsStore(ADDRESS, connect=partial(storage_client, storage.url)))
        while not stop.wait(0.02):
            try:
                pointer = watching.production("hrc", 1)
                if pointer is not None:
                    watching.load("production", "hrc", 1, pointer.version)
                    looks += 1
            except Exception as error:  # noqa: BLE001  whatever a reader meets is the finding
                broken.append(error)

    watcher = threading.Thread(target=watch)
    winners: list[str] = []
    try:
        assert [_answer(process) for process in running] == ["ready"] * PROCESSES
        watcher.start()
        for number in range(rounds):
            _tell(running)
            assert [_answer(process) for process in running] == ["seen"] * PROCESSES
            _tell(running)
            answers = [_answer(process) for process in running]
            assert sorted(answers) == ["lost"] * (PROCESSES - 1) + ["won"], f"round {number}: {answers}"
            winners.append(f"r{number}-{names[answers.index('won')]}")
    finally:
        stop.set()
        for process in running:
            process.kill()
            process.communicate()
    watcher.join()
    pointer = models.production("hrc", 1)
    assert pointer is not None
    assert [switch.version for switch in pointer.switches] == winners
    assert broken == []
    assert looks > 0
    print(json.dumps({"rounds": rounds, "promotions": rounds * PROCESSES, "readers_looks": looks}))  # noqa: T201


def _promoter(url: str, name: str, rounds: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROMOTER, url, name, str(rounds)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _tell(running: list[subprocess.Popen[str]]) -> None:
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
