"""What is news: new periods and revisions, nothing twice, nothing overwritten."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steel_assets.core.asof import asof, new_or_changed
from steel_assets.core.tables import OBSERVATIONS

FIRST = pd.Timestamp("2024-01-10 08:00", tz="UTC")
LATER = pd.Timestamp("2024-02-10 08:00", tz="UTC")
Version = tuple[str, float, str, bool]


def frame(*versions: Version) -> pd.DataFrame:
    """Rows of (period, value, published, dated)."""
    return pd.DataFrame(
        {
            "series": pd.Series(["s"] * len(versions), dtype="object"),
            "period": pd.to_datetime([period for period, *_ in versions]),
            "value": [value for _, value, *_ in versions],
            "published_at": pd.to_datetime([published for *_, published, _ in versions], utc=True),
            "dated": [dated for *_, dated in versions],
        }
    )


def stored(rows: pd.DataFrame, moment: pd.Timestamp, known: pd.DataFrame | None = None) -> pd.DataFrame:
    """``known`` with the news of ``rows`` appended, as the lake would hold it."""
    before = OBSERVATIONS.empty() if known is None else known
    news = new_or_changed(rows, before, moment).assign(collected_at=moment, source="x", simulated=False)
    return OBSERVATIONS.enforce(pd.concat([part for part in (before, news) if len(part)] or [OBSERVATIONS.empty()]))


def test_everything_is_news_at_first() -> None:
    rows = frame(("2024-01-02", 1.0, "2024-01-02 18:00", False), ("2024-01-03", 2.0, "2024-01-03 18:00", False))
    news = new_or_changed(rows, OBSERVATIONS.empty(), FIRST)
    assert news["value"].tolist() == [1.0, 2.0]
    assert news["published_at"].tolist() == rows["published_at"].tolist()


def test_nothing_new_gives_no_rows() -> None:
    rows = frame(("2024-01-02", 1.0, "2024-01-02 18:00", False), ("2024-01-03", 0.1 + 0.2, "2024-01-03 18:00", False))
    assert new_or_changed(rows, stored(rows, FIRST), LATER).empty


def test_no_rows_at_all_give_no_news() -> None:
    assert new_or_changed(frame(), OBSERVATIONS.empty(), FIRST).empty
    assert new_or_changed(frame(), stored(frame(("2024-01-02", 1.0, "2024-01-02", False)), FIRST), LATER).empty


def test_a_revision_nobody_dated_counts_from_its_collection_and_the_first_version_stays() -> None:
    known = stored(frame(("2024-01-02", 1.0, "2024-01-02 18:00", False)), FIRST)
    both = stored(frame(("2024-01-02", 1.5, "2024-01-02 18:00", False)), LATER, known)
    assert both["value"].tolist() == [1.0, 1.5]
    assert both["published_at"].iloc[1] == LATER


def test_the_smallest_change_is_a_revision() -> None:
    known = stored(frame(("2024-01-02", 1.0, "2024-01-02 18:00", False)), FIRST)
    assert len(new_or_changed(frame(("2024-01-02", 1.0 + 2**-52, "2024-01-02 18:00", False)), known, LATER)) == 1


def test_a_value_that_returns_to_what_it_was_is_a_revision_again() -> None:
    known = stored(frame(("2024-01-02", 1.0, "2024-01-02 18:00", False)), FIRST)
    known = stored(frame(("2024-01-02", 1.5, "2024-01-02 18:00", False)), LATER, known)
    known = stored(frame(("2024-01-02", 1.0, "2024-01-02 18:00", False)), LATER + pd.Timedelta(days=1), known)
    assert known["value"].tolist() == [1.0, 1.5, 1.0]


def test_vintages_dated_by_the_provider_keep_their_dates() -> None:
    rows = frame(
        ("2023-11-01", 3.0, "2024-01-15", True),
        ("2023-11-01", 1.0, "2023-12-15", True),
        ("2023-11-01", 2.0, "2023-12-30", True),
    )
    news = new_or_changed(rows, OBSERVATIONS.empty(), LATER)
    assert news["value"].tolist() == [1.0, 2.0, 3.0]
    assert news["published_at"].dt.strftime("%Y-%m-%d").tolist() == ["2023-12-15", "2023-12-30", "2024-01-15"]


def test_a_version_repeated_by_a_later_window_is_no_news() -> None:
    rows = frame(("2023-11-01", 1.0, "2023-12-15", True), ("2023-11-01", 1.0, "2024-01-01", True))
    assert len(new_or_changed(rows, OBSERVATIONS.empty(), LATER)) == 1
    known = stored(rows, FIRST)
    clipped = frame(("2023-11-01", 1.0, "2024-02-01", True))
    assert new_or_changed(clipped, known, LATER).empty


def test_an_older_version_than_the_newest_known_is_never_added() -> None:
    known = stored(frame(("2023-11-01", 2.0, "2023-12-20", False)), FIRST)
    rows = frame(("2023-11-01", 1.0, "2023-12-15", True), ("2023-11-01", 2.0, "2023-12-30", True))
    assert new_or_changed(rows, known, LATER).empty


def test_what_the_provider_says_last_wins_even_when_its_date_is_old() -> None:
    known = stored(frame(("2023-11-01", 2.0, "2024-01-10 08:00", True)), FIRST)
    news = new_or_changed(frame(("2023-11-01", 2.5, "2024-01-10 08:00", True)), known, LATER)
    assert news["value"].tolist() == [2.5]
    assert news["published_at"].tolist() == [LATER]


def test_a_revision_missed_during_an_outage_keeps_the_date_the_provider_gives_it() -> None:
    known = stored(frame(("2023-11-01", 1.0, "2023-12-15", True)), FIRST)
    rows = frame(("2023-11-01", 1.5, "2024-01-20", True), ("2023-11-01", 1.7, "2024-02-01", True))
    news = new_or_changed(rows, known, LATER)
    assert news["value"].tolist() == [1.5, 1.7]
    assert news["published_at"].dt.day.tolist() == [20, 1]


def test_series_do_not_mix() -> None:
    known = stored(frame(("2024-01-02", 1.0, "2024-01-02 18:00", False)), FIRST)
    other = frame(("2024-01-02", 1.0, "2024-01-02 18:00", False)).assign(series="t")
    assert new_or_changed(other, known, LATER)["series"].tolist() == ["t"]


periods = st.sampled_from(["2024-01-02", "2024-01-03", "2024-01-04"])
values = st.sampled_from([1.0, 2.0, 3.0])
vintages = st.lists(
    st.tuples(periods, values, st.integers(0, 5), st.just(True)), max_size=8, unique_by=lambda version: (version[0], version[2])
)
undated = st.lists(st.tuples(periods, values, st.just(0), st.just(False)), max_size=3, unique_by=lambda version: version[0])


@pytest.mark.slow  # draws sixty histories of revisions
@settings(deadline=None, max_examples=60)
@given(st.lists(vintages | undated, min_size=1, max_size=4))
def test_afterwards_the_newest_known_is_what_the_provider_said_last(
    collections: list[list[tuple[str, float, int, bool]]],
) -> None:
    known = OBSERVATIONS.empty()
    for day, collection in enumerate(collections):
        moment = FIRST + pd.Timedelta(days=day)
        rows = frame(*((p, v, str(FIRST - pd.Timedelta(days=6 - after)), dated) for p, v, after, dated in collection))
        before = known
        known = stored(rows, moment, known)
        assert known.head(len(before)).equals(before), "stored rows never change"
        assert new_or_changed(rows, known, moment + pd.Timedelta(hours=1)).empty, "the same answer again is no news"
        last = rows.sort_values("published_at").drop_duplicates("period", keep="last").set_index("period")["value"]
        newest = asof(known, moment + pd.Timedelta(hours=1)).set_index("period")["value"]
        assert newest.loc[last.index].to_dict() == last.to_dict()
