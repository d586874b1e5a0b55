"""Every threshold of the mission, just below, just above, and beyond one and a half times."""

from __future__ import annotations

import math

import pytest

from steel_assets.core.alerts.advance import advance
from steel_assets.core.alerts.conditions import METRIC_UNKNOWN, Reading, judge
from steel_assets.core.alerts.rules import Rulebook
from steel_assets_tests.core.alerts.conftest import EVERYWHERE, MORNING

MISSION = {
    "mape_increase": ("mape_increase", 0.02),
    "latency_spike": ("latency_seconds", 2.0),
    "error_rate": ("error_rate", 0.05),
    "cost_daily": ("cost_daily", 0.20),
    "memory_usage": ("memory_usage", 0.90),
    "cpu_usage": ("cpu_usage", 0.85),
}


def _conditions(rulebook: Rulebook, metric: str, value: float | None) -> dict[str, tuple[bool, str | None]]:
    reading = Reading(metric=metric, subject="here", moment=MORNING, value=value)
    return {condition.rule: (condition.firing, condition.severity) for condition in judge([reading], rulebook)}


@pytest.mark.parametrize("rule", sorted(MISSION))
def test_at_the_missions_threshold_nothing_is_wrong_and_above_it_is_medium_and_beyond_half_as_much_again_high(
    rulebook: Rulebook, rule: str
) -> None:
    metric, limit = MISSION[rule]
    assert rulebook.rules[rule].above == limit
    for value, expected in (
        (limit * 0.999, (False, "medium")),
        (limit, (False, "medium")),
        (limit * 1.001, (True, "medium")),
        (limit * 1.5 * 0.999, (True, "medium")),
        (limit * 1.5 * 1.001, (True, "high")),
    ):
        assert _conditions(rulebook, metric, value)[rule] == expected, value


@pytest.mark.parametrize(
    ("rule", "metric", "limit", "severity", "channels"),
    [
        ("model_degradation", "mape", 0.05, "high", {"email", "slack"}),
        ("cost_spike", "cost_daily", 0.25, "medium", {"email"}),
        ("cost_pace", "cost_daily", 5.0 / 30, "medium", {"email"}),
    ],
)
def test_the_missions_alert_types_have_their_limit_severity_and_routes(
    rulebook: Rulebook, rule: str, metric: str, limit: float, severity: str, channels: set[str]
) -> None:
    assert _conditions(rulebook, metric, limit)[rule][0] is False
    assert _conditions(rulebook, metric, limit * 1.001)[rule] == (True, severity)
    assert set(rulebook.rules[rule].channels) == channels


def test_downtime_is_critical_and_goes_to_e_mail_slack_and_a_phone(rulebook: Rulebook) -> None:
    rule = rulebook.rules["system_downtime"]
    assert rule.severity == "critical"
    routed = rulebook.route(rule, "critical", "the daemon", EVERYWHERE)
    assert {"email", "slack", "sms"} <= set(routed)


def test_a_phone_rings_for_critical_alerts_only(rulebook: Rulebook) -> None:
    for rule in rulebook.rules.values():
        for severity in ("low", "medium", "high"):
            assert "sms" not in rulebook.route(rule, severity, "x", EVERYWHERE)


def test_the_budget_is_told_at_half_at_four_fifths_and_when_it_is_spent() -> None:
    from steel_assets.catalog import load_catalog

    catalog = load_catalog()
    told = sorted(rule.above for rule in catalog.alerts.values() if rule.metric == "budget_share" and rule.above)
    assert told == [0.5, 0.8, 1.0]


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("rule", sorted(MISSION))
def test_a_figure_that_is_not_known_is_a_condition_of_its_own(rulebook: Rulebook, rule: str, value: float | None) -> None:
    metric, _ = MISSION[rule]
    found = _conditions(rulebook, metric, value)
    assert found == {METRIC_UNKNOWN: (True, None)}


def test_an_unknown_figure_never_closes_what_is_open(rulebook: Rulebook) -> None:
    bad = judge([Reading(metric="cost_daily", subject="here", moment=MORNING, value=0.5)], rulebook)
    incidents, cases, _ = advance((), (), bad, MORNING, rulebook, EVERYWHERE)
    later = MORNING.replace(hour=15)
    unknown = judge([Reading(metric="cost_daily", subject="here", moment=later, value=math.nan)], rulebook)
    after, _, events = advance(incidents, cases, unknown, later, rulebook, EVERYWHERE)
    assert events == []
    assert {incident.rule for incident in after if incident.open} == {"cost_pace", "cost_daily", "cost_spike"}


def test_a_channel_named_by_a_rule_but_not_set_up_is_left_out_and_the_log_never_is(rulebook: Rulebook) -> None:
    rule = rulebook.rules["system_downtime"]
    assert rulebook.route(rule, "critical", "x", frozenset({"log", "email"})) == ("email", "log")
