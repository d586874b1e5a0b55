"""The wall clock held against the one that counts since the machine was started."""

from __future__ import annotations

from pathlib import Path

import pytest

from steel_assets.adapters.machine.clock import ClockRecord


class Hands:
    """Two clocks that a test moves."""

    wall = 1_795_000_000.0
    steady = 5_000.0

    def __init__(self, folder: Path) -> None:
        self.boot = folder / "boot"
        self.boot.write_text("first\n")
        self.record = ClockRecord(
            folder / "home" / "clock.json", wall=lambda: self.wall, steady=lambda: self.steady, boot=self.boot
        )


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path)


@pytest.mark.parametrize("jump", [86_400 * 365 * 70, 400, -400, -86_400 * 30])
def test_a_clock_that_is_set_is_noticed_whichever_way_and_no_longer_once_it_is_right(hands: Hands, jump: float) -> None:
    hands.record.note()
    hands.steady += 86_400
    hands.wall += 86_400 + jump
    assert hands.record.jump_seconds() == pytest.approx(jump)
    hands.wall -= jump
    assert hands.record.jump_seconds() == pytest.approx(0)


def test_nothing_is_said_before_the_first_note_after_a_restart_or_from_a_damaged_one(hands: Hands) -> None:
    assert hands.record.jump_seconds() == 0
    hands.record.note()
    hands.wall += 10**6
    assert hands.record.jump_seconds() == pytest.approx(10**6)
    hands.boot.write_text("second\n")
    assert hands.record.jump_seconds() == 0
    for damaged in (b"", b"{}", b"[" * 100_000, b"\xff", b'{"boot": "second", "wall": "x", "steady": 1}'):
        hands.record.path.write_bytes(damaged)
        assert hands.record.jump_seconds() == 0


def test_the_machines_own_clocks_agree(tmp_path: Path) -> None:
    record = ClockRecord(tmp_path / "clock.json")
    record.note()
    assert abs(record.jump_seconds()) < 60
    assert (tmp_path / "clock.json").stat().st_mode & 0o077 == 0
