"""A daily run or a retraining, killed at any moment and anywhere, ends as if nothing had happened: once, whole, told once."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from steel_assets.sandbox import Sandbox
from steel_assets_tests.adapters.notifiers.receivers import Web, web
from steel_assets_tests.assets.sensors.test_daemon import content
from steel_assets_tests.chaos.daily.catalogue import MARKETS, small
from steel_assets_tests.chaos.daily.world import DAILY, RETRAINING, UNFINISHED, Daemon, Reader, World, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

EVE, TODAY = pd.Timestamp("2026-03-17T08:00:00Z"), pd.Timestamp("2026-03-18T08:00:00Z")
PARTS = ("everything", "worker", "code server", "daemon")
WHOLE = "the whole run"
AIMS = {DAILY: (WHOLE,), RETRAINING: (f"{MARKETS[0]}__promotions", f"{MARKETS[0]}__candidate_models", WHOLE)}
"""What is killed in: at any moment of the run, or of the steps that decide which model is in force."""

SEED = int(os.environ.get("CHAOS_SEED", "11"))
LIMIT = 1_800
"""Seconds after which something that was waited for hangs, on a machine however busy."""


@dataclass
class Day:
    """A sandbox that stands at the day, a receiver of alerts, and the world before the day's run."""

    before: World
    hook: Web


@pytest.fixture(scope="module")
def outside() -> Iterator[tuple[Sandbox, Web]]:
    with Sandbox(small()) as sandbox, web() as hook:
        yield sandbox, hook


@pytest.fixture
def day(request: pytest.FixtureRequest, outside: tuple[Sandbox, Web], tmp_path: Path) -> Day:
    sandbox, hook = outside
    sandbox.set_clock(EVE.to_pydatetime())
    world = World.made(tmp_path / "eve", sandbox.url, hook.url, *request.param)
    sandbox.set_clock(TODAY.to_pydatetime())
    return Day(world, hook)


def runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """All runs of the day; those of the eve had no daemon."""
    return [run for run in instance.get_runs() if run.tags.get("dagster/sensor_name")]


def settle(world: World, instance: dg.DagsterInstance, hook: Web, notifications: int) -> None:
    """Until the day's run succeeded, nothing is under way, and everything was told."""

    def settled() -> bool:
        statuses = [run.status for run in runs(instance)]
        unfinished = any(status in UNFINISHED for status in statuses)
        told = len({notification["key"] for notification in content(hook.kept)}) >= notifications
        return dg.DagsterRunStatus.SUCCESS in statuses and not unfinished and told

    wait_until(settled, LIMIT, lambda: f"{[run.status for run in runs(instance)]}; {world.folder / 'daemon.log'}")
    wait_until(lambda: not world.facts()["waiting"], LIMIT, lambda: "a message was not sent")


def whole_day(world: World, hook: Web) -> tuple[dict[str, Any], dict[str, float]]:
    """What an undisturbed run leaves, and how long it takes from its launch to its end, and each of its steps."""
    hook.kept.clear()
    with world.instance() as instance, world.daemon():
        wait_until(lambda: bool(runs(instance)), LIMIT, lambda: "no run was launched")
        begun = time.monotonic()
        wait_until(lambda: runs(instance)[0].is_finished, LIMIT, lambda: "the run did not end")
        usual = {WHOLE: time.monotonic() - begun}
        ends = steps(instance, dg.DagsterEventType.STEP_SUCCESS)
        usual |= {step: ends[step] - at for step, at in steps(instance, dg.DagsterEventType.STEP_START).items()}
        settle(world, instance, hook, notifications=1)
    return world.facts(), usual


def steps(instance: dg.DagsterInstance, kind: dg.DagsterEventType) -> dict[str, float]:
    """When each step of the day's run began, or ended; in order."""
    return {str(event.step_key): event.timestamp for event in instance.all_logs(runs(instance)[0].run_id, of_type=kind)}


def killed_day(world: World, hook: Web, part: str, aim: str, after: float, notifications: int) -> str:
    """One run in which ``part`` is killed so many seconds ``after`` the beginning of ``aim``; what was hit."""
    hook.kept.clear()
    with world.instance() as instance, Reader(world) as reader:
        with world.daemon() as daemon:
            wait_until(lambda: bool(runs(instance)), LIMIT, lambda: "no run was launched")
            begun = dg.DagsterEventType.STEP_START
            wait_until(lambda: aim == WHOLE or aim in steps(instance, begun), LIMIT, lambda: f"{aim} did not begin")
            time.sleep(after)
            hit = kill(daemon, part, instance)
            if part in ("worker", "code server"):
                settle(world, instance, hook, notifications)
        if part in ("daemon", "everything"):
            with world.daemon():
                settle(world, instance, hook, notifications)
        assert reader.broken == []
        assert reader.read > 0
        assert not instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return hit


def kill(daemon: Daemon, part: str, instance: dg.DagsterInstance) -> str:
    """Kill it; where the run was."""
    run = runs(instance)[0]
    step = next(reversed(steps(instance, dg.DagsterEventType.STEP_START)), "before its first step")
    killed = daemon.kill(part)
    return f"{run.status.value} {step}" if killed and not run.is_finished else "too late"


def switched(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Pointers to production models that were changed and former models that were kept, where there are both."""
    new = {key for key, content in after["lake"].items() if before["lake"].get(key) != content}
    pointers = {key for key in new if key.startswith("models/production/") and key.endswith("/pointer.json")}
    backups = {key for key in new if key.startswith("models/backups/")}
    return pointers | backups if pointers and backups else set()


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize(
    ("day", "kills"),
    [
        pytest.param((DAILY, RETRAINING, DAILY), 30, id="daily 30"),
        pytest.param((RETRAINING, RETRAINING, DAILY), 12, id="retraining 12"),
    ],
    indirect=["day"],
)
def test_a_run_killed_anywhere_at_any_moment_ends_like_an_undisturbed_one(day: Day, kills: int, tmp_path: Path) -> None:
    expected, usual = whole_day(day.before.copy(tmp_path / "whole"), day.hook)
    notifications = {notification["key"] for notification in content(day.hook.kept)}
    assert expected["told"], "one provider is down, and somebody was told"
    if day.before.job == RETRAINING:
        assert switched(day.before.facts(), expected), "a model took over from another, which was kept"
    chance, hits = np.random.default_rng(SEED), []
    print(f"seed {SEED}, an undisturbed run takes {usual[WHOLE]:.1f} s")  # noqa: T201
    for turn in range(kills):
        part, aim = PARTS[turn % len(PARTS)], AIMS[day.before.job][turn % len(AIMS[day.before.job])]
        after = chance.uniform(0, usual[aim])
        world = day.before.copy(tmp_path / f"day-{turn}")
        hits.append(killed_day(world, day.hook, part, aim, after, len(notifications)))
        print(f"{turn + 1}: {part} killed after {after:.1f} s of {aim}: {hits[-1]}", flush=True)  # noqa: T201
        found = world.facts()
        for what, wanted in expected.items():
            assert found[what] == wanted, f"{what} differs, see {world.folder}"
        doubled = [notification for notification in content(day.hook.kept) if not notification["repeat"]]
        assert len({notification["key"] for notification in doubled}) == len(doubled) == len(notifications), "told once"
        shutil.rmtree(world.folder)
    assert sum(hit != "too late" for hit in hits) >= kills // 2, "the kills hit the run"
