"""Weeks and months of daily prices."""

from __future__ import annotations

import pandas as pd
import pytest

from steel_assets.core.processed import monthly, weekly
from steel_assets.core.table_schema import TableError
from steel_assets.core.tables import MARKET_MONTHLY, MARKET_WEEKLY


def daily(dates: list[str], prices: list[float], market: str = "rebar") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "market": market,
            "date": pd.to_datetime(dates),
            "price": prices,
            "known_at": pd.Timestamp("2024-06-12", tz="UTC"),
            "unit": "USD/t",
            "simulated": False,
        }
    )


PRICES = daily(["2024-05-30", "2024-05-31", "2024-06-03", "2024-06-04", "2024-06-10"], [600, 610, 605, 590, 620])


def test_a_week_runs_from_monday_to_sunday():
    found = weekly(PRICES)
    assert list(found.columns) == MARKET_WEEKLY.column_names
    assert list(found["period"]) == list(pd.to_datetime(["2024-05-27", "2024-06-03", "2024-06-10"]))
    assert found.loc[1, ["first", "high", "low", "last", "mean", "days"]].tolist() == [605, 605, 590, 590, 597.5, 2]


def test_a_month_is_dated_on_its_first_day_even_without_a_price_there():
    found = monthly(PRICES)
    assert list(found.columns) == MARKET_MONTHLY.column_names
    assert list(found["period"]) == list(pd.to_datetime(["2024-05-01", "2024-06-01"]))
    assert found.loc[0, ["first", "last", "days"]].tolist() == [600, 610, 2]


def test_the_order_of_the_days_does_not_matter():
    pd.testing.assert_frame_equal(weekly(PRICES), weekly(PRICES.sample(frac=1, random_state=3)))


def test_markets_do_not_mix():
    both = pd.concat([PRICES, daily(["2024-05-30"], [300], "scrap")])
    found = weekly(both).set_index("market")
    assert found.loc["scrap", "high"] == 300
    assert (found.loc["rebar", "low"] >= 590).all()


def test_one_simulated_day_marks_its_period():
    found = weekly(PRICES.assign(simulated=[True, False, False, False, False]))
    assert found["simulated"].tolist() == [True, False, False]


def test_two_units_no_prices_and_a_broken_frame_are_refused():
    with pytest.raises(ValueError, match=r"rebar.*several units: USD/t, CNY/t"):
        weekly(pd.concat([PRICES, daily(["2024-06-11"], [4000]).assign(unit="CNY/t")]))
    with pytest.raises(ValueError, match="got none"):
        monthly(PRICES.iloc[:0])
    with pytest.raises(TableError, match="price"):
        weekly(PRICES.drop(columns="price"))
    with pytest.raises(TableError, match="repeat"):
        weekly(pd.concat([PRICES, PRICES]))
