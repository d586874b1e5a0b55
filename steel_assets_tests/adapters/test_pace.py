"""Politeness: never more calls in a minute than allowed."""

from __future__ import annotations

from itertools import pairwise

from steel_assets.adapters.http.pace import Pace


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def moments(calls_per_minute: int, calls: int) -> list[float]:
    clock = Clock()
    pace = Pace(calls_per_minute, clock=clock, sleep=clock.sleep)
    return [(pace.wait(), clock.now)[1] for _ in range(calls)]


def test_no_minute_sees_more_calls_than_allowed() -> None:
    made = moments(5, 23)
    assert all(later - earlier >= 60.0 - 1e-6 for earlier, later in zip(made, made[5:], strict=False))


def test_calls_within_the_allowance_come_one_a_second_and_not_evenly_spread_over_the_minute() -> None:
    made = moments(5, 5)
    gaps = [later - earlier for earlier, later in pairwise(made)]
    assert all(1.0 < gap < 1.2 for gap in gaps)


def test_a_generous_allowance_hardly_slows() -> None:
    made = moments(120, 10)
    assert made[-1] - made[0] < 3.0


def test_waiting_is_reported() -> None:
    clock = Clock()
    pace = Pace(5, clock=clock, sleep=clock.sleep)
    assert pace.wait() == 0.0
    assert pace.wait() == clock.now - 1000.0


def test_the_gap_is_counted_from_when_a_call_was_sent() -> None:
    """Opening a connection takes a while, the first one longest: what counts is when a call arrives."""
    clock = Clock()
    pace = Pace(5, clock=clock, sleep=clock.sleep, reported=True)
    arrivals = []
    for connecting in (0.9, 0.05, 0.05):
        pace.wait()
        clock.sleep(connecting)
        pace.sent()
        arrivals.append(clock.now)
    assert all(later - earlier >= 1.1 for earlier, later in pairwise(arrivals))


def test_a_gap_may_be_told_without_an_allowance() -> None:
    clock = Clock()
    pace = Pace(None, seconds_between_calls=0.25, clock=clock, sleep=clock.sleep)
    made = [(pace.wait(), clock.now)[1] for _ in range(9)]
    assert made[-1] - made[0] == 8 * 0.25
