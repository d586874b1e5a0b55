"""``steel plan``: what a purchase may cost, when the forecast is followed, and what is said of questions that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.lake.parquet import to_parquet
from steel_assets.cli.problem import Problem
from steel_assets.core.tables import BACKTEST
from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES
from steel_assets.operations.candidates import validation_key
from steel_assets_tests.aging_world import Aging
from steel_assets_tests.assets.measured_world import MARKET
from steel_assets_tests.cli.ahead_world import asking, day_of, published

HORIZONS = (1, 5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    """A market with one forecast published."""
    return published(tmp_path_factory.mktemp("world"))


def walk_forward(world: Aging, knows: float) -> pd.DataFrame:
    """Rows of a backtest whose champion knew the share ``knows`` of what came."""
    history = world.made.history(world.issue_of(0))
    prices = history.last.to_numpy()
    numbers = np.arange(20, len(prices) - HORIZONS[-1])
    tables = []
    for horizon in HORIZONS:
        last, y = prices[numbers], prices[numbers + horizon]
        middle = last + knows * (y - last)
        wide = {name: middle * (1 + (level - 0.5) * 0.01) for name, level in zip(QUANTILE_COLUMNS, QUANTILES, strict=True)}
        figures = {"y": y, "last": last, "p": middle, **wide}
        days = {"origin": history.origins[numbers], "target_date": history.origins[numbers + horizon]}
        tables.append(pd.DataFrame({"market": MARKET, "model": "champion", "h": horizon, "age": 0, **days, **figures}))
    return BACKTEST.enforce(pd.concat(tables))


@pytest.fixture
def asked(world: Aging, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the command prints."""
    return asking(monkeypatch, world, "plan")


def test_before_any_walk_forward_the_costs_are_told_and_the_advice_is_to_spread(world: Aging, asked: Any) -> None:
    said = json.loads(asked(MARKET, "--tonnes", "500", "--by", day_of(world, 21), "--holding", "3", "--capital", "12%", "--json"))
    assert said["advice"] == "no edge: spread the purchase"
    assert [fixing["share_advised"] for fixing in said["fixings"].values()] == pytest.approx([1 / 3] * 3)
    assert set(said["costs"]) == {"now", "late", "thirds", "forecast", "advised"}
    assert said["costs"]["thirds"]["mean_total"] == pytest.approx(500 * said["costs"]["thirds"]["mean_per_tonne"])
    assert said["question"]["capital_a_year"] == 0.12
    assert any("no walk-forward of this market is stored yet" in note for note in said["notes"])
    assert any("front month" in note for note in said["notes"])
    assert (said["currency"], said["simulated"], said["stale"]) == ("USD", True, False)


def test_the_table_shows_the_strategies_and_the_label_of_simulated_prices(world: Aging, asked: Any) -> None:
    table = asked(MARKET, "--tonnes", "1200", "--by", day_of(world, 5))
    assert "SIMULATED DATA" in table
    assert "1,200 t by " in table
    for strategy in ("now", "late", "thirds", "forecast", "advised"):
        assert f"{strategy} (" in table
    assert "no edge: spread the purchase" in table
    assert "at least 120 are needed to tell" in table


@pytest.mark.parametrize(("knows", "proven"), [(0.8, True), (0.0, False)])
def test_the_forecast_is_followed_only_where_the_markets_record_is_an_edge(
    world: Aging, asked: Any, tmp_path: Path, knows: float, proven: bool
) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(to_parquet(walk_forward(world, knows)))
    said = json.loads(asked(MARKET, "--tonnes", "1", "--by", day_of(world, 5), "--risk", "high", "--record", str(path), "--json"))
    assert said["edge"]["proven"] is proven
    assert said["edge"]["origins"] > said["edge"]["origins_needed"] == 120
    assert said["edge"]["overlap"] == 5
    assert said["advice"].startswith("edge: buy 100% on " if proven else "no edge: spread the purchase")
    best = said["costs"]["forecast" if proven else "thirds"]
    assert said["costs"]["advised"] == best


def test_the_walk_forward_of_the_last_validation_is_the_record(world: Aging, asked: Any) -> None:
    world.parts.lake.write(validation_key(MARKET), walk_forward(world, 0.8), BACKTEST)
    try:
        assert json.loads(asked(MARKET, "--tonnes", "1", "--by", day_of(world, 5), "--json"))["edge"]["proven"]
        beyond = json.loads(asked(MARKET, "--tonnes", "1", "--by", day_of(world, 21), "--json"))
        assert beyond["advice"] == "no edge: spread the purchase"
        assert any("forecast 5 trading days ahead, not 21" in note for note in beyond["notes"])
        world.parts.store.put(validation_key(MARKET), b"not a table")
        damaged = json.loads(asked(MARKET, "--tonnes", "1", "--by", day_of(world, 5), "--json"))
        assert damaged["advice"] == "no edge: spread the purchase"
        assert any("the next training writes it again" in note for note in damaged["notes"])
    finally:
        world.parts.store.delete(validation_key(MARKET))


