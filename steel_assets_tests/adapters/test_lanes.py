"""Work side by side: no lane waits for another, the pieces of one lane come in order, and a failure stays where it belongs."""

from __future__ import annotations

import threading

import pytest

from steel_assets.adapters.lanes import Lanes


def test_a_lane_that_is_stuck_keeps_no_other_waiting() -> None:
    released = threading.Event()
    lanes = Lanes({"slow": {"a": lambda: released.wait(10)}, "quick": {"a": lambda: True}})
    taken = lanes.take("quick", "a")
    assert taken is not None
    assert taken.result(timeout=10)
    released.set()


def test_the_pieces_of_one_lane_are_done_one_after_the_other() -> None:
    done: list[int] = []
    lanes = Lanes({"x": {str(number): lambda number=number: done.append(number) for number in range(20)}})
    last = lanes.take("x", "19")
    assert last is not None
    last.result(timeout=10)
    assert done == list(range(20))


def test_a_failure_is_raised_where_its_piece_is_taken_and_the_next_piece_is_done() -> None:
    def fails() -> int:
        raise ZeroDivisionError

    lanes = Lanes({"x": {"a": fails, "b": lambda: 2}})
    bad, good = lanes.take("x", "a"), lanes.take("x", "b")
    assert bad is not None
    assert good is not None
    with pytest.raises(ZeroDivisionError):
        bad.result(timeout=10)
    assert good.result(timeout=10) == 2


def test_a_piece_is_taken_once() -> None:
    lanes = Lanes({"x": {"a": lambda: 1}})
    assert lanes.take("x", "a") is not None
    assert lanes.take("x", "a") is None
    assert lanes.take("y", "a") is None
