"""Purchases walked over years: on a simulated market always, on real prices where they are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from steel_assets.catalog import load_catalog
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import backtest
from steel_assets.core.history import MarketHistory
from steel_assets_tests.bench.planner import SHOWN, Walk, overall, walks, yearly
from steel_assets_tests.core.synthetic import synthetic


def by_last_price(history: MarketHistory, count: int) -> list[Walk]:
    """Walks whose champion is the last price: what the walk does with forecasts is the same, and it takes seconds."""
    rows = backtest(history, history.origins[-count], history.origins[-1], families=["naive"])
    first = history.origins[-count].to_datetime64().astype("datetime64[D]")
    return list(walks(history.market.id, history, rows.assign(model="champion"), first))


def test_every_way_of_buying_is_told_by_case_and_year_losses_too() -> None:
    found = by_last_price(synthetic(count=520, lived=0).history(), 300)
    assert [(walk.days, walk.contract) for walk in found] == [(5, "spot")], "it is forecast five trading days ahead"
    walk = found[0]
    assert len(walk.found.last) > 280
    assert min(walk.saved("now").mean(), walk.saved("late").mean()) < 0, "of now and late one is dearer than thirds"
    assert (walk.saved("forecast") == walk.saved("last price")).mean() > 0.5
    assert len(overall(found)) == 3
    assert len(yearly(found)) == 2 + len(SHOWN)


def test_what_is_advised_is_the_forecast_where_an_edge_was_proven_and_thirds_elsewhere() -> None:
    walk = by_last_price(synthetic(count=520, lived=0).history(), 300)[0]
    for way in ("advised, a year", "advised, all"):
        either = (walk.costs[way] == walk.costs["forecast"]) | (walk.costs[way] == walk.costs["thirds"])
        assert either.all()


@pytest.mark.slow
def test_on_real_prices_the_costs_are_those_of_the_prices_that_came(real_prices: Path) -> None:
    history = real_histories(real_prices, load_catalog(), ["rebar_fob_turkey"])["rebar_fob_turkey"]
    found = by_last_price(history, 300)
    assert [walk.days for walk in found] == [5, 21, 63, 21]
    month = found[1]
    prices = history.prices_at(history.origins, history.as_of)
    place = int(month.found.numbers[0])
    assert month.costs["now"][0] == pytest.approx(prices[place + 1])
    assert month.costs["late"][0] == pytest.approx(prices[place + 21])
    assert month.costs["thirds"][0] == pytest.approx(np.mean(prices[[place + 1, place + 11, place + 21]]))
