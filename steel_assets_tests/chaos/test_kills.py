"""A collection killed at any moment and run again leaves the lake of an undisturbed one, byte for byte."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from steel_assets.sandbox import Sandbox
from steel_assets_tests.chaos.world import EVE, small_catalog

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]

QUICK, MANY = 3, 100


@dataclass
class Victim:
    """A process that collects on demand, and can be killed while it does."""

    process: subprocess.Popen[str]

    def collect(self, home: Path, kill_after: float | None = None) -> tuple[bool, float]:
        """Whether the collection was killed, and how long it took."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{home}\n")
        self.process.stdin.flush()
        child, started = int(self.process.stdout.readline()), time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        outcome = self.process.stdout.readline().strip()
        assert outcome in ("killed", "0")
        return outcome == "killed", time.monotonic() - started


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    catalog = small_catalog()
    with Sandbox(catalog) as sandbox:
        sandbox.set_clock(EVE.to_pydatetime())
        command = [sys.executable, "-m", "steel_assets_tests.chaos.victim", sandbox.url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield Victim(process)
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=120)


def lake(home: Path) -> dict[str, bytes]:
    """Everything stored, by key; files that were never finished have a leading dot."""
    root = home / "lake"
    files = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("kills", [QUICK, pytest.param(MANY, marks=[pytest.mark.chaos, pytest.mark.timeout(7_200)])])
def test_killed_at_any_moment_and_run_again_the_lake_is_that_of_an_undisturbed_collection(
    kills: int, victim: Victim, tmp_path: Path
) -> None:
    _, usual = victim.collect(tmp_path / "whole")
    whole = lake(tmp_path / "whole")
    assert len([key for key in whole if key.startswith("raw-data/")]) == 4
    chance, killed, partial = np.random.default_rng(11), 0, 0
    for turn in range(kills):
        home = tmp_path / f"home-{turn}"
        was_killed, _ = victim.collect(home, kill_after=chance.uniform(0, usual))
        killed += was_killed
        partial += was_killed and 0 < len(lake(home)) < len(whole)
        victim.collect(home)
        assert lake(home) == whole
        shutil.rmtree(home)
    assert killed >= kills // 2, "the kills hit the collection"
    assert kills < MANY or partial >= kills // 10, "many of them hit it half done"
