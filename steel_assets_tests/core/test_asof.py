"""What was known when."""

from __future__ import annotations

import pandas as pd

from steel_assets.core.asof import asof, known_at


def observations(*rows: tuple[str, str, float, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["series", "period", "value", "published_at", "collected_at"])
    frame["period"] = pd.to_datetime(frame["period"])
    for name in ("published_at", "collected_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame.assign(source="s", simulated=False)


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_backfilled_history_counts_from_its_publication() -> None:
    rows = observations(("a", "2020-01-01", 1.0, "2020-01-01T20:00", "2026-01-01T08:00"))
    assert known_at(rows).tolist() == [utc("2020-01-01T20:00")]
    assert len(asof(rows, utc("2020-01-01T20:00"))) == 1
    assert asof(rows, utc("2020-01-01T19:59")).empty


def test_once_collecting_a_figure_counts_from_when_we_really_had_it() -> None:
    rows = observations(
        ("a", "2026-01-01", 1.0, "2026-01-01T20:00", "2026-01-02T08:00"),
        ("a", "2026-01-02", 2.0, "2026-01-02T20:00", "2026-01-09T08:00"),  # after a week of outage
    )
    assert asof(rows, utc("2026-01-05"))["value"].tolist() == [1.0]
    assert asof(rows, utc("2026-01-09T08:00"))["value"].tolist() == [1.0, 2.0]


def test_a_revision_replaces_a_value_only_from_its_own_moment_on() -> None:
    rows = observations(
        ("a", "2019-12-01", 100.0, "2020-01-15T13:30", "2026-01-01T08:00"),
        ("a", "2019-12-01", 101.0, "2020-02-15T13:30", "2026-01-01T08:00"),
    )
    assert asof(rows, utc("2020-02-01"))["value"].tolist() == [100.0]
    assert asof(rows, utc("2020-03-01"))["value"].tolist() == [101.0]


def test_removing_what_came_later_never_changes_what_was_known() -> None:
    rows = observations(
        *(
            (
                "a",
                f"2026-01-{day:02d}",
                day + version,
                f"2026-01-{day + version:02d}T20:00",
                f"2026-01-{day + 1 + version:02d}T08:00",
            )
            for day in range(1, 20)
            for version in (0, 5)
        )
    )
    for day in range(2, 28):
        moment = utc(f"2026-01-{day:02d}T08:00")
        truncated = rows[rows["collected_at"] <= moment]
        pd.testing.assert_frame_equal(asof(rows, moment), asof(truncated, moment))


def test_one_series_first_collection_says_nothing_about_anothers() -> None:
    rows = observations(
        ("a", "2026-01-01", 1.0, "2026-01-01T20:00", "2026-01-02T08:00"),
        ("b", "2025-12-01", 2.0, "2025-12-01T20:00", "2026-01-02T08:00"),
        ("b", "2025-11-01", 3.0, "2025-11-01T20:00", "2026-01-08T08:00"),  # older history, imported later
    )
    assert known_at(rows).iloc[2] == utc("2025-11-01T20:00")
