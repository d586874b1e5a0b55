"""What-if answers rest on what was known at the issue, and name what cannot be shocked."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from steel_assets.bootstrap import catalog
from steel_assets.cli.main import app
from steel_assets.cli.problem import Problem
from steel_assets.core.asof import known_at
from steel_assets.core.tables import FORECASTS
from steel_assets.core.what_if import ShockError
from steel_assets.operations.what_if import given, series_of
from steel_assets_tests.aging_world import Aging, aging
from steel_assets_tests.assets.measured_world import MARKET
from steel_assets_tests.core.issued import issued
from steel_assets_tests.core.synthetic import synthetic

PLACE = 640


def test_what_came_after_the_issue_changes_no_answer() -> None:
    made = synthetic(count=700, lived=0)
    moment = made.history().moments[PLACE]
    rows = made.observations
    future = (known_at(rows) > moment).to_numpy()
    poisoned = rows.assign(value=np.where(future, rows["value"] * 3.0, rows["value"]))
    forecast = issued(made.history(moment))
    found = [
        given(catalog(), made.knowing(observations).history(moment), forecast, "scrap", 0.04, 10)
        for observations in (rows, rows[~future], poisoned)
    ]
    assert future.any()
    for other in found[1:]:
        assert (found[0].given.paths == other.given.paths).all()
        assert found[0].given.effective == other.given.effective
    later = given(catalog(), made.history(), forecast, "scrap", 0.04, 10)
    assert (later.given.paths == found[0].given.paths).all(), "sessions after the origin are left out of a longer history too"


def test_rebar_follows_the_scrap_that_leads_it_and_not_ore() -> None:
    """In the simulated market half of scrap's move comes a day later; ore goes its own way."""
    history = synthetic(count=700, lived=0).history()
    forecast = issued(history)
    scrap = given(catalog(), history, forecast, "scrap", 0.05, 10)
    assert scrap.given.slope == pytest.approx(0.45, abs=0.2)
    assert scrap.given.p < 0.01
    assert scrap.given.quantiles(10, (0.5,))[0] > np.quantile(scrap.published[:, 9], 0.5) * 1.01
    assert given(catalog(), history, forecast, "ore", 0.02, 10).given.p > 0.01


@pytest.mark.parametrize(
    ("series", "move", "days", "says"),
    [
        ("scrap", 3.0, 10, "98 of 100 stretches"),
        ("scrap", 0.01, 64, "reach 63 trading days; ask for 1 to 63"),
    ],
)
def test_what_history_cannot_say_is_refused(series: str, move: float, days: int, says: str) -> None:
    history = synthetic(count=400, lived=0).history()
    with pytest.raises(ShockError, match=says):
        given(catalog(), history, issued(history), series, move, days)


def test_a_series_is_named_by_its_id_its_commodity_or_as_the_exchange_rate() -> None:
    known = catalog()
    rebar, shanghai = known.markets["rebar_fob_turkey"], known.markets["rebar_shanghai"]
    assert series_of(known, rebar, "scrap") == series_of(known, rebar, "lme_scrap_m01") == "lme_scrap_m01"
    assert series_of(known, rebar, "iron_ore") == "iron_ore_62"
    assert series_of(known, rebar, "usdtry") == "usdtry"
    assert series_of(known, shanghai, "fx") == "usdcny"
    for wrong in ("gold", "fx", "lme_rebar_m01"):
        with pytest.raises(ShockError, match=f"rebar_fob_turkey has no '{wrong}'; it reads .*scrap, .*usdtry"):
            series_of(known, rebar, wrong)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    found = aging(tmp_path_factory.mktemp("world"))
    found.parts.warehouse.upsert(FORECASTS, issued(found.made.history(found.issue_of(0))))
    return found


@pytest.fixture
def asked(world: Aging, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the command prints."""
    monkeypatch.setattr("steel_assets.cli.what_if.platform", lambda: world.parts)
    monkeypatch.setattr("steel_assets.cli.what_if.now", lambda: world.issue_of(0) + pd.Timedelta(hours=1))

    def ask(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["what-if", *arguments], env={"COLUMNS": "160"})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return ask


def test_the_command_tells_both_forecasts_and_what_the_answer_rests_on(asked: Any) -> None:
    said = json.loads(asked(MARKET, "--shock", "scrap=+3%", "--days", "5", "--json"))
    assert said["shock"] == {"series": "scrap", "move": 0.03, "trading_days": 5}
    assert [row["day"] for row in said["days"]] == [1, 5]
    assert said["days"][1]["given"]["q50"] > said["days"][1]["published"]["q50"]
    assert 8 <= said["effective_sample"] < said["stretches"]
    shown = asked(MARKET, "--shock", "scrap=+3%", "--days", "5")
    assert "SIMULATED DATA" in shown
    assert "independent stretches of history near the shock" in shown
    assert f"the correlation is {said['correlation']:+.2f} (p = {said['p']:.2g}). This is correlation, not causation." in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gold", "--shock", "scrap=+1%"], "MARKET: 'gold' is not in the catalogue"),
        (["scrap_turkey", "--shock", "usdtry=+1%"], "MARKET: no forecast of scrap_turkey is published yet"),
        ([MARKET, "--shock", "scrap"], "--shock: 'scrap' is not a shock; write it as scrap=+10%"),
        ([MARKET, "--shock", "scrap=-100%"], "--shock: 'scrap=-100%' is not a shock"),
        ([MARKET, "--shock", "scrap=+90%"], "--shock: scrap: in 21 trading days it went"),
        ([MARKET, "--shock", "gold=+1%"], f"--shock: gold: {MARKET} has no 'gold'"),
    ],
)
def test_a_shock_that_is_none_is_told_what_is_wrong_with_it(asked: Any, arguments: list[str], says: str) -> None:
    with pytest.raises(Problem) as told:
        asked(*arguments)
    assert str(told.value).startswith(says)
