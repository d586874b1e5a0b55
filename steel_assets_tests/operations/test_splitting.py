"""A split in raw closes: one held thing; released it leaves no step, whatever the provider sends again; dropped it was none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.bootstrap import Platform, platform
from steel_assets.core.asof import asof
from steel_assets.core.calendars import sessions
from steel_assets.core.restatements import on_newest_basis
from steel_assets.operations.collecting import Collected, collect, decide, quarantine, waiting
from steel_assets.settings import Settings
from steel_assets_tests.loopback import Reply, Request, serving

GROUP, SHARE, SYMBOL = "steel_stocks", "share_nucor", "NUE"
DAYS = sessions("XNYS", pd.Timestamp("2025-06-02"), pd.Timestamp("2026-06-30"))
SPLIT = 200
"""Number of the first session on the new basis."""


@dataclass
class World:
    """Alpha Vantage's raw closes of one share on loopback, up to the session before ``today``; what it answers is compact."""

    closes: np.ndarray
    platform: Platform = field(init=False)
    rows: int = 100
    today: int = 0

    def __call__(self, request: Request) -> Reply:
        if request.query["symbol"] != SYMBOL:
            return Reply(b'{"Error Message": "Invalid API call. Please retry or visit the documentation."}')
        seen = slice(max(0, self.today - self.rows), self.today)
        bars = {f"{day:%Y-%m-%d}": {"4. close": f"{close:.4f}"} for day, close in zip(DAYS[seen], self.closes[seen], strict=True)}
        return Reply(json.dumps({"Meta Data": {"2. Symbol": SYMBOL}, "Time Series (Daily)": bars}).encode())

    def collected(self, today: int) -> Collected:
        """The collection at eight in the morning (UTC) before session ``today``."""
        self.today = today
        return collect(
            self.platform.catalog,
            self.platform.lake,
            self.platform.providers,
            self.platform.home,
            self.platform.catalog.sources["alpha_vantage"],
            GROUP,
            self.moment(today),
        )

    def moment(self, today: int) -> pd.Timestamp:
        return DAYS[today].tz_localize("UTC") + pd.Timedelta(hours=8)

    @property
    def known(self) -> pd.DataFrame:
        return self.platform.lake.observations([SHARE])

    def newest(self, today: int) -> pd.Series:
        return asof(self.known, self.moment(today)).set_index("period")["value"]

    def waits(self) -> pd.DataFrame:
        return waiting(self.platform.catalog, self.platform.lake, self.known)

    def says(self, decision: str, today: int) -> None:
        """A person decides on all that waits, an hour after the collection before session ``today``."""
        decide(self.platform.catalog, self.platform.lake, self.waits(), decision, self.moment(today) + pd.Timedelta(hours=1))  # type: ignore[arg-type]


def walk() -> np.ndarray:
    return 100 * np.exp(np.cumsum(0.01 * np.random.default_rng(3).standard_normal(len(DAYS))))


def raw(*splits: tuple[int, float]) -> np.ndarray:
    """Closes with a step by each factor at its session."""
    closes = walk()
    for at, factor in splits:
        closes[at:] *= factor
    return closes.round(4)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    here = World(raw((SPLIT, 0.5)))
    with serving(here) as server:
        chosen = Settings(
            home=tmp_path,
            sources="live",
            alpha_vantage_base_url=server.url,
            alpha_vantage_api_key="a-key-of-a-test",  # type: ignore[arg-type]
            history_years=1,
        )
        parts = platform(chosen)
        source = parts.catalog.sources["alpha_vantage"]
        unhurried = source.model_copy(update=dict.fromkeys(("calls_per_day", "calls_per_minute", "seconds_between_calls")))
        only = {"sources": {source.id: unhurried}, "series": {SHARE: parts.catalog.series[SHARE]}}
        here.platform = replace(parts, catalog=parts.catalog.model_copy(update=only))
        yield here


def steps(closes: pd.Series) -> float:
    return float(np.abs(np.diff(np.log(closes.to_numpy()))).max())


