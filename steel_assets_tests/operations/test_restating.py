"""A history that changes as a whole: a split, another unit, another basis; held as one thing, released or refused as one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.asof import asof
from steel_assets.operations.collecting import Collected, collect, decide, quarantine, waiting
from steel_assets_tests.operations.yahoo import GROUP, LATER, MOMENT, World, world

HRC = "HRC=F"
DAY = pd.Timedelta(days=1)
WEDNESDAY, THURSDAY = pd.Timestamp("2026-03-04"), pd.Timestamp("2026-03-05")


@pytest.fixture
def market(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as here:
        yield here


def run(market: World, moment: pd.Timestamp) -> Collected:
    return collect(
        market.platform.catalog,
        market.platform.lake,
        market.platform.providers,
        market.platform.home,
        market.source,
        GROUP,
        moment,
    )


def hrc(market: World) -> pd.DataFrame:
    return market.platform.lake.observations(["hrc_us_midwest"])


def held(market: World) -> pd.DataFrame:
    return waiting(market.platform.catalog, market.platform.lake, hrc(market))


def restate(market: World, factor: float, day: pd.Timestamp = WEDNESDAY) -> None:
    """Every close of HRC times ``factor``, and a new one."""
    closes = market.yahoo.closes[HRC] * factor
    closes.loc[day] = closes.iloc[-1] * 1.01
    market.yahoo.closes[HRC] = closes.round(2)


def split(market: World, numerator: int, denominator: int, day: pd.Timestamp = WEDNESDAY) -> None:
    """A split as Yahoo shows it: every close before it restated, and an event."""
    restate(market, denominator / numerator, day)
    stamp = int(day.tz_localize("America/New_York").timestamp())
    event = {"date": stamp, "numerator": numerator, "denominator": denominator, "splitRatio": f"{numerator}:{denominator}"}
    market.yahoo.events[HRC] = {"splits": {str(stamp): event}}


def asked_for_hrc(market: World) -> int:
    return sum(request.path.endswith(HRC) for request in market.server.asked)


@pytest.mark.parametrize("ratio", [(2, 1), (6, 5), (1, 10)])
def test_a_split_that_the_provider_reports_becomes_a_vintage_of_the_whole_history(market: World, ratio: tuple[int, int]) -> None:
    run(market, MOMENT)
    before = market.yahoo.closes[HRC].copy()
    split(market, *ratio)
    done = run(market, LATER)
    assert done.held.empty
    assert done.notes["splits reported"] >= 1
    now, then = asof(hrc(market), LATER), asof(hrc(market), LATER - pd.Timedelta(hours=1))
    assert then.set_index("period")["value"].to_dict() == before.to_dict(), "the past stays as it was known"
    assert now.set_index("period")["value"].to_dict() == market.yahoo.closes[HRC].to_dict()
    assert run(market, LATER + pd.Timedelta(hours=1)).observations.empty


def test_another_unit_is_held_as_one_thing_that_names_it_and_is_asked_for_once(market: World) -> None:
    run(market, MOMENT)
    restate(market, 1 / 0.90718474)
    done = run(market, LATER)
    assert len(done.held) == 1
    assert done.held["reason"].iloc[0].startswith("restated by a factor of 1.102 since 2025-10-01")
    assert "USD/short ton written as USD/t" in done.held["reason"].iloc[0]
    assert "hrc_us_midwest" not in set(done.observations["series"])
    calls = asked_for_hrc(market)
    restate(market, 1.0, THURSDAY)
    again = run(market, LATER + DAY)
    assert again.held["id"].tolist() == done.held["id"].tolist(), "the same thing, not a new one each day"
    assert held(market)["id"].tolist() == done.held["id"].tolist()
    assert asked_for_hrc(market) == calls + 1


def test_a_released_restatement_is_asked_for_whole_and_known_from_then_on(market: World) -> None:
    run(market, MOMENT)
    before = market.yahoo.closes[HRC].copy()
    restate(market, 1.2)
    run(market, LATER)
    decide(market.platform.catalog, market.platform.lake, held(market), "released", LATER + pd.Timedelta(hours=1))
    assert len(hrc(market)) == len(before), "nothing is stored before it is asked for again"
    moment = LATER + DAY
    restate(market, 1.0, THURSDAY)
    done = run(market, moment)
    assert done.held.empty
    assert asof(hrc(market), moment).set_index("period")["value"].to_dict() == market.yahoo.closes[HRC].to_dict()
    assert asof(hrc(market), moment - DAY / 2).set_index("period")["value"].to_dict() == before.to_dict()
    assert quarantine(market.platform.catalog, market.platform.lake, hrc(market))["state"].tolist() == ["released"]
    calls = asked_for_hrc(market)
    assert run(market, moment + DAY).held.empty
    assert asked_for_hrc(market) == calls + 1


def test_a_dropped_restatement_keeps_the_old_basis_and_what_comes_later_is_held_without_a_new_alarm(market: World) -> None:
    run(market, MOMENT)
    known = len(hrc(market))
    restate(market, 1.2)
    run(market, LATER)
    decide(market.platform.catalog, market.platform.lake, held(market), "dropped", LATER)
    restate(market, 1.0, THURSDAY)
    done = run(market, LATER + DAY)
    assert done.held.empty
    assert done.notes["dropped by decision"] == 1
    assert len(hrc(market)) == known
    assert held(market).empty


def test_a_provider_that_returns_to_the_old_basis_is_believed_again(market: World) -> None:
    run(market, MOMENT)
    original = market.yahoo.closes[HRC].copy()
    restate(market, 1.2)
    run(market, LATER)
    original.loc[WEDNESDAY] = original.iloc[-1]
    original.loc[THURSDAY] = round(original.iloc[-1] * 1.01, 2)
    market.yahoo.closes[HRC] = original
    done = run(market, LATER + DAY)
    assert done.held.empty
    assert set(done.observations.loc[done.observations["series"] == "hrc_us_midwest", "period"]) == {WEDNESDAY, THURSDAY}
    assert held(market).empty


def test_other_series_flow_while_one_is_held(market: World) -> None:
    run(market, MOMENT)
    restate(market, 1.2)
    tio = market.yahoo.closes["TIO=F"]
    tio.loc[WEDNESDAY] = round(tio.iloc[-1] * 1.01, 2)
    done = run(market, LATER)
    assert done.observations["series"].tolist() == ["iron_ore_62"]


def test_a_restatement_since_a_day_says_since_when(market: World) -> None:
    run(market, MOMENT)
    closes = market.yahoo.closes[HRC]
    since = closes.index[60]
    closes.loc[since:] = (closes.loc[since:] * 1.3).round(2)
    [reason] = run(market, LATER).held["reason"]
    assert f"since {since:%Y-%m-%d}" in reason


def test_a_few_ordinary_revisions_are_no_restatement(market: World) -> None:
    run(market, MOMENT)
    closes = market.yahoo.closes[HRC]
    closes.iloc[-4:] = (closes.iloc[-4:] * np.array([1.01, 0.99, 1.02, 1.0])).round(2)
    done = run(market, LATER)
    assert done.held.empty
    assert len(done.observations) == 3
