"""A provider that blocks us is asked less from one collection to the next, restarts or not, and at once when it answers again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.core.blocks import LONGEST_PAUSE, Block, blocked_again
from steel_assets.operations.collecting import Collected, collect
from steel_assets_tests.loopback import Reply
from steel_assets_tests.operations.yahoo import GROUP, MOMENT, World, world

FORBIDDEN = Reply(b"Forbidden", 403)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as here:
        yield here


def run(market: World, minutes: float, group: str = GROUP, since: pd.Timestamp | None = None) -> Collected:
    """A collection so many minutes after MOMENT, of a process that has just started."""
    fresh = Platform(market.platform.settings, market.platform.catalog)
    return collect(
        fresh.catalog,
        fresh.lake,
        fresh.providers,
        fresh.home,
        fresh.catalog.sources["yahoo_finance"],
        group,
        MOMENT + pd.Timedelta(minutes=minutes),
        since,
    )


def test_a_block_is_named_and_the_pauses_grow_whatever_is_restarted(market: World) -> None:
    market.server.answer, kept = (lambda request: FORBIDDEN), market.server.answer
    calls: list[int] = []
    for minutes in (0, 1, 29, 30, 60, 149, 150, 300):
        asked = len(market.server.asked)
        done = run(market, minutes)
        assert all("Yahoo blocks this client" in problem for problem in done.problems.values())
        calls.append(len(market.server.asked) - asked)
    assert [bool(count) for count in calls] == [True, False, False, True, False, False, True, False]
    assert max(calls) <= 2
    assert "shut us out 3 times in a row" in run(market, 301).problems["hrc_us_midwest"]
    market.server.answer = kept
    assert run(market, 301).observations.empty
    assert run(market, 24 * 60).source_status.state == "FRESH"
    assert run(market, 24 * 60 + 1).problems == {}


def test_the_other_group_of_a_provider_that_blocks_is_not_asked(market: World) -> None:
    market.server.answer = lambda request: FORBIDDEN
    run(market, 0)
    asked = len(market.server.asked)
    assert "not asked before 2026-03-04 08:30 UTC" in next(iter(run(market, 0, "commodity_indices").problems.values()))
    assert len(market.server.asked) == asked


def test_who_asks_again_on_purpose_is_not_kept_waiting(market: World) -> None:
    kept, market.server.answer = market.server.answer, lambda request: FORBIDDEN
    run(market, 0)
    market.server.answer = kept
    assert run(market, 1, since=pd.Timestamp("2026-02-01")).problems == {}
    assert run(market, 2).problems == {}


def test_a_provider_is_left_alone_as_long_as_it_asks_to_be_and_asked_once_a_day_at_least() -> None:
    first = blocked_again(None, MOMENT, "no", 3600.0)
    assert first.until == MOMENT + pd.Timedelta(hours=1)
    assert blocked_again(None, MOMENT, "no", 1e12).until == MOMENT + LONGEST_PAUSE
    now = first
    for _ in range(40):
        now = blocked_again(now, now.until, "no", None)
    assert now.times == 41
    assert now.since == MOMENT
    assert Block.from_json(now.to_json()) == now


def test_a_history_that_is_as_whole_as_it_gets_is_not_asked_for_again(market: World) -> None:
    """The futures of this world begin in October; a year is wanted."""
    first = run(market, 0)
    assert first.problems == {}
    assert "begins at 2025-10-01" in first.remarks["hrc_us_midwest"]
    asked = len(market.server.asked)
    again = run(market, 60)
    starts = {request.query["period1"] for request in market.server.asked[asked:]}
    assert starts == {str(int(pd.Timestamp("2026-02-21", tz="UTC").timestamp()))}
    assert again.remarks == {}
