"""A price in another currency: path by path, day by day, and only where price and rate belong together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.averages import Outlook, average, parse_period
from steel_assets.core.exchange import ExchangeError, exchanged, unit_of

DAYS = pd.bdate_range("2023-05-15", "2023-08-10")
BEFORE = pd.bdate_range("2023-04-03", "2023-05-12")


def outlook(name: str, unit: str, level: float, seed: int) -> Outlook:
    moves = np.random.default_rng(seed).normal(0, 0.01, (500, len(DAYS)))
    return Outlook(
        market=name,
        unit=unit,
        calendar="weekdays",
        issued=pd.Timestamp("2023-05-13"),
        origin=BEFORE[-1],
        price_day=BEFORE[-1],
        last=level,
        days=DAYS,
        paths=level * np.exp(np.cumsum(moves, axis=1)),
        known=pd.Series(level, index=BEFORE),
        simulated=False,
    )


REBAR, PESO = outlook("rebar", "USD/t", 600.0, 1), outlook("usdmxn", "MXN/USD", 18.0, 2)


def test_each_path_of_the_price_is_multiplied_by_the_same_path_of_the_rate() -> None:
    found = exchanged(REBAR, PESO)
    assert found.unit == "MXN/t"
    assert found.last == 600 * 18
    assert found.paths == pytest.approx(REBAR.paths * PESO.paths)
    assert found.known.iloc[-1] == 600 * 18


def test_a_rate_the_other_way_round_divides() -> None:
    inverse = replace(PESO, unit="USD/MXN", last=1 / PESO.last, paths=1 / PESO.paths, known=1 / PESO.known)
    assert exchanged(REBAR, inverse).paths == pytest.approx(exchanged(REBAR, PESO).paths)


def test_an_average_in_pesos_is_as_uncertain_as_price_and_rate_together() -> None:
    pesos, dollars = average(exchanged(REBAR, PESO), parse_period("2023-07")), average(REBAR, parse_period("2023-07"))
    wide, narrow = (found.values.std() / found.values.mean() for found in (pesos, dollars))
    assert wide == pytest.approx(narrow * np.sqrt(2), rel=0.15)
    assert (pesos.known, pesos.drawn) == (dollars.known, dollars.drawn)


def test_a_rate_that_is_a_day_late_stands_until_its_paths_begin_and_ends_the_paths_a_day_sooner() -> None:
    late = replace(
        PESO,
        origin=BEFORE[-2],
        price_day=BEFORE[-2],
        days=DAYS[:-1].insert(0, BEFORE[-1]),
        known=PESO.known.iloc[:-1] * np.linspace(0.9, 1.0, len(BEFORE) - 1),
    )
    found = exchanged(REBAR, late)
    assert found.days[-1] == DAYS[-2]
    assert found.paths[:, 0] == pytest.approx(REBAR.paths[:, 0] * late.paths[:, 1])
    assert found.known.iloc[-1] == pytest.approx(600 * 18.0), "the newest rate known stands on the day of the last price"


def test_a_rate_that_is_a_day_ahead_is_known_on_the_first_day() -> None:
    ahead = replace(
        PESO,
        origin=DAYS[0],
        price_day=DAYS[0],
        days=DAYS[1:],
        paths=PESO.paths[:, 1:],
        known=pd.concat([PESO.known, pd.Series(19.0, index=DAYS[:1])]),
    )
    found = exchanged(REBAR, ahead)
    assert found.paths[:, 0] == pytest.approx(REBAR.paths[:, 0] * 19.0)
    assert found.days.equals(DAYS)


def test_what_is_simulated_in_either_is_simulated() -> None:
    assert exchanged(REBAR, replace(PESO, simulated=True)).simulated
    assert not exchanged(REBAR, PESO).simulated


@pytest.mark.parametrize("rate", ["CNY/EUR", "USD/t", "index", "USD", "USD/bbl"])
def test_what_is_no_rate_of_the_prices_currency_is_refused(rate: str) -> None:
    with pytest.raises(ExchangeError, match="cannot be exchanged"):
        unit_of("USD/t", rate)


def test_paths_that_were_not_drawn_together_are_refused() -> None:
    with pytest.raises(ExchangeError, match="rebar and usdmxn were not drawn together"):
        exchanged(REBAR, replace(PESO, issued=pd.Timestamp("2023-05-12")))
    gone = replace(PESO, days=BEFORE, paths=PESO.paths[:, : len(BEFORE)])
    with pytest.raises(ExchangeError, match="before those of rebar begin"):
        exchanged(REBAR, gone)
