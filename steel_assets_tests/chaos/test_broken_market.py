"""A market that breaks at any stage of a run that a real daemon launched costs itself, and people are told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from steel_assets.sandbox import Sandbox
from steel_assets_tests.adapters.notifiers.receivers import Web, web
from steel_assets_tests.assets.breaking import BROKEN, STAGES, WHOLE, WHY, behind
from steel_assets_tests.assets.sensors.test_daemon import content
from steel_assets_tests.chaos.daily.catalogue import small
from steel_assets_tests.chaos.daily.world import DAILY, RETRAINING, World, wait_until
from steel_assets_tests.chaos.test_daily_kills import EVE, LIMIT, TODAY, runs

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos"), pytest.mark.timeout(7_200)]

RETRAINED = ("model", "validation", "promotion")
"""Stages of a retraining; the others are those of a daily run."""


@pytest.fixture(scope="module")
def hook() -> Iterator[Web]:
    with web() as found:
        yield found


@pytest.fixture(scope="module")
def day(hook: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The morning of a day before which the market was forecast; its sandbox runs on."""
    with Sandbox(small()) as sandbox:
        sandbox.set_clock(EVE.to_pydatetime())
        world = World.made(tmp_path_factory.mktemp("eve") / "world", sandbox.url, hook.url, DAILY, RETRAINING, DAILY)
        sandbox.set_clock(TODAY.to_pydatetime())
        yield world


@pytest.mark.parametrize("stage", STAGES)
def test_a_market_that_breaks_is_red_alone_and_told_once(day: World, hook: Web, tmp_path: Path, stage: str) -> None:
    _, asset = STAGES[stage]
    hook.kept.clear()
    job = RETRAINING if stage in RETRAINED else DAILY
    world = replace(day.copy(tmp_path / "day"), job=job, broken=stage)
    with world.instance() as instance, world.daemon():
        wait_until(lambda: bool(runs(instance)) and runs(instance)[0].is_finished, LIMIT, lambda: f"{world.folder}")
        wait_until(
            lambda: any(about_the_run(notification) for notification in content(hook.kept)), LIMIT, lambda: f"{world.folder}"
        )
        wait_until(lambda: not world.facts()["waiting"], LIMIT, lambda: "a message was not sent")
        run = runs(instance)[0]
        assert run.status == dg.DagsterRunStatus.FAILURE
        failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        assert [str(event.step_key).split(".")[0] for event in failures] == [f"{BROKEN}__{asset}"]
        made = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        keys = {str(event.asset_materialization.asset_key.to_user_string()) for event in made if event.asset_materialization}
        planned = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
        asked = {str(event.get_dagster_event().asset_key.to_user_string()) for event in planned}  # type: ignore[union-attr]
    assert {key for key in asked if key.startswith(WHOLE)} <= keys, "the other market is whole"
    mine = {key.rpartition("/")[2] for key in asked if key.startswith(BROKEN)}
    assert {key for key in asked if key.startswith(BROKEN)} - keys == {f"{BROKEN}/{name}" for name in behind(asset, mine)}
    [notification] = [
        notification for notification in content(hook.kept) if about_the_run(notification) and not notification["repeat"]
    ]
    assert BROKEN in str(notification)
    assert WHY in str(notification)


def about_the_run(notification: dict[str, object]) -> bool:
    """Whether a message is about a run that failed."""
    return WHY in str(notification)
