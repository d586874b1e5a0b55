"""What the rules would have sent over a recorded history, and how much of it was false."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from steel_assets.core.alerts.conditions import Condition, Reading
from steel_assets.core.alerts.replay import replay
from steel_assets.core.alerts.rules import Rulebook
from steel_assets_tests.core.alerts.conftest import EVERYWHERE, MORNING

DAY = timedelta(days=1)


def days(values: list[float], metric: str = "mape") -> list[Reading]:
    return [Reading(metric=metric, subject="rebar", moment=MORNING + n * DAY, value=v) for n, v in enumerate(values)]


def test_a_lasting_change_is_told_once_and_is_true(rulebook: Rulebook) -> None:
    found = replay(days([0.03] * 20 + [0.08] * 20), [], rulebook, EVERYWHERE)
    assert found.openings["model_degradation"] == 1
    assert (found.judged["model_degradation"], found.false["model_degradation"]) == (1, 0)
    assert found.messages["model_degradation"] == 3, "told once, and reminded of weekly"


def test_two_bad_days_among_good_ones_are_counted_as_false(rulebook: Rulebook) -> None:
    found = replay(days([0.03] * 20 + [0.08, 0.08] + [0.03] * 20), [], rulebook, EVERYWHERE)
    assert (found.openings["model_degradation"], found.false["model_degradation"]) == (1, 1)


def test_on_calm_noisy_figures_the_rule_is_far_quieter_than_one_reading_would_be(rulebook: Rulebook) -> None:
    noise = np.random.default_rng(7).normal(0.035, 0.009, 1500)
    found = replay(days([float(value) for value in noise]), [], rulebook, EVERYWHERE)
    assert found.openings["model_degradation"] <= 0.5 * int((noise > 0.05).sum())


def test_unknown_figures_and_facts_are_replayed_too_and_facts_are_not_judged(rulebook: Rulebook) -> None:
    checks = [Condition(rule="failed_check", subject="a", firing=n % 2 == 0, moment=MORNING + n * DAY) for n in range(6)]
    found = replay(days([float("nan")] * 5), checks, rulebook, EVERYWHERE)
    assert found.openings["metric_unknown"] == 1
    assert found.openings["failed_check"] == 3
    assert found.judged["failed_check"] == 0
    assert found.start == MORNING


def test_nothing_recorded_is_an_empty_replay(rulebook: Rulebook) -> None:
    found = replay([], [], rulebook, EVERYWHERE)
    assert (found.events, found.start) == ([], None)
