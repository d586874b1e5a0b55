"""Promotion: what blocks, what only warns, who wins, and that the reason says so."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.champion_challenger import ChallengerTest
from steel_assets.core.promotion import AcceptanceRules, Contender, Criterion, acceptance_criteria, decide, ledger
from steel_assets.core.scoring import Accuracy, accuracy
from steel_assets.core.tables import PROMOTIONS

RULES = AcceptanceRules(horizon=1, window=250, mape=0.05, r2=0.90, rmse=50.0, quality_score=0.8)
GOOD = Accuracy(origins=250, mape=0.01, r2=0.97, rmse=8.0, mae=5.0)
NAIVE = replace(GOOD, mae=5.2)
UNMEASURED = Accuracy(250, math.nan, math.nan, math.nan, math.nan)


def criteria(quality: float = 0.95, candidate: Accuracy = GOOD, naive: Accuracy = NAIVE) -> list[Criterion]:
    return acceptance_criteria(RULES, quality, candidate, naive)


def contender(mae: float, *, version: str = "new", family: str = "ridge") -> Contender:
    return Contender(version, family, replace(GOOD, mae=mae))


CLEAR = ChallengerTest(days=250, p_value=0.01, champion_lately=0.98, failing=False)
LUCK = replace(CLEAR, p_value=0.3)
GONE_WRONG = replace(LUCK, champion_lately=1.2, failing=True)


def verdict(
    candidate: float,
    champion: Contender | None = None,
    *,
    naive: float = 5.2,
    family: str = "ridge",
    compared: ChallengerTest = CLEAR,
) -> tuple[str, str]:
    made = decide("rebar", 5, criteria(), contender(candidate, family=family), replace(NAIVE, mae=naive), champion, compared)
    return made.decision, made.reason


def test_a_good_candidate_passes_every_criterion():
    found = criteria()
    assert [c.name for c in found] == ["quality_score", "origins", "mape", "r2", "rmse"]
    assert all(c.passed for c in found)


@pytest.mark.parametrize(
    ("name", "quality", "candidate"),
    [
        ("quality_score", 0.79, GOOD),
        ("mape", 0.95, replace(GOOD, mape=0.0501)),
        ("r2", 0.95, replace(GOOD, r2=0.89)),
        ("rmse", 0.95, replace(GOOD, rmse=50.1)),
    ],
)
def test_each_criterion_blocks_the_whole_market_on_its_own_and_is_named(name: str, quality: float, candidate: Accuracy):
    found = criteria(quality, candidate)
    assert [c.name for c in found if c.blocks] == [name]
    made = decide("rebar", 63, found, contender(1.0), NAIVE, None)
    assert made.decision == "rejected"
    assert "fails acceptance" in made.reason
    assert next(c.text for c in found if c.blocks) in made.reason


def test_exactly_at_the_limits_is_accepted():
    at = Accuracy(origins=250, mape=0.05, r2=0.90, rmse=50.0, mae=5.0)
    assert not any(c.blocks for c in criteria(0.8, at))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_figure_that_cannot_be_measured_never_passes(value: float):
    broken = Accuracy(250, value, -value, value, value)
    found = criteria(math.nan, broken)
    assert {c.name for c in found if c.blocks} == {"quality_score", "mape", "r2", "rmse"}
    assert all("cannot be measured" in c.text for c in found if c.blocks)
    assert all(c.value is None for c in found if c.blocks)


def test_where_the_last_price_itself_fails_r2_the_criterion_warns_and_says_so():
    jumpy = replace(GOOD, r2=0.55)
    found = criteria(candidate=jumpy, naive=replace(NAIVE, r2=0.5))
    r2 = next(c for c in found if c.name == "r2")
    assert (r2.passed, r2.severity, r2.blocks) == (False, "warn", False)
    assert "the last price itself has R² 0.500" in r2.text
    made = decide("scrap", 5, found, contender(5.0), NAIVE, None)
    assert made.promoted
    assert r2.text in made.reason


def test_a_limit_in_dollars_per_tonne_is_not_applied_to_another_unit():
    rules = replace(RULES, rmse=None)
    rmse = acceptance_criteria(rules, 0.95, replace(GOOD, rmse=300.0), NAIVE, unit="CNY/t")[-1]
    assert (rmse.passed, rmse.limit, rmse.value) == (True, None, 300.0)
    assert "300.00 CNY/t; not applicable" in rmse.text


def test_a_short_window_is_noted_and_one_too_short_to_judge_blocks():
    def origins(count: int) -> Criterion:
        return acceptance_criteria(RULES, 0.95, replace(GOOD, origins=count), replace(NAIVE, origins=count))[1]

    assert origins(250).passed
    assert not origins(249).passed
    assert not origins(249).blocks
    assert origins(19).blocks


def test_the_first_model_needs_only_to_be_no_worse_than_the_last_price():
    assert verdict(5.2)[0] == "promoted"
    decision, reason = verdict(5.21)
    assert decision == "rejected"
    assert "worse than the last price: MAE 5.21, 1.002 times the 5.20" in reason


def test_a_candidate_worse_than_the_champion_on_the_same_dates_is_rejected():
    decision, reason = verdict(5.0, contender(4.9, version="old", family="forward_curve"))
    assert decision == "rejected"
    assert "worse than the champion on the same dates: MAE 5.00, 1.020 times the 4.90" in reason


def test_a_candidate_that_is_better_by_luck_only_is_rejected_and_the_reason_says_so():
    decision, reason = verdict(4.8, contender(4.9, version="old", family="forward_curve"), compared=LUCK)
    assert decision == "rejected"
    assert "not better than the champion beyond luck" in reason
    assert "p = 0.300" in reason
    few = replace(CLEAR, days=60)
    assert verdict(4.8, contender(4.9, version="old", family="forward_curve"), compared=few)[0] == "rejected"


def test_a_champion_that_has_gone_wrong_gives_way_to_whatever_is_no_worse_than_the_last_price():
    old = contender(4.9, version="old", family="forward_curve")
    decision, reason = verdict(5.2, old, family="naive", compared=GONE_WRONG)
    assert decision == "promoted"
    assert "the champion has gone wrong: the champion's error was lately 1.200 times the last price's" in reason
    assert verdict(5.3, old, family="ridge", compared=GONE_WRONG)[0] == "rejected"


def test_a_better_candidate_is_promoted():
    decision, reason = verdict(4.8, contender(4.9, version="old", family="forward_curve"))
    assert decision == "promoted"
    assert "better than the champion" in reason


def test_a_candidate_better_than_a_champion_that_lost_to_the_last_price_must_still_beat_the_last_price():
    assert verdict(5.5, contender(6.0, version="old"))[0] == "rejected"


def test_a_tie_keeps_a_champion_of_another_family_and_refreshes_one_of_its_own():
    assert verdict(5.0, contender(5.0, version="old", family="naive"))[0] == "rejected"
    decision, reason = verdict(5.0, contender(5.0 + 1e-9, version="old"))
    assert decision == "promoted"
    assert "refreshed" in reason


def test_the_champion_judged_again_stays_the_champion():
    decision, reason = verdict(5.0, contender(5.0, version="new"))
    assert decision == "promoted"
    assert "in production already" in reason


def test_a_candidate_without_a_score_is_rejected_and_a_champion_without_one_is_replaced():
    nothing = decide("rebar", 5, criteria(), Contender("new", "ridge", UNMEASURED), NAIVE, None)
    assert nothing.decision == "rejected"
    blind = decide("rebar", 5, criteria(), contender(5.0), replace(NAIVE, mae=math.nan), None)
    assert blind.decision == "rejected"
    decision, reason = verdict(5.0, Contender("old", "ridge", UNMEASURED))
    assert decision == "promoted"
    assert "could not be scored" in reason


def test_scores_on_different_dates_are_not_compared():
    with pytest.raises(ValueError, match="same dates"):
        decide("rebar", 5, criteria(), contender(5.0), replace(NAIVE, origins=249), None)
    with pytest.raises(ValueError, match="same dates"):
        decide("rebar", 5, criteria(), contender(5.0), NAIVE, Contender("old", "ridge", replace(GOOD, origins=10)))
    with pytest.raises(ValueError, match="same dates"):
        acceptance_criteria(RULES, 0.9, GOOD, replace(NAIVE, origins=1))


def test_a_random_worse_candidate_never_passes_and_the_outcome_does_not_depend_on_scale():
    random = np.random.default_rng(0)
    for _ in range(200):
        y = 600 + np.cumsum(random.normal(0, 6, 250))
        last = y + random.normal(0, 6, 250)
        theirs = accuracy(y, last)
        ours = accuracy(y, y + (last - y) * random.uniform(1.0001, 3))
        for scale in (1e-3, 1.0, 1e4):
            pair = [replace(score, mae=score.mae * scale) for score in (ours, theirs)]
            made = decide("rebar", 1, criteria(), Contender("new", "ridge", pair[0]), pair[1], None)
            assert made.decision == "rejected"


def test_the_ledger_has_a_row_for_every_decision_with_its_reason():
    moment = pd.Timestamp("2024-06-10 09:30", tz="UTC")
    decisions = [
        decide("rebar", 1, criteria(), contender(5.0), NAIVE, None),
        decide("rebar", 5, criteria(), contender(9.0), NAIVE, contender(5.0, version="old", family="naive")),
        decide("scrap", 1, criteria(), Contender("new", "ridge", UNMEASURED), NAIVE, None),
    ]
    rows = ledger(decisions, moment)
    assert list(rows.columns) == PROMOTIONS.column_names
    assert rows["decision"].tolist() == ["promoted", "rejected", "rejected"]
    assert rows["champion_version"].tolist() == [None, "old", None]
    assert rows["champion_mae"].isna().tolist() == [True, False, True]
    assert rows["candidate_mae"].isna().tolist() == [False, False, True]
    assert rows["reason"].str.len().min() > 10
    assert (rows["created_at"] == moment).all()
    assert ledger([], moment).empty
