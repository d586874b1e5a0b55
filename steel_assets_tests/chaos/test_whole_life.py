"""``steel run`` on machines that keep nothing: killed anywhere the next one continues; many short lives equal one long one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.lake.compacted import COPIES, compacted
from steel_assets.adapters.lake.lake import RAW
from steel_assets.adapters.lake.snapshots import FOLDER as PUBLISHED
from steel_assets.adapters.lake.snapshots import SnapshotStore, parsed
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.operations.instance_state import PREFIX, kept_files
from steel_assets_tests.adapters.notifiers.receivers import Web, web
from steel_assets_tests.assets.sensors.test_daemon import content
from steel_assets_tests.chaos.daily.catalogue import MARKETS, small
from steel_assets_tests.chaos.daily.world import DAILY, RETRAINING, World
from steel_assets_tests.isolation import ROOT, outside

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos"), pytest.mark.timeout(3600)]

SEED = int(os.environ.get("CHAOS_SEED", "11"))
HANGS = 14_400
"""Seconds after which forty lives hang, on a machine however busy."""

EVE, TODAY = "2026-03-17T08:05:00Z", "2026-03-18T08:05:00Z"
MONITORING = "performance_monitoring"
DRIVERS = ("lme_scrap_m01", "crude_wti", "ppi_scrap")
"""One of each provider that the market reads; the last one's is down."""

ABOUT_THE_RUN = ("metrics", "costs")
"""Parts of what is published that say how long this very run took and what that costs."""


@dataclass
class Machines:
    """Lives on demand, each as if on a machine of its own."""

    process: subprocess.Popen[str]
    hook: Web

    def world(
        self, folder: Path, markets: Sequence[str] = MARKETS[:1], drivers: Sequence[str] = DRIVERS, years: int = 1
    ) -> World:
        """A folder with a home, and nothing else that stays. What is kept of a life depends on no number of these."""
        folder.mkdir(parents=True, exist_ok=True)
        nobody = "http://127.0.0.1:9"
        return World(folder, nobody, self.hook.url, markets=tuple(markets), drivers=tuple(drivers), years=years)

    def live(
        self,
        world: World,
        job: str,
        moment: str,
        *,
        stays: bool = False,
        kill_after: float | None = None,
        lease: float | None = None,
        at_once: int = 1,
    ) -> tuple[str, float]:
        """``killed`` or the exit code, and how long it took; with ``at_once`` the exit codes of so many.

        ``lease``: its length in seconds, where nobody is killed.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        wanted: dict[str, Any] = {"folder": str(world.folder), "environment": world.environment, "job": job, "moment": moment}
        wanted |= {"stays": stays, "at_once": at_once} | ({} if lease is None else {"lease": lease})
        self.process.stdin.write(json.dumps(wanted) + "\n")
        self.process.stdin.flush()
        child, started = int(self.process.stdout.readline().split()[0]), time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return self.process.stdout.readline().strip(), time.monotonic() - started


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """A process that has imported everything; its children live."""
    command, environment = [sys.executable, "-m", "steel_assets_tests.chaos.daily.whole"], outside() | {"PYTHONPATH": str(ROOT)}
    with (
        web() as hook,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process,
    ):
        yield Machines(process, hook)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=120)


@dataclass
class Days:
    """Worlds that are only copied: after the day before, and after the day too; what was told meanwhile, and how long it took."""

    before: World
    usual: World
    told: set[str]
    seconds: float


@pytest.fixture(scope="module")
def eve(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str]:
    """The day before, lived by two machines at once that kept nothing, and how the two ended; only copied."""
    world = machines.world(tmp_path_factory.mktemp("eve") / "before")
    return world, machines.live(world, DAILY, EVE, lease=120.0, at_once=2)[0]


@pytest.fixture(scope="module")
def lived(machines: Machines, eve: tuple[World, str], tmp_path_factory: pytest.TempPathFactory) -> Days:
    """The eve and an undisturbed daily run, each on machines that kept nothing."""
    before, _ = eve
    machines.hook.kept.clear()
    usual = before.copy(tmp_path_factory.mktemp("lived") / "usual")
    outcome, seconds = machines.live(usual, DAILY, TODAY)
    assert outcome == "0", (usual.folder / "life.log").read_text()
    return Days(before, usual, titles(machines.hook), seconds)


def facts(world: World) -> dict[str, Any]:
    """What lives leave behind, but for how long they took and what keeps their instance."""
    found = world.facts()
    apart = (PREFIX, PUBLISHED)
    found["lake"] = dict(_settled(key, entry) for key, entry in found["lake"].items() if not key.startswith(apart))
    snapshots = SnapshotStore(world.store, None)
    pointer = snapshots.pointer()
    assert pointer is not None
    parts = parsed(snapshots.content(pointer))
    found["published"] = {name: part.content for name, part in parts.items() if name not in ABOUT_THE_RUN}
    return found


def _settled(key: str, content: bytes) -> tuple[str, Any]:
    """Key and content of an object, but for the times that are in it.

    A note of what was scored counts the rows of all markets at that moment: more where a run is made a second time. A compacted
    raw file says when it was made, and its name has a digest of that too.
    """
    if key.startswith("state/scored/"):
        return key, {name: value for name, value in json.loads(content).items() if name != "rows"}
    if "/compacted/" in key:
        piece = compacted(f"{RAW}{key.removeprefix(COPIES).removeprefix(RAW)}", content).piece
        return key.rpartition("-")[0], (piece.rows, piece.table.to_pydict())
    return key, content


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Part by part, so that a failure says which."""
    for what, expected in wanted.items():
        if isinstance(expected, dict):
            assert sorted(found[what]) == sorted(expected), what
            assert [name for name in expected if found[what][name] != expected[name]] == [], what
        else:
            assert found[what] == expected, what


