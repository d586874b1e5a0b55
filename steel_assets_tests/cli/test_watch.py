"""``steel watch``: set, shown and removed from the command line, and what is said of a watch that cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.cli import watch as command
from steel_assets.cli.main import app
from steel_assets.core.problem import Problem
from steel_assets_tests.assets.measured_world import MARKET, lived, made_of
from steel_assets_tests.watched import REBAR, published


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    """A market with a forecast published."""
    found = lived(tmp_path_factory.mktemp("world"))
    made_of(found, "forecasts")
    assert made_of(found, "publication").success
    return found


@pytest.fixture
def said(world, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What the command prints."""
    monkeypatch.setattr(command, "platform", lambda: world)

    def ask(*arguments: str) -> str:
        return CliRunner().invoke(app, ["watch", *arguments], env={"COLUMNS": "200"}, catch_exceptions=False).stdout

    return ask


def test_a_watch_is_set_shown_with_how_it_is_now_and_removed_also_one_of_a_key(world, said: Callable[..., str]) -> None:
    assert "No watch is set" in said("list")
    [made] = json.loads(said("add", "level", MARKET, "--above", "1e6", "--quiet", "22:00-07:00", "--json"))["watches"]
    assert (made["owner"], made["above"], made["holds"], made["quiet"]) == ("local", 1e6, False, "22:00-07:00")
    other = WatchStore(world.store).add("sk12345678", {"kind": "move", "market": REBAR}, published(), datetime.now(UTC))
    shown = said("list")
    assert "SIMULATED DATA" in shown
    assert f"level: {MARKET} above 1e+06" in shown
    assert {watch["id"] for watch in json.loads(said("list", "--json"))["watches"]} == {made["id"], other.id}
    for name in (made["id"], other.id):
        assert f"{name} is removed" in said("remove", name)
    assert json.loads(said("list", "--json")) == {"simulated": True, "watches": []}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "level", MARKET], "above, below: name one of them"),
        (["add", "level", MARKET, "--above", "nan"], "--above: 'nan' is not a figure"),
        (["add", "level", MARKET, "--above", "=1+1"], "--above: '=1\\+1' is not a figure"),
        (["add", "level", "gold", "--above", "1"], "market: there is no market gold"),
        (["add", "hack", MARKET], "kind: "),
        (["add", "odds", MARKET, "--above", "640", "--by", "tomorrow", "--chance", "0.5"], "by: write a day as 2026-11-20"),
        (["add", "odds", MARKET, "--above", "640", "--by", "1999-01-01", "--chance", "0.5"], "by: 1999-01-01 is not ahead"),
        (["add", "margin", MARKET, "--less", "nothing", "--below", "1"], "less: there is no market nothing"),
        (["add", "move", MARKET, "--quiet", "at night"], "quiet: write the hours as 22:00-07:00"),
        (["remove", "../../x"], "WATCH: there is no watch '../../x'"),
    ],
)
def test_a_watch_that_cannot_be_is_refused_by_field(world, said: Callable[..., str], arguments: list[str], says: str) -> None:
    with pytest.raises(Problem, match=says):
        said(*arguments)
    assert not list(Path(world.settings.lake_path).glob("watches/*.json")) or WatchStore(world.store).all() == []
