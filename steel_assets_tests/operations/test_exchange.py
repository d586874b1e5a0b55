"""An exchange rate is drawn with a market from what was known at the issue, its spread from its own past errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.exchange import ExchangeError
from steel_assets.core.history import HistoryError
from steel_assets.core.published import forecast_rows
from steel_assets.operations.exchange import in_currency, joint
from steel_assets_tests.aging_world import Aging, aging
from steel_assets_tests.core.issued import issued


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    return aging(tmp_path_factory.mktemp("world"))


def forecast(world: Aging) -> pd.DataFrame:
    return issued(world.made.history(world.issue_of(0)), horizons=(1, 5))


def test_the_rate_is_drawn_around_its_last_figure_as_wide_as_its_errors_were(world: Aging) -> None:
    price, rate = joint(world.parts.catalog, world.parts.lake, forecast(world), "usdcny")
    assert rate.paths.shape == price.paths.shape == (1000, 5)
    assert rate.days.equals(price.days)
    assert np.median(rate.paths[:, 4]) == pytest.approx(rate.last, rel=1e-3)
    assert 0.0005 < np.log(rate.paths[:, 4]).std() < 0.01
    yuan = in_currency(world.parts.catalog, world.parts.lake, forecast(world), "usdcny")
    assert yuan.unit == "CNY/t"
    assert yuan.paths == pytest.approx(price.paths * rate.paths)


def test_what_comes_later_changes_no_path_of_either(world: Aging) -> None:
    rows = forecast(world)
    before = in_currency(world.parts.catalog, world.parts.lake, rows, "usdcny")
    world.bring(world.coming[-1])
    assert (in_currency(world.parts.catalog, world.parts.lake, rows, "usdcny").paths == before.paths).all()


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        ("pesos", "there is no series 'pesos'; exchange rates are .*usdmxn"),
        ("ppi", "a price in USD/t cannot be exchanged at a rate in index"),
        ("scrap", "a price in USD/t cannot be exchanged at a rate in USD/t"),
    ],
)
def test_what_is_no_exchange_rate_is_refused(world: Aging, rate: str, says: str) -> None:
    with pytest.raises(ExchangeError, match=says):
        in_currency(world.parts.catalog, world.parts.lake, forecast(world), rate)


def test_a_rate_that_was_never_collected_is_named(world: Aging) -> None:
    with pytest.raises(HistoryError, match="import or collect series usdmxn"):
        in_currency(world.parts.catalog, world.parts.lake, forecast(world), "usdmxn")


def test_the_rates_quantiles_are_a_whole_forecast(world: Aging) -> None:
    from steel_assets.core.history import build_history
    from steel_assets.operations.exchange import issued as issued_rate
    from steel_assets.operations.exchange import rate_market

    series, rules = world.made.series["usdcny"], world.parts.catalog.rules.schedules
    market = rate_market(series, world.made.market)
    history = build_history(
        world.made.observations, market, {"usdcny": series}, world.issue_of(0), rules.issue_time, rules.tzinfo
    )
    rows = forecast_rows(issued_rate(history, pd.Timestamp("2020-01-01")))
    assert [row["model_family"] for row in rows] == ["naive", "naive"]
