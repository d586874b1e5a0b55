"""What is said of a market is true: planted truths are found, random walks have none, and what comes later changes nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.adfvalues import mackinnonp

from steel_assets.core.analysis.market import Analysis, analyse
from steel_assets.core.analysis.market_data import Margin, MarketData, evidence
from steel_assets.core.analysis.mean_reversion import _arcsine, dickey_fuller
from steel_assets.core.analysis.robust import mean_test, slope_test
from steel_assets.core.analysis.sentences import TEMPLATES, sentence
from steel_assets.core.analysis.statements import CorrectedStatement, Statement, judged
from steel_assets.core.asof import known_at
from steel_assets_tests.core.synthetic import synthetic
from steel_assets_tests.core.walks import walk

STEP = 0.012
COUNT = 1600


def found(analysis: Analysis, key: str) -> list[CorrectedStatement]:
    return [finding for finding in analysis.findings if finding.statement.key == key]


def noise(seed: int, count: int = COUNT) -> np.ndarray:
    return STEP * np.random.default_rng([seed, 7]).standard_normal(count)


def true_in_most(key: str, truths: list[MarketData]) -> list[CorrectedStatement]:
    """The statement ``key`` of each market, which must be a finding in nearly all of them."""
    surest = [min(found(analyse(known), key), key=lambda finding: finding.statement.p, default=None) for known in truths]
    sure = [finding for finding in surest if finding is not None]
    assert len(sure) >= len(truths) - 1
    return sure


@pytest.mark.slow  # twenty-four markets
def test_markets_that_walk_at_random_have_no_finding() -> None:
    """One of twenty-four is what a level of 5 % allows; bench/analysis.py counts hundreds."""
    calm = [walk(seed, 1200, drivers=3) for seed in range(1000, 1016)]
    bursts = [walk(seed, 1200, drivers=3, bursts=True) for seed in range(2000, 2008)]
    false = [
        finding.statement.key
        for known in (*calm, *bursts)
        for finding in analyse(known).findings
        if known in calm or finding.statement.key != "volatility"  # in bursts the state is true
    ]
    assert len(false) <= 1, false


def test_a_year_that_rises_is_a_trend() -> None:
    def rising(seed: int) -> MarketData:
        moves = noise(seed)
        moves[-250:] += 0.4 * STEP
        return walk(seed, COUNT, moves=moves)

    for finding in true_in_most("trend", [rising(seed) for seed in range(4)]):
        assert finding.statement.values["rising"]
        assert finding.statement.values["change"] > 0.5  # type: ignore[operator]


def test_the_day_of_a_break_is_found_within_weeks() -> None:
    def broken(seed: int) -> MarketData:
        moves = noise(seed) + np.where(np.arange(COUNT) < 900, 0.2, -0.2) * STEP
        return walk(seed, COUNT, moves=moves)

    truths = [broken(seed) for seed in range(4)]
    for finding in true_in_most("break", truths):
        day = np.datetime64(str(finding.statement.values["day"]))
        assert abs((day - truths[0].days[900]).astype(int)) < 120
        assert finding.statement.values["before"] > 0 > finding.statement.values["after"]  # type: ignore[operator]


def test_a_month_that_always_rises_is_a_season() -> None:
    def seasonal(seed: int) -> MarketData:
        months = walk(seed, 2500).days.astype("datetime64[M]").astype(int) % 12
        moves = noise(seed, 2500) * 0.4 + STEP * 0.4 * np.where(months < 6, 1, -1)
        return walk(seed, 2500, moves=moves)

    for finding in true_in_most("season", [seasonal(seed) for seed in range(4)]):
        assert int(finding.statement.values["best"]) <= 6 < int(finding.statement.values["worst"])  # type: ignore[arg-type]
        assert len(finding.statement.values["months"]) == len(finding.statement.values["half_widths"]) == 12  # type: ignore[arg-type]


@pytest.mark.parametrize(("factor", "state"), [(3.0, "turbulent"), (0.2, "calm")])
def test_a_month_of_other_moves_is_a_state(factor: float, state: str) -> None:
    def changed(seed: int) -> MarketData:
        moves = noise(seed)
        moves[-21:] *= factor
        return walk(seed, COUNT, moves=moves)

    for finding in true_in_most("volatility", [changed(seed) for seed in range(4)]):
        assert finding.statement.values["state"] == state


def test_a_margin_that_always_comes_back_is_told_with_how_fast() -> None:
    def drawn(seed: int) -> MarketData:
        plain, steps = walk(seed, COUNT), np.random.default_rng(seed).standard_normal(COUNT)
        values = np.full(COUNT, 200.0)
        for day in range(1, COUNT):
            values[day] = 200 + 0.95 * (values[day - 1] - 200) + 4 * steps[day]
        return dataclasses.replace(plain, margins={"rebar-scrap": Margin("rebar", "scrap", values)})

    for finding in true_in_most("return_to_mean", [drawn(seed) for seed in range(4)]):
        assert finding.statement.about == "rebar-scrap"
        assert 8 < finding.statement.values["half_way_days"] < 25  # type: ignore[operator]
        assert finding.statement.values["mean"] == pytest.approx(200, abs=10)


def led(seed: int, until: int = COUNT) -> MarketData:
    """The first driver is followed three days later, up to a day."""
    plain = walk(seed, COUNT)
    driver = plain.drivers["driver_0"]
    moves = noise(seed)
    moves[3:until] += 0.4 * driver[: until - 3]
    return walk(seed, COUNT, moves=moves)


def test_a_driver_that_leads_is_found_with_its_days_and_does_not_follow() -> None:
    for finding in true_in_most("lead", [led(seed) for seed in range(4)]):
        values = finding.statement.values
        assert (values["leader"], values["follower"], values["days"]) == ("driver_0", "rebar", 3)
        assert values["slope_again"] == pytest.approx(0.4, abs=4 * float(values["error_again"]))  # type: ignore[arg-type]


def test_a_lead_of_the_first_half_only_is_none() -> None:
    for seed in range(3):
        assert found(analyse(led(seed, until=COUNT // 2)), "lead") == []


def test_what_always_followed_the_same_picture_is_found_and_its_days_are_told() -> None:
    def cyclic(seed: int) -> MarketData:
        moves = noise(seed) * 0.3 + 1.5 * STEP * np.sign(np.sin(np.arange(COUNT) * 2 * np.pi / 90))
        return walk(seed, COUNT - 30, moves=moves[: COUNT - 30])

    for finding in true_in_most("analogues", [cyclic(seed) for seed in range(3)]):
        values = finding.statement.values
        assert len(values["days"]) == len(values["followed"]) == 5  # type: ignore[arg-type]
        days = np.array(values["days"], dtype="datetime64[D]")
        assert np.busday_count(days[:-1], days[1:]).min() >= 63


def test_an_analogue_lies_so_far_back_that_all_that_followed_is_over() -> None:
    known = walk(3, COUNT)
    for judged_ in analyse(known).statements:
        if judged_.statement.key == "analogues":
            newest = max(judged_.statement.values["days"])  # type: ignore[type-var, arg-type]
            assert np.busday_count(np.datetime64(newest), known.days[-1]) >= 126


def test_nothing_that_came_after_the_moment_is_in_it() -> None:
    """The future removed, and falsified by factors up to e³: the same statements to the last digit."""
    made = synthetic(count=800, lived=60)
    moment = made.history().moments[760]
    rows = made.observations
    future = (known_at(rows) > moment).to_numpy()
    false = rows["value"] * np.exp(3 * np.random.default_rng(0).uniform(-1, 1, len(rows)))
    poisoned = rows.assign(value=np.where(future, false, rows["value"]))
    assert future.any()
    said = [
        analyse(evidence(made.knowing(observations).history(moment), {}))
        for observations in (rows, rows[~future], poisoned)
    ]  # fmt: skip
    assert said[0] == said[1] == said[2]
    assert len(said[0].statements) > 10


def test_sessions_after_the_newest_change_nothing_of_what_was_said_before() -> None:
    whole = walk(11, COUNT)
    bent = dataclasses.replace(whole, prices=np.where(np.arange(COUNT) < 1400, whole.prices, 1e6))
    assert analyse(whole.until(1400)) == analyse(bent.until(1400)) != analyse(whole)


def test_a_margin_is_the_product_less_its_input_in_the_unit_of_the_market() -> None:
    made = synthetic(count=300, lived=0)
    scrap = made.market.model_copy(
        update={"id": "scrap_test", "commodity": "scrap", "target": made.market.target.model_copy(update={"series": "scrap"})}
    )
    coil = scrap.model_copy(update={"commodity": "hot_rolled_coil"})
    history = made.history()
    known = evidence(history, {"rebar_test": made.market, "scrap_test": scrap})
    assert list(known.margins) == ["rebar_m01-scrap"]
    assert known.margins["rebar_m01-scrap"].values[-1] == pytest.approx(history.last.iloc[-1] - history.known["scrap"].iloc[-1])
    turned = evidence(history, {"coil_test": coil}).margins
    assert turned["scrap-rebar_m01"].values[-1] == pytest.approx(-known.margins["rebar_m01-scrap"].values[-1])
    assert "ore" in known.drivers, "in another currency: a driver, but no margin"


def test_a_driver_below_zero_has_no_move_there_and_a_rate_moves_by_points() -> None:
    made = synthetic(count=300, lived=0)
    rate = made.series["scrap"].model_copy(update={"unit": "percent", "declared_kind": None})
    history = dataclasses.replace(made, series={**made.series, "scrap": rate}).history()
    below = history.newest.assign(ore=history.newest["ore"].where(history.origins != history.origins[200], -37.6))
    known = evidence(dataclasses.replace(history, newest=below), {})
    assert np.flatnonzero(np.isnan(known.drivers["ore"][150:])).tolist() == [50, 51]
    points = history.newest["scrap"].to_numpy()
    assert known.drivers["scrap"][200] == pytest.approx((points[200] - points[199]) / 100)


@pytest.mark.parametrize("count", [1, 2, 40, 249])
def test_a_short_history_says_what_it_cannot_say(count: int) -> None:
    said = analyse(walk(1).until(count))
    assert {statement.statement.key for statement in said.statements} <= {"trend"}
    assert {unsaid.key for unsaid in said.unsaid} >= {"break", "season", "volatility", "standing", "lead", "analogues"}


def test_a_price_that_stands_still_is_no_finding() -> None:
    plain = walk(5, COUNT, moves=np.zeros(COUNT))
    still = dataclasses.replace(plain, volatility=np.full(COUNT, 1e-4))
    with np.errstate(all="raise"):
        said = analyse(still)
    assert [finding.statement.key for finding in said.findings] == []


def test_every_statement_is_a_sentence_with_its_n_and_its_p() -> None:
    said = analyse(led(0))
    for statement in said.statements:
        text = sentence(statement, len(said.statements), {"rebar": "Rebar, FOB Turkey"})
        assert f"n = {statement.statement.n:,}" in text
        assert "{" not in text
    assert {statement.statement.key for statement in said.statements} | {"no_lead", "no_return_to_mean"} == set(TEMPLATES)
    lead = min(found(said, "lead"), key=lambda finding: finding.statement.p)
    assert sentence(lead, 9, {"rebar": "Rebar"}).startswith(
        "driver_0 leads Rebar by 3 trading days: after 1 % of the one came +0."
    )


def test_holms_correction_is_that_of_the_textbook() -> None:
    statements = [Statement("trend", str(p), {}, 9, "t", p) for p in (0.01, 0.04, 0.03, 0.005)]
    corrected = judged(statements)
    assert [round(statement.p_corrected, 3) for statement in corrected] == [0.03, 0.06, 0.06, 0.02]
    assert [statement.finding for statement in corrected] == [True, False, False, True]
    assert judged([]) == []


def test_dickey_fullers_p_is_the_one_that_is_published() -> None:
    for t in (-25.0, -5.0, -3.43, -2.86, -1.61, -1.6, 0.0, 2.0, 3.0):
        assert dickey_fuller(t) == pytest.approx(mackinnonp(t, regression="c", N=1), abs=1e-12)


def test_the_arcsine_law_is_what_random_walks_do() -> None:
    walks = np.cumsum(np.random.default_rng(1).standard_normal((4000, 30)), axis=1)
    walks = np.hstack([np.zeros((4000, 1)), walks])
    below = (walks[:, :-1] < walks[:, -1:]).sum(axis=1)
    for fewest in (0, 3, 8):
        share = (np.minimum(below, 30 - below) <= fewest).mean()
        assert _arcsine(fewest, 30) == pytest.approx(share, abs=0.03)
        assert _arcsine(30 - fewest, 30) == _arcsine(fewest, 30)
    assert _arcsine(15, 30) == 1.0


def test_a_mean_is_judged_as_wide_as_its_dependence_makes_it() -> None:
    """Moves that hang together by 0.6 have twice the standard error of independent ones."""
    false = 0
    for seed in range(200):
        steps, values = np.random.default_rng(seed).standard_normal(300), np.zeros(300)
        for day in range(1, 300):
            values[day] = 0.6 * values[day - 1] + steps[day]
        false += mean_test(values).p < 0.05
    assert false <= 24, "twice 5 % and a little would be 24"


def test_a_slope_is_that_of_least_squares_beside_its_controls() -> None:
    rng = np.random.default_rng(4)
    x, control = rng.standard_normal((2, 400))
    y = 1.0 + 0.5 * x - 2 * control + 0.1 * rng.standard_normal(400)
    estimate = slope_test(y, x, control)
    plain, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(400), control]), y, rcond=None)
    assert estimate.value == pytest.approx(plain[0])
    assert estimate.error == pytest.approx(0.005, rel=0.5)
    assert (slope_test(y, np.ones(400)).p, slope_test(y, np.ones(400)).n) == (1.0, 400)


def test_days_without_a_price_are_passed_over() -> None:
    plain = walk(8, COUNT)
    absent = np.random.default_rng(2).random(COUNT) < 0.2
    holes = dataclasses.replace(plain, prices=np.where(absent, np.nan, plain.prices), moves=np.where(absent, np.nan, plain.moves))
    said = analyse(holes)
    assert all(np.isfinite(statement.statement.p) for statement in said.statements)
    assert {unsaid.key for unsaid in said.unsaid} <= {"lead"}
    assert pd.notna(said.statements[0].statement.values["change"])
