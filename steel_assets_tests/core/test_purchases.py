"""What a purchase costs: the price by its contract, and capital and stock from the day of purchase to the need."""

from __future__ import annotations

import numpy as np
import pytest

from steel_assets.core.purchase_plan import cheapest
from steel_assets.core.purchase_terms import PurchaseError, Terms
from steel_assets.core.purchases import DaysAhead, costs, fixings

DAYS = np.arange("2023-03-20", "2023-05-03", dtype="datetime64[D]")
DAYS = DAYS[np.is_busday(DAYS)]
AHEAD = DaysAhead(DAYS, np.datetime64("2023-05-03"), over_sum=14 * 500.0, over_count=14)
RISING = np.linspace(600, 630, len(DAYS))[None, :]


def test_on_spot_the_price_is_that_of_the_next_day_the_middle_and_the_need() -> None:
    found = fixings(AHEAD, 20, Terms())
    assert [str(fixing.day) for fixing in found] == ["2023-03-20", "2023-04-03", "2023-04-17"]
    assert costs(found, RISING, Terms())[0] == pytest.approx(RISING[0, [0, 10, 20]])
    assert [fixing.settled for fixing in found] == [0, 10, 20]


def test_on_the_average_the_price_is_that_of_the_month_with_its_days_that_are_over() -> None:
    found = fixings(AHEAD, 20, Terms(contract="average"))
    march, april = np.datetime64("2023-04-01") > DAYS, DAYS.astype("datetime64[M]") == np.datetime64("2023-04")
    average = (14 * 500 + RISING[0, march].sum()) / (14 + march.sum())
    assert costs(found, RISING, Terms(contract="average"))[0] == pytest.approx([average, *[RISING[0, april].mean()] * 2])
    assert found[2].settled == int(np.flatnonzero(april)[-1]), "the average is known on the last day of the month"


def test_capital_and_stock_are_paid_from_the_purchase_to_the_need() -> None:
    terms = Terms(holding=3.0, capital=0.10)
    flat = np.full((1, len(DAYS)), 600.0)
    first, _, last = costs(fixings(AHEAD, 20, terms), flat, terms)[0]
    assert first == pytest.approx(600 * (1 + 0.10 * 28 / 365) + 3.0 * 28 / (365.25 / 12))
    assert last == 600.0


def test_an_average_whose_month_is_not_whole_is_refused() -> None:
    with pytest.raises(PurchaseError, match=r"average of 2023-05 needs all its trading days; what is known ends on 2023-05-02"):
        fixings(AHEAD, len(DAYS) - 1, Terms(contract="average"))


def test_a_month_that_ends_with_the_last_day_known_is_whole() -> None:
    stop = int(np.searchsorted(DAYS, np.datetime64("2023-05-01")))
    short = DaysAhead(DAYS[:stop], DAYS[stop], AHEAD.over_sum, AHEAD.over_count)
    assert fixings(short, stop - 1, Terms(contract="average"))[2].settled == stop - 1


@pytest.mark.parametrize("need", [-1, len(DAYS), 10_000])
def test_a_day_that_is_not_ahead_is_refused(need: int) -> None:
    with pytest.raises(PurchaseError, match="is not among the"):
        fixings(AHEAD, need, Terms())


def test_a_need_on_the_next_trading_day_leaves_no_choice() -> None:
    found = fixings(AHEAD, 0, Terms())
    assert len({str(fixing.day) for fixing in found}) == 1
    assert np.ptp(costs(found, RISING, Terms())) == 0


def test_the_earliest_of_equally_cheap_moments_is_chosen() -> None:
    assert cheapest((600.0, 600.0, 601.0)) == 0
    assert cheapest((600.0, 599.0, 598.0)) == 2