NEED = ["--tonnes", "500", "--by", "2019-12-20"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gold", *NEED], "MARKET: 'gold' is not in the catalogue; there are "),
        (["scrap_turkey", *NEED], "MARKET: no forecast of scrap_turkey is published yet"),
        ([MARKET, *NEED, "--tonnes", "many"], "--tonnes: 'many' is not an amount in tonnes; write it as 500"),
        (
            [MARKET, *NEED, "--tonnes", "0"],
            "--tonnes: '0' is not an amount in tonnes; it must be above 0 and at most 100,000,000",
        ),
        ([MARKET, *NEED, "--tonnes=-5"], "--tonnes: '-5' is not an amount in tonnes; it must be above 0"),
        ([MARKET, *NEED, "--tonnes", "nan"], "--tonnes: 'nan' is not an amount"),
        ([MARKET, *NEED, "--tonnes", "inf"], "--tonnes: 'inf' is not an amount"),
        ([MARKET, *NEED, "--tonnes", "1e999"], "--tonnes: '1e999' is not an amount"),
        ([MARKET, *NEED, "--tonnes", ""], "--tonnes: '' is not an amount"),
        ([MARKET, *NEED, "--holding=-1"], "--holding: '-1' is not a cost per tonne and month; it must be at least 0"),
        ([MARKET, *NEED, "--holding", "nan"], "--holding: 'nan' is not a cost"),
        (
            [MARKET, *NEED, "--holding", "1e9"],
            "--holding: '1e9' is not a cost per tonne and month; it must be at least 0 and at most",
        ),
        ([MARKET, *NEED, "--capital", "12"], "--capital: '12' is not a rate a year; it must be at least 0 and at most 1"),
        ([MARKET, *NEED, "--capital", "%"], "--capital: '' is not a rate a year; write it as 12% or 0.12"),
        ([MARKET, *NEED, "--capital", "120%"], "--capital: '120' is not a rate a year; it must be at least 0 and at most 100"),
        ([MARKET, *NEED, "--contract", "futures"], "--contract: 'futures' is not one of spot, average"),
        ([MARKET, *NEED, "--risk", "reckless"], "--risk: 'reckless' is not one of low, medium, high"),
        ([MARKET, *NEED, "--by", "soon"], "--by: 'soon' is not a date; write it as 2026-11-20"),
        ([MARKET, *NEED, "--by", "2018-01-02"], f"--by: 2018-01-02 is not ahead of {MARKET}: its forecast begins with "),
        ([MARKET, *NEED, "--by", "2099-01-02"], f"--by: 2099-01-02 is beyond the paths of {MARKET}, which reach to "),
        ([MARKET, *NEED, "--record", "/nowhere/rows.parquet"], "--record: /nowhere/rows.parquet cannot be read: No such file"),
    ],
)
def test_a_question_that_is_none_is_told_what_is_wrong_with_it(asked: Any, arguments: list[str], says: str) -> None:
    with pytest.raises(Problem) as told:
        asked(*arguments)
    assert str(told.value).startswith(says)


def test_a_record_that_is_none_or_of_another_market_is_refused(world: Aging, asked: Any, tmp_path: Path) -> None:
    path, need = tmp_path / "rows.parquet", ("--tonnes", "1", "--by", day_of(world, 5))
    path.write_bytes(b"PAR1 not at all")
    with pytest.raises(Problem, match=r"--record: .*rows.parquet is no output of steel backtest"):
        asked(MARKET, *need, "--record", str(path))
    path.write_bytes(to_parquet(walk_forward(world, 0.5)[["market", "origin"]]))
    with pytest.raises(Problem, match=r"is no output of steel backtest: .*missing columns"):
        asked(MARKET, *need, "--record", str(path))
    path.write_bytes(to_parquet(walk_forward(world, 0.5).assign(market="scrap_turkey")))
    with pytest.raises(Problem, match=rf"has no rows of {MARKET}; make it with steel backtest {MARKET} --output"):
        asked(MARKET, *need, "--record", str(path))


def test_an_average_whose_month_the_paths_do_not_reach_whole_is_refused(world: Aging, asked: Any) -> None:
    with pytest.raises(Problem, match=r"--by: the average of [0-9-]+ needs all its trading days"):
        asked(MARKET, "--tonnes", "1", "--by", day_of(world, 63), "--contract", "average")