def notifications(hook: Web) -> list[str]:
    """The keys of what was told and did not say that it may have been told before."""
    return [notification["key"] for notification in content(hook.kept) if not notification["repeat"]]


def titles(hook: Web) -> set[str]:
    return {message["title"] for notification in content(hook.kept) for message in notification["messages"]}


@pytest.mark.parametrize(
    "kills", [pytest.param(2, id="2"), pytest.param(30, id="30", marks=[pytest.mark.chaos, pytest.mark.timeout(HANGS)])]
)
def test_killed_at_any_moment_the_next_one_continues_and_leaves_what_an_undisturbed_one_leaves(
    machines: Machines, lived: Days, kills: int, tmp_path: Path
) -> None:
    wanted, seconds = facts(lived.usual), lived.seconds
    chance, killed = np.random.default_rng(SEED), 0
    for turn in chance.permutation(kills):
        # evenly over the life, so that a few kills hit its run, its looks and what comes after
        after, hit = seconds * (turn + chance.uniform(0, 1)) / kills, "too late"
        for attempt in range(6):  # a machine that is less busy now lives faster than the undisturbed life was measured
            machines.hook.kept.clear()
            world = lived.before.copy(tmp_path / f"day-{turn}-{attempt}")
            hit = machines.live(world, DAILY, TODAY, kill_after=after)[0]
            if hit == "killed":
                break
            after /= 2
        killed += hit == "killed"
        print(f"part {turn + 1} of {kills}: killed after {after:.1f} of {seconds:.1f} s: {hit}", flush=True)  # noqa: T201
        assert machines.live(world, DAILY, TODAY)[0] == "0", (world.folder / "life.log").read_text()
        same(facts(world), wanted)
        assert len(set(notifications(machines.hook))) == len(notifications(machines.hook)), "nothing was told twice"
        assert titles(machines.hook) == lived.told
        settled(world)
        shutil.rmtree(world.folder)
    assert killed >= kills * 2 // 3, "the kills hit the lives"


def settled(world: World) -> None:
    """What is kept is whole, and nothing else is there: no part of a set that was never finished."""
    from steel_assets.bootstrap import Platform
    from steel_assets.settings import Settings

    files = kept_files(Platform(Settings(home=world.folder / "home"), small()).store, None)
    found = files.current()
    assert found is not None
    files.fetch(found, world.folder / "fetched")
    there = {key.rpartition("/")[2].removesuffix(".z") for key in world.store.list(f"{PREFIX}parts/")}
    assert there >= found.contents
    assert json.loads(world.store.get(f"{PREFIX}lease.json"))["free"] is True


def days_are_equal_on_one_machine(machines: Machines, short: World, long: World, plan: list[tuple[str, str]]) -> None:
    """What ``short`` holds after ``plan``, life by life, ``long`` holds after living it on a machine that stays."""
    for job, moment in plan:
        outcome, _ = machines.live(long, job, moment, stays=True)
        assert outcome == "0", (long.folder / "life.log").read_text()
    same(facts(short), facts(long))
    assert not (short.folder / "one-machine").exists()
    with pytest.raises(ObjectNotFound):
        long.store.get(f"{PREFIX}current.json")


def test_two_days_in_fresh_instances_equal_the_same_days_on_one_machine(machines: Machines, lived: Days, tmp_path: Path) -> None:
    long = machines.world(tmp_path / "long")
    days_are_equal_on_one_machine(machines, lived.usual, long, [(DAILY, EVE), (DAILY, TODAY)])


@pytest.mark.chaos
@pytest.mark.timeout(HANGS)
def test_ten_days_with_retrainings_in_fresh_instances_equal_the_same_days_on_one_machine(
    machines: Machines, tmp_path: Path
) -> None:
    plan = []
    for day in pd.date_range("2026-03-12T08:05:00Z", periods=10):
        moments = {DAILY: day} | ({RETRAINING: day + pd.Timedelta(hours=1)} if day.dayofweek == 0 else {})
        plan += [(job, at.isoformat()) for job, at in {**moments, MONITORING: day + pd.Timedelta(hours=4)}.items()]
    short, long = (machines.world(tmp_path / name, MARKETS, drivers=(), years=3) for name in ("short", "long"))
    for job, moment in plan:
        outcome, _ = machines.live(short, job, moment)
        assert outcome == "0", (short.folder / "life.log").read_text()
    days_are_equal_on_one_machine(machines, short, long, plan)


def test_two_at_once_work_one_after_the_other_and_the_tick_is_run_once(eve: tuple[World, str]) -> None:
    world, ends = eve
    assert ends == "0 0", (world.folder / "life.log").read_text()
    files = [name for name in found_files(world) if name.startswith("dagster/history/runs/") and len(name) > 50]
    assert len(files) == 2, "one daily run and its wrap_up"


def found_files(world: World) -> list[str]:
    from steel_assets.bootstrap import Platform
    from steel_assets.settings import Settings

    found = kept_files(Platform(Settings(home=world.folder / "home"), small()).store, None).current()
    assert found is not None
    return sorted(found.files)