@pytest.mark.parametrize("factor", [0.5, 5 / 6, 10.0])
def test_the_day_of_a_split_is_held_as_one_thing_for_as_long_as_nobody_decides(world: World, factor: float) -> None:
    world.closes = raw((SPLIT, factor))
    assert world.collected(SPLIT).held.empty
    first = world.collected(SPLIT + 1)
    assert len(first.held) == 1
    assert "looks like a" in first.held["reason"].iloc[0]
    assert first.held["period"].iloc[0] == DAYS[SPLIT]
    for day in (2, 3):
        assert world.collected(SPLIT + day).held["id"].tolist() == first.held["id"].tolist()
    assert world.waits()["id"].tolist() == first.held["id"].tolist()
    assert world.known["period"].max() == DAYS[SPLIT - 1]


@pytest.mark.parametrize("factor", [0.5, 5 / 6, 10.0])
def test_after_its_release_no_return_sees_the_split_and_the_past_stays_as_it_was_known(world: World, factor: float) -> None:
    world.closes = raw((SPLIT, factor))
    world.collected(SPLIT)
    before = world.newest(SPLIT)
    world.collected(SPLIT + 1)
    world.says("released", SPLIT + 1)
    done = world.collected(SPLIT + 2)
    assert done.held.empty
    now = world.newest(SPLIT + 2)
    assert now.index[-1] == DAYS[SPLIT + 1]
    assert steps(now) < 0.06
    assert np.allclose(now[before.index], before * factor)
    assert world.newest(SPLIT + 1).to_dict() == before.to_dict()
    versions = world.known.rename(columns={"collected_at": "usable_at"})
    assert (
        steps(on_newest_basis(versions, "usable_at").drop_duplicates("period").set_index("period")["value"].sort_index()) < 0.06
    )


def test_old_closes_that_come_again_every_day_are_neither_stored_nor_held(world: World) -> None:
    world.collected(SPLIT)
    world.collected(SPLIT + 1)
    world.says("released", SPLIT + 1)
    world.collected(SPLIT + 2)
    for day in range(3, 8):
        done = world.collected(SPLIT + day)
        assert done.held.empty
        assert done.observations["period"].tolist() == [DAYS[SPLIT + day - 1]]
    assert steps(world.newest(SPLIT + 7)) < 0.06
    assert quarantine(world.platform.catalog, world.platform.lake, world.known)["state"].tolist() == ["released"]


def test_a_correction_of_an_old_close_is_brought_to_the_new_basis(world: World) -> None:
    world.collected(SPLIT)
    world.collected(SPLIT + 1)
    world.says("released", SPLIT + 1)
    world.collected(SPLIT + 2)
    world.closes[SPLIT - 3] *= 1.01
    done = world.collected(SPLIT + 3)
    assert done.held.empty
    assert world.newest(SPLIT + 3)[DAYS[SPLIT - 3]] == pytest.approx(world.closes[SPLIT - 3] / 2)


def test_a_provider_that_adjusts_its_closes_after_the_release_is_believed(world: World) -> None:
    world.collected(SPLIT)
    world.collected(SPLIT + 1)
    world.says("released", SPLIT + 1)
    world.collected(SPLIT + 2)
    world.closes[:SPLIT] = (world.closes[:SPLIT] / 2).round(4)
    assert world.collected(SPLIT + 3).held.empty
    assert steps(world.newest(SPLIT + 3)) < 0.06


def test_a_second_split_is_a_question_of_its_own(world: World) -> None:
    world.closes = raw((SPLIT, 0.5), (SPLIT + 20, 1 / 3))
    world.collected(SPLIT)
    world.collected(SPLIT + 1)
    world.says("released", SPLIT + 1)
    world.collected(SPLIT + 20)
    held = world.collected(SPLIT + 21).held
    assert held["reason"].str.contains("a 3:1 split").tolist() == [True]
    world.says("released", SPLIT + 21)
    for day in (22, 23):
        assert world.collected(SPLIT + day).held.empty
    assert steps(world.newest(SPLIT + 23)) < 0.06
    assert np.allclose(world.newest(SPLIT + 23).iloc[0], world.closes[SPLIT - 100] / 6)


