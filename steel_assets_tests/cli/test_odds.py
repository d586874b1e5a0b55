"""``steel odds``: answers of a buyer's questions, and what is said of questions that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from steel_assets.cli.main import app
from steel_assets.cli.problem import Problem
from steel_assets.core.tables import FORECASTS
from steel_assets_tests.aging_world import Aging, aging
from steel_assets_tests.assets.measured_world import MARKET
from steel_assets_tests.cli.ahead_world import asking, day_of, forecast_of, published
from steel_assets_tests.core.issued import issued


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    """A market with one forecast published."""
    return published(tmp_path_factory.mktemp("world"))


@pytest.fixture
def asked(world: Aging, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the command prints."""
    return asking(monkeypatch, world, "odds")


def test_the_odds_of_a_published_quantile_are_its_level(world: Aging, asked: Any) -> None:
    row = forecast_of(world).set_index("horizon").loc[21]
    said = json.loads(asked(MARKET, "--above", str(row["q75"]), "--by", day_of(world, 21), "--json"))
    assert said["day"]["chance"] == pytest.approx(0.25, abs=0.001)
    assert said["day"]["standard_error"] == pytest.approx(np.sqrt(0.25 * 0.75 / 1000), rel=0.01)
    assert said["day"]["any_close_until_then"]["chance"] > 0.3
    assert said["day"]["quantiles"]["q05"] == pytest.approx(row["q05"], rel=1e-3)
    assert (said["unit"], said["paths"], said["stale"]) == ("USD/t", 1000, False)


def test_without_a_day_all_months_are_told_and_where_the_paths_end(world: Aging, asked: Any) -> None:
    said = json.loads(asked(MARKET, "--json"))
    assert len(said["averages"]) == 6
    assert [row["whole"] for row in said["averages"][:2]] == [True, True]
    assert [row for row in said["averages"] if not row["whole"]] != []
    assert [row for row in said["averages"] if "chance" in row] == []
    table = asked(MARKET, "--below", "1")
    assert "SIMULATED DATA" in table
    assert f"the sample paths end on {said['paths_to']}" in table
    assert "below 1" in table
    assert "0.0% ± 0.1%" in table


def test_the_odds_of_a_month_that_is_over_are_certain(world: Aging, asked: Any) -> None:
    month = (world.last.to_period("M") - 1).strftime("%Y-%m")
    [row] = json.loads(asked(MARKET, "--above", "1", "--average", month, "--json"))["averages"]
    assert (row["chance"], row["standard_error"], row["trading_days"]["drawn"]) == (1.0, 0.0, 0)
    assert row["quantiles"]["q05"] == pytest.approx(row["quantiles"]["q95"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gold"], "MARKET: 'gold' is not in the catalogue; there are "),
        (["scrap_turkey"], "MARKET: no forecast of scrap_turkey is published yet"),
        ([MARKET, "--above", "600", "--below", "500"], "--above, --below: give only one of them"),
        ([MARKET, "--by", "2019-12-02", "--average", "2019-12"], "--by, --average: give only one of them"),
        ([MARKET, "--above", "six hundred"], "--above: 'six hundred' is not a price; write it as 640"),
        ([MARKET, "--above", ""], "--above: '' is not a price"),
        ([MARKET, "--above", "nan"], "--above: 'nan' is not a price; it must be above zero and finite"),
        ([MARKET, "--below", "inf"], "--below: 'inf' is not a price; it must be above zero and finite"),
        ([MARKET, "--below", "1e999"], "--below: '1e999' is not a price"),
        ([MARKET, "--below=-5"], "--below: '-5' is not a price; it must be above zero and finite"),
        ([MARKET, "--below", "0"], "--below: '0' is not a price"),
        ([MARKET, "--by", "soon"], "--by: 'soon' is not a date; write it as 2026-11-20"),
        ([MARKET, "--by", "2018-01-02"], f"--by: 2018-01-02 is not ahead of {MARKET}: its forecast begins with "),
        ([MARKET, "--by", "2099-01-02"], f"--by: 2099-01-02 is beyond the paths of {MARKET}, which reach to "),
        ([MARKET, "--by", "9999-12-31"], f"--by: 9999-12-31 is beyond the paths of {MARKET}, which reach to "),
        ([MARKET, "--average", "2026-13"], "--average: '2026-13' is neither a month nor a quarter; write 2026-12 or 2026-Q4"),
        ([MARKET, "--average", "2099-12"], "--average: 2099-12: "),
    ],
)
def test_a_question_that_is_none_is_told_what_is_wrong_with_it(asked: Any, arguments: list[str], says: str) -> None:
    with pytest.raises(Problem) as told:
        asked(*arguments)
    assert str(told.value).startswith(says)


def test_a_month_that_the_paths_do_not_reach_whole_is_refused(world: Aging, asked: Any) -> None:
    month = pd.Timestamp(day_of(world, 63)).to_period("M").strftime("%Y-%m")
    with pytest.raises(Problem, match=f"--average: the paths of {MARKET} reach to .*; [0-9]+ trading days of {month} lie beyond"):
        asked(MARKET, "--average", month)


def test_averages_in_the_other_currency_of_a_rate_carry_its_uncertainty(world: Aging, asked: Any) -> None:
    dollars, yuan = (json.loads(asked(MARKET, *rate, "--json")) for rate in ((), ("--rate", "usdcny")))
    assert (dollars["unit"], yuan["unit"]) == ("USD/t", "CNY/t")
    assert dollars["exchange_rate"] is None
    assert yuan["last_price"] == pytest.approx(dollars["last_price"] * yuan["exchange_rate"]["last"])
    assert "its own uncertainty included" in asked(MARKET, "--rate", "usdcny")


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        ("pesos", "--rate: there is no series 'pesos'; exchange rates are "),
        ("scrap", "--rate: a price in USD/t cannot be exchanged at a rate in USD/t"),
        ("usdmxn", "--rate: market usdmxn: its target has no observations yet; import or collect series usdmxn"),
    ],
)
def test_a_rate_that_is_none_is_told_what_is_wrong_with_it(asked: Any, rate: str, says: str) -> None:
    with pytest.raises(Problem) as told:
        asked(MARKET, "--rate", rate)
    assert str(told.value).startswith(says)


def test_a_market_that_is_forecast_further_ahead_tells_three_months_and_the_quarter_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Horizons of 126 trading days reach half a year: no day of the next three months is missing."""
    world = aging(tmp_path)
    history = world.made.history(world.issue_of(0))
    world.parts.warehouse.upsert(FORECASTS, issued(history, horizons=(1, 5, 21, 63, 126)))
    monkeypatch.setattr("steel_assets.cli.odds.platform", lambda: world.parts)
    monkeypatch.setattr("steel_assets.cli.odds.now", lambda: world.issue_of(0) + pd.Timedelta(hours=1))
    done = CliRunner().invoke(app, ["odds", MARKET, "--above", "1", "--json"])
    assert done.exit_code == 0, done.output
    told = {row["period"]: row for row in json.loads(done.stdout)["averages"]}
    months = [f"{period}" for period in pd.period_range(world.coming[240], periods=4, freq="M")]
    quarter = pd.Period(world.coming[240], freq="Q")
    assert {name: told[name]["whole"] for name in (*months, f"{quarter.year}-Q{quarter.quarter}")} == dict.fromkeys(
        (*months, f"{quarter.year}-Q{quarter.quarter}"), True
    )
    spreads = [told[name]["quantiles"]["q95"] - told[name]["quantiles"]["q05"] for name in months]
    assert spreads == sorted(spreads)
