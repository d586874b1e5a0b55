"""The average of a month: known days count as known, those ahead are drawn, and where the paths end is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.averages import AverageError, Outlook, average, averages, column_of, parse_period, price_on

MONTHS = pd.bdate_range("2023-10-02", "2023-11-15")


def outlook(ahead: int = 63, paths: int = 4) -> Outlook:
    """Prices of 600 to 15 November 2023, and paths that stay at 601, 602, …"""
    days = pd.bdate_range("2023-11-16", periods=ahead)
    drawn = np.repeat(601.0 + np.arange(paths)[:, None], ahead, axis=1)
    return Outlook(
        market="rebar",
        unit="USD/t",
        calendar="weekdays",
        issued=pd.Timestamp("2023-11-16"),
        origin=MONTHS[-1],
        price_day=MONTHS[-1],
        last=600.0,
        days=days,
        paths=drawn,
        known=pd.Series(600.0, index=MONTHS),
        simulated=False,
    )


def test_a_month_whose_days_are_all_known_has_one_average() -> None:
    known = pd.Series(np.arange(len(MONTHS), dtype=float) + 500, index=MONTHS)
    found = average(replace(outlook(), known=known), parse_period("2023-10"))
    assert (found.known, found.carried, found.drawn, found.beyond, found.whole) == (22, 0, 0, 0, True)
    assert (found.values == known[:"2023-10-31"].mean()).all()


def test_of_the_running_month_known_days_count_as_known() -> None:
    found = average(outlook(), parse_period("2023-11"))
    assert (found.known, found.drawn, found.whole) == (11, 11, True)
    assert found.values == pytest.approx([600.5, 601.0, 601.5, 602.0])


def test_a_session_without_a_price_is_left_out_and_a_late_price_counts_as_the_last_one() -> None:
    gap = replace(outlook(), known=outlook().known.drop(MONTHS[-3]))
    assert average(gap, parse_period("2023-11")).known == 10
    late = replace(gap, price_day=MONTHS[-5], last=590.0, known=gap.known[: MONTHS[-5]])
    found = average(late, parse_period("2023-11"))
    assert (found.known, found.carried, found.drawn) == (7, 4, 11)
    assert found.values[0] == pytest.approx((7 * 600 + 4 * 590 + 11 * 601) / 22)


def test_where_the_paths_end_is_told_and_the_average_is_of_the_part_before() -> None:
    found = {average.period: average for average in averages(outlook(ahead=30))}
    assert list(found) == ["2023-11", "2023-12", "2023-Q4"]
    assert (found["2023-12"].drawn, found["2023-12"].beyond, found["2023-12"].whole) == (19, 2, False)
    assert found["2023-Q4"].beyond == 2
    assert list({average.period for average in averages(outlook())} - set(found)) != []


def test_the_next_three_months_and_two_quarters_are_told_as_far_as_the_paths_reach() -> None:
    found = averages(outlook())
    assert [average.period for average in found] == ["2023-11", "2023-12", "2024-01", "2024-02", "2023-Q4", "2024-Q1"]
    assert [average.whole for average in found] == [True, True, True, False, True, False]


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026", "2026-Q5", "2026-12-01", " 2026-12", "2026-1", "", "９９-12", "2999-12"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(AverageError, match="write 2026-12 or 2026-Q4"):
        parse_period(text)


@pytest.mark.parametrize("text", ["2099-12", "2001-Q1"])
def test_a_period_that_is_neither_known_nor_reached_is_refused(text: str) -> None:
    with pytest.raises(AverageError, match="prices from 2023-10-02 and paths to 2024-02-12"):
        average(outlook(), parse_period(text))


def test_the_price_of_a_day_without_trading_is_that_of_the_day_before() -> None:
    steps = replace(outlook(), paths=np.arange(63.0)[None, :] + 600)
    assert price_on(steps, pd.Timestamp("2023-11-18")) == price_on(steps, pd.Timestamp("2023-11-17")) == [601.0]
    assert column_of(steps, pd.Timestamp("2023-11-16")) == 0
    with pytest.raises(AverageError, match="not ahead of rebar: its forecast begins with 2023-11-16"):
        price_on(steps, pd.Timestamp("2023-11-15"))
    with pytest.raises(AverageError, match="which reach to 2024-02-12"):
        price_on(steps, pd.Timestamp("2024-02-13"))
