"""Nothing is issued by a clock that jumped or is behind what is stored."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.operations.clock_guard import WrongClock, newest_collection, note_clock, refuse_wrong_clock

NOW = pd.Timestamp("2026-11-20T08:00:00Z")
COLLECTED = "raw-data/fred-api/rates/2026/2026-11-20T075900Z-0123456789ab.parquet"


@pytest.fixture
def parts(tmp_path: Path) -> Any:
    """A platform of which only the clock, the store and the rule are there."""
    store = LocalFolder(tmp_path / "lake")
    store.put(COLLECTED, b"rows")
    rules = SimpleNamespace(clock=SimpleNamespace(tolerance_seconds=300.0))
    clock_record = SimpleNamespace(jump_seconds=lambda: 0.0, path=tmp_path / "clock.json", note=lambda: None)
    return SimpleNamespace(lake=SimpleNamespace(store=store), catalog=SimpleNamespace(rules=rules), clock_record=clock_record)


def test_a_clock_that_is_right_issues(parts: Any) -> None:
    refuse_wrong_clock(parts.catalog, parts.lake, parts.clock_record, NOW)
    parts.clock_record.jump_seconds = lambda: -299.0
    refuse_wrong_clock(parts.catalog, parts.lake, parts.clock_record, NOW - pd.Timedelta(minutes=5))


@pytest.mark.parametrize("jump", [301.0, -301.0, 2.3e9])
def test_a_clock_that_jumped_issues_nothing_and_says_by_how_much_and_what_to_do(parts: Any, jump: float) -> None:
    parts.clock_record.jump_seconds = lambda: jump
    with pytest.raises(WrongClock, match=r"jumped by .* s since the last issue.*clock\.json"):
        refuse_wrong_clock(parts.catalog, parts.lake, parts.clock_record, NOW)


def test_a_clock_that_is_behind_what_was_collected_issues_nothing_and_names_the_file(parts: Any) -> None:
    with pytest.raises(WrongClock, match="0123456789ab"):
        refuse_wrong_clock(parts.catalog, parts.lake, parts.clock_record, NOW - pd.Timedelta(days=1))


def test_what_was_kept_aside_is_no_evidence(parts: Any) -> None:
    parts.lake.store.put("raw-data/fred-api/rejected/2099-01-01T000000Z-0123456789ab.parquet", b"rows")
    assert newest_collection(parts.lake) == (pd.Timestamp("2026-11-20T07:59:00Z"), COLLECTED)


def test_a_disk_that_does_not_take_the_note_stops_no_issue(parts: Any, caplog: pytest.LogCaptureFixture) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    parts.clock_record.note = full
    note_clock(parts.clock_record)
    assert "No space left" in caplog.text
