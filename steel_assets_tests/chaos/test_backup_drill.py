"""The drill: a backup made while a run goes on, put into an empty folder, answers the same and ends that run as if nothing had
happened."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from steel_assets.sandbox import Sandbox
from steel_assets_tests.adapters.notifiers.receivers import Web, web
from steel_assets_tests.chaos.daily.catalogue import small
from steel_assets_tests.chaos.daily.world import DAILY, RETRAINING, World, wait_until
from steel_assets_tests.chaos.test_daily_kills import EVE, LIMIT, TODAY, runs, settle, steps, whole_day
from steel_assets_tests.serving.running import PREDICT, Running

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos"), pytest.mark.timeout(7_200)]


@pytest.fixture(scope="module")
def outside() -> Iterator[tuple[Sandbox, Web]]:
    with Sandbox(small()) as sandbox, web() as hook:
        yield sandbox, hook


def steel(world: World, *arguments: str) -> str:
    """What ``steel`` says in the folder and with the settings of ``world``."""
    command = [f"{sys.prefix}/bin/steel", *arguments]
    done = subprocess.run(command, env=world.environment, cwd=world.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(world: World, key: str) -> dict[str, Any]:
    """What the service over ``world`` says about tomorrow, to who holds ``key``; ages aside, which the clock makes."""
    with Running(world.folder / "home", key=key, closed=True) as service:
        service.until_read()
        said = service.client.get(PREDICT).json()
    return {name: said[name] for name in ("predicted_price_usd_per_ton", "model_version", "market") if name in said}


def history(instance: dg.DagsterInstance, day: pd.Timestamp) -> dict[str, Any]:
    """What Dagster says about the runs before ``day``: their states, and the newest materialisation of every asset then."""
    done = {run.run_id: run.status for run in instance.get_runs() if run.is_finished}
    newest = {}
    for key in instance.all_asset_keys():
        found = instance.fetch_materializations(dg.AssetRecordsFilter(key, before_timestamp=day.timestamp()), limit=1).records
        newest[key.to_user_string()] = [(record.run_id, record.timestamp) for record in found]
    return {"runs": done, "assets": newest}


def test_a_backup_of_a_working_installation_answers_the_same_elsewhere_and_finishes_its_run(
    outside: tuple[Sandbox, Web], tmp_path: Path
) -> None:
    sandbox, hook = outside
    sandbox.set_clock(EVE.to_pydatetime())
    eve = World.made(tmp_path / "eve", sandbox.url, hook.url, DAILY, RETRAINING, DAILY)
    key = str(json.loads(steel(eve, "keys", "create", "drill", "--json"))["key"])
    before = answers(eve, key)
    sandbox.set_clock(TODAY.to_pydatetime())
    with eve.instance() as instance:
        began = pd.Timestamp.now("UTC")
        known = history(instance, began)
    assert len(known["runs"]) > 0
    usual, _ = whole_day(eve.copy(tmp_path / "usual"), hook)

    archive, working = tmp_path / "backup.tar.gz", eve.copy(tmp_path / "working")
    hook.kept.clear()
    with working.instance() as instance, working.daemon():
        wait_until(lambda: bool(runs(instance)), LIMIT, lambda: "no run was launched")
        started = dg.DagsterEventType.STEP_START
        wait_until(lambda: bool(steps(instance, started)), LIMIT, lambda: "no step began")
        steel(working, "backup", "create", str(archive))
        assert not runs(instance)[0].is_finished, "the run was over before the backup: it proves nothing"
        under_way = runs(instance)[0].run_id

    elsewhere = World(tmp_path / "elsewhere", sandbox.url, hook.url, DAILY)
    elsewhere.folder.mkdir()
    steel(elsewhere, "backup", "restore", str(archive))
    assert answers(elsewhere, key) == before
    with elsewhere.instance() as instance:
        told = history(instance, began)
        assert {name: told["runs"][name] for name in known["runs"]} == known["runs"]
        assert {name: told["assets"][name] for name in known["assets"]} == known["assets"]
        assert [run.run_id for run in runs(instance)] == [under_way]
        with elsewhere.daemon():
            settle(elsewhere, instance, hook, notifications=1)
    assert different(elsewhere.facts(), usual) == []


def different(found: dict[str, Any], usual: dict[str, Any]) -> list[str]:
    """The names of what two worlds hold that is not the same, objects of the lake by their keys.

    Without what the service measured of itself: it was asked a question in one of the worlds only.
    """
    flat = [{**facts["lake"], **{name: value for name, value in facts.items() if name != "lake"}} for facts in (found, usual)]
    names = sorted({*flat[0], *flat[1]})
    return [name for name in names if not name.startswith("service/") and flat[0].get(name) != flat[1].get(name)]