@pytest.mark.parametrize("splits", [[(150, 0.5)], [(150, 5 / 6)], [(130, 0.5), (170, 1 / 3)]])
def test_a_first_history_with_old_splits_waits_as_one_thing_each_and_is_stored_rebased(
    world: World, splits: list[tuple[int, float]]
) -> None:
    world.closes = raw(*splits)
    first = world.collected(SPLIT)
    assert first.held["period"].tolist() == [DAYS[at] for at, _ in splits]
    assert world.known.empty
    world.says("released", SPLIT)
    done = world.collected(SPLIT + 1)
    assert done.held.empty
    assert steps(world.newest(SPLIT + 1)) < 0.06
    assert len(world.newest(SPLIT + 1)) == 100
    again = world.collected(SPLIT + 2)
    assert again.held.empty
    assert len(again.observations) == 1


def test_a_first_history_of_which_one_split_of_two_was_released_waits_for_the_other(world: World) -> None:
    world.closes = raw((130, 0.5), (170, 1 / 3))
    world.collected(SPLIT)
    _, other = world.waits()["id"]
    decide(
        world.platform.catalog,
        world.platform.lake,
        world.waits().iloc[:1],
        "released",
        world.moment(SPLIT) + pd.Timedelta(hours=1),
    )
    assert world.collected(SPLIT + 1).held["id"].tolist() == [other]
    assert world.waits()["id"].tolist() == [other]
    world.says("released", SPLIT + 1)
    assert world.collected(SPLIT + 2).held.empty
    assert steps(world.newest(SPLIT + 2)) < 0.06


def test_a_first_history_of_which_a_person_said_that_it_was_a_crash_is_stored_as_it_came(world: World) -> None:
    world.closes = raw((150, 0.5))
    world.collected(SPLIT)
    world.says("dropped", SPLIT)
    done = world.collected(SPLIT + 1)
    assert done.held.empty
    assert world.newest(SPLIT + 1).to_numpy().tolist() == world.closes[SPLIT - 99 : SPLIT + 1].tolist()
    assert world.collected(SPLIT + 2).held.empty


def test_a_fall_of_which_a_person_said_that_it_is_no_split_is_a_figure_like_others(world: World) -> None:
    world.collected(SPLIT)
    world.collected(SPLIT + 1)
    world.says("dropped", SPLIT + 1)
    held = world.collected(SPLIT + 2).held
    assert set(held["period"]) == {DAYS[SPLIT], DAYS[SPLIT + 1]}, "beyond any usual move: held by itself"
    world.says("released", SPLIT + 2)
    assert world.collected(SPLIT + 3).held.empty
    assert world.newest(SPLIT + 3).iloc[-1] == world.closes[SPLIT + 2]
    assert world.newest(SPLIT + 3)[DAYS[SPLIT - 1]] == world.closes[SPLIT - 1]


def test_a_close_that_was_wrong_for_a_day_is_no_split_once_the_next_one_has_come(world: World) -> None:
    world.closes = raw()
    world.closes[SPLIT] /= 2
    world.collected(SPLIT)
    assert len(world.collected(SPLIT + 1).held) == 1
    done = world.collected(SPLIT + 2)
    assert done.observations["period"].tolist() == [DAYS[SPLIT + 1]]
    states = quarantine(world.platform.catalog, world.platform.lake, world.known).set_index("restated")["state"].to_dict()
    assert states["split"] == "superseded"
    assert steps(world.newest(SPLIT + 2)) < 0.06


def test_a_crash_in_wild_times_is_history(world: World) -> None:
    closes = walk()
    wild = np.random.default_rng(4).standard_normal(len(DAYS) - 150) * 0.05
    closes[150:] = closes[149] * np.exp(np.cumsum(wild))
    closes[155:] *= 0.82
    world.closes = closes.round(4)
    assert not world.collected(SPLIT).held["restated"].eq("split").any()
