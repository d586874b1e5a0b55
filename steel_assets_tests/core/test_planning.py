"""Plans: a forecast is followed where its record is an edge beyond luck, and as far as the appetite for risk allows."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from steel_assets.core.planning import plan
from steel_assets.core.purchase_edge import NOTHING, Edge, Rival
from steel_assets.core.purchase_plan import NO_CHOICE, NO_EDGE
from steel_assets.core.purchase_record import Outcomes, PurchaseRecord, edge, outcomes
from steel_assets.core.purchase_terms import Terms
from steel_assets.core.purchases import DaysAhead

LENGTH = 21
EVERY = np.arange("2020-01-01", "2023-01-01", dtype="datetime64[D]")
EVERY = EVERY[np.is_busday(EVERY)]
AHEAD = DaysAhead(EVERY[:63], EVERY[63])
PROVEN = Edge(250, 126, LENGTH, dict.fromkeys(("now", "late", "thirds"), Rival(5.0, 0.01)))


def paths(drift: float = 0.0, count: int = 1000) -> np.ndarray:
    moves = np.random.default_rng(1).normal(drift, 0.01, (count, 63))
    return 600 * np.exp(np.cumsum(moves, axis=1))


def record(knows: float, seed: int = 2, count: int = 400) -> PurchaseRecord:
    """A random walk whose forecast knows the share ``knows`` of what will come."""
    prices = 600 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, count + LENGTH + 2)))
    numbers = np.arange(count)
    wanted = numbers[:, None] + np.arange(1, LENGTH + 1)
    last, came = prices[:count], prices[wanted]
    return PurchaseRecord(
        origins=EVERY[numbers],
        numbers=numbers,
        last=last,
        days=EVERY[wanted],
        following=EVERY[numbers + LENGTH + 1],
        over_sum=np.zeros(count),
        over_count=np.zeros(count, dtype=int),
        expected=last[:, None] + knows * (came - last[:, None]),
        came=came,
        known=wanted,
    )


def test_the_cost_of_a_strategy_is_its_distribution_over_the_paths() -> None:
    drawn = paths()
    made = plan(drawn, AHEAD, 20, Terms(), NOTHING)
    now, thirds = made.costs["now"], made.costs["thirds"]
    assert (now.mean, now.q05, now.q95) == pytest.approx((drawn[:, 0].mean(), *np.quantile(drawn[:, 0], [0.05, 0.95])))
    assert thirds.mean == pytest.approx(np.mean([drawn[:, column].mean() for column in (0, 10, 20)]))
    assert now.at_risk == pytest.approx(now.q95 - now.mean)
    assert now.at_risk < thirds.at_risk < made.costs["late"].at_risk


def test_without_an_edge_the_advice_is_to_spread_whatever_the_forecast_says() -> None:
    made = plan(paths(drift=-0.01), AHEAD, 20, Terms(), replace(PROVEN, origins=100), "high")
    assert made.advice == NO_EDGE == "no edge: spread the purchase"
    assert made.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert made.choice == 2, "what the forecast would do is shown all the same"
    assert made.costs["advised"] == made.costs["thirds"]


@pytest.mark.parametrize(("appetite", "late"), [("low", 1 / 3 + 2 / 9), ("medium", 2 / 3 + 1 / 9), ("high", 1.0)])
def test_with_an_edge_as_much_follows_the_forecast_as_the_appetite_allows(appetite: str, late: float) -> None:
    made = plan(paths(drift=-0.01), AHEAD, 20, Terms(), PROVEN, appetite)  # type: ignore[arg-type]
    assert made.shares[2] == pytest.approx(late)
    assert sum(made.shares) == pytest.approx(1.0)
    assert made.advice.startswith("edge: buy ")
    assert str(made.fixings[2].day) in made.advice


def test_where_every_moment_costs_the_same_there_is_nothing_to_choose() -> None:
    assert plan(paths(), AHEAD, 0, Terms(), PROVEN).advice == NO_CHOICE
    august = np.flatnonzero(AHEAD.days.astype("datetime64[M]") == np.datetime64("2020-01"))[-1]
    assert plan(paths(), AHEAD, int(august), Terms(contract="average"), PROVEN).advice == NO_CHOICE


def test_stock_that_costs_much_makes_waiting_cheaper_than_buying_now() -> None:
    made = plan(paths(), AHEAD, 60, Terms(holding=20.0, capital=0.12), NOTHING)
    assert made.costs["now"].mean > made.costs["thirds"].mean > made.costs["late"].mean
    assert made.choice == 2


def test_a_forecast_that_knows_has_an_edge_and_one_that_knows_nothing_has_none() -> None:
    knowing, guessing = edge(outcomes(record(0.5), LENGTH - 1, Terms())), edge(outcomes(record(0.0), LENGTH - 1, Terms()))
    assert knowing.proven
    assert min(rival.saving for rival in knowing.rivals.values()) > 5
    assert not guessing.proven
    assert guessing.p_value == 1.0, "it always bought now: nothing tells it from that"


@pytest.mark.slow  # sixty records
def test_a_forecast_that_guesses_is_rarely_taken_for_an_edge() -> None:
    """Of 60 records of coin tosses at most three pass, though their outcomes overlap."""
    passed = 0
    for seed in range(60):
        made = record(0.0, seed, count=260)
        tossed = made.expected + np.random.default_rng(seed).normal(0, 5, made.expected.shape).cumsum(axis=0)
        passed += edge(outcomes(replace(made, expected=tossed), LENGTH - 1, Terms())).proven
    assert passed <= 3


def test_too_few_origins_prove_nothing_and_that_is_said() -> None:
    found = edge(outcomes(record(0.9, count=125), LENGTH - 1, Terms()))
    assert (found.proven, found.origins, found.needed) == (False, 125, 126)
    assert str(found) == "125 past purchases over as long a time are known, at least 126 are needed to tell"
    assert not NOTHING.proven


def test_what_was_not_known_yet_is_no_evidence() -> None:
    found: Outcomes = outcomes(record(0.5), LENGTH - 1, Terms())
    before = found.known_by(200)
    assert before.known.max() == 200
    assert before.numbers.max() == 200 - LENGTH
    assert len(found.known_by(200, newest=50).last) == 50


def test_an_origin_whose_last_month_is_not_whole_is_left_out_of_averages() -> None:
    found = outcomes(record(0.0), 10, Terms(contract="average"))
    assert 0 < len(found.last) < 400
    assert 11 <= found.length <= LENGTH
    assert (found.known > found.numbers + 10).all(), "an average is known when its month is over"


def test_a_plan_needs_no_pandas() -> None:
    code = "import sys, steel_assets.core.planning; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
