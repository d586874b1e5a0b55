"""Alert rules: the shipped ones are whole, a company's own replace or add, and mistakes are named."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest
from dagster._utils.schedules import is_valid_cron_string

from steel_assets.catalog import CatalogError, load_catalog
from steel_assets.core.cron import checked

RULE = """
alerts:
  - id: late_furnace
    title: The furnace is late
    severity: medium
    channels: [email]
    advice: Call the shift.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "alerts").mkdir()
    return tmp_path


def test_a_rule_of_ones_own_is_added_and_one_declared_again_replaces_the_shipped_one(folder: Path) -> None:
    (folder / "alerts" / "own.yaml").write_text(RULE)
    (folder / "alerts" / "cost.yaml").write_text(
        RULE.replace("late_furnace", "cost_daily") + "    metric: cost_daily\n    above: 0.5\n"
    )
    catalog = load_catalog(folder)
    assert catalog.alerts["late_furnace"].severity == "medium"
    assert catalog.alerts["cost_daily"].above == 0.5
    assert catalog.alerts["cost_spike"].above == 0.25


def test_a_larger_budget_moves_the_warning_with_it(folder: Path) -> None:
    (folder / "rules.yaml").write_text("costs: {monthly_budget_usd: 30}\n")
    assert load_catalog(folder).alerts["cost_pace"].above == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (RULE + "    colour: red\n", "colour"),
        (RULE + "    above: 3\n", "above needs the metric"),
        (RULE + "    metric: heat\n", "needs one limit"),
        (RULE + "    metric: heat\n    above: 3\n    budget_days: 30\n", "needs one limit"),
        (RULE + "    metric: heat\n    above: .nan\n", "above"),
        (RULE + "    metric: heat\n    above: -1\n", "above"),
        (RULE.replace("medium", "scaled"), "scaled"),
        (RULE.replace("medium", "urgent"), "severity"),
        (RULE + "    notice: true\n    noisy: true\n", "notice"),
        (RULE + "    opens_after_minutes: -5\n", "opens_after_minutes"),
        (RULE + RULE.split("alerts:")[1], "already declared"),
        ("alerts: {a: b}\n", "list"),
        (RULE.replace("    advice: Call the shift.\n", ""), "advice"),
        (RULE + "    message: The {furnace} is cold\n", "no name furnace to fill in; known are .*market"),
        (RULE + "    message: 'The {market is cold'\n", "braces do not fit"),
        (RULE + "    follows: [no_such_rule]\n", "follows no_such_rule, which is no alert rule"),
        (RULE + "    quietly: [failed_run]\n", "quietly names failed_run, which follows does not"),
    ],
)
def test_a_mistake_in_a_rule_is_refused_and_named(folder: Path, content: str, says: str) -> None:
    (folder / "alerts" / "x.yaml").write_text(content)
    with pytest.raises(CatalogError, match=says):
        load_catalog(folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("alerts: {digest_above: 0}\n", "digest_above"),
        ("alerts: {high_beyond: 1.0}\n", "high_beyond"),
        ("alerts: {least: {sms: huge}}\n", "least"),
        ("freshness: {deadlines: [{groups: [], cron: '0 4 * * *', window_hours: 3}]}\n", "groups"),
        ("freshness: {deadlines: [{groups: [forecats], cron: '0 4 * * *', window_hours: 3}]}\n", "groups.0: .*'forecast'"),
        ("freshness: {missed_periods: {hourly: 3}}\n", "missed_periods"),
        ("freshness: {deadlines: [{groups: [raw], cron: 'at four', window_hours: 3}]}\n", r"deadlines.0.cron: .*0 2 \* \* \*"),
        ("schedules: {daily_data_update: every day}\n", "schedules.daily_data_update"),
        ("schedules: {daily_data_update: '0 25 * * *'}\n", "schedules.daily_data_update"),
        ("schedules: {weekly_retraining: '0 3 * *'}\n", "schedules.weekly_retraining"),
        ("schedules: {performance_monitoring: '0 */0 * * *'}\n", "schedules.performance_monitoring"),
        ("schedules: {performance_monitoring: '0 5-1 * * *'}\n", "schedules.performance_monitoring"),
        ("schedules: {daily_data_update: '0 2 31 2 *'}\n", "schedules.daily_data_update"),
        ("schedules: {daily_data_update: '0 2 30 feb fri'}\n", "schedules.daily_data_update"),
        ("schedules: {daily_data_update: 'mon 2 * * *'}\n", "schedules.daily_data_update"),
        ("schedules: {daily_data_update: '0 0 2 * * *'}\n", "schedules.daily_data_update"),
        ("schedules: {weekly_retraining: '0 3 LW * *'}\n", "schedules.weekly_retraining"),
        ("schedules: {zone: Mexico}\n", "schedules.zone"),
        ("alerts: {high_beyond: .inf}\n", "high_beyond"),
        ("alerts: {always: []}\n", "always"),
        ("costs: {monthly_budget_usd: .inf}\n", "monthly_budget_usd"),
        ("costs: {monthly_budget_usd: -5}\n", "monthly_budget_usd"),
        ("acceptance: {mape: 5}\n", "acceptance.mape"),
        ("acceptance: {rmse_usd_per_tonne: .inf}\n", "acceptance.rmse"),
        ("acceptance: {r2: -.inf}\n", "acceptance.r2"),
    ],
)
def test_a_mistake_in_the_policy_is_refused_and_named(folder: Path, content: str, says: str) -> None:
    (folder / "rules.yaml").write_text(content)
    with pytest.raises(CatalogError, match=says):
        load_catalog(folder)


@pytest.mark.parametrize("cron", ["0 2 * * *", "*/15 6-18 * * 1-5", "0,30 2 1 */3 mon,Thu", "5 4 31 dec 7", "0 2 * * 0"])
def test_every_ordinary_time_is_taken(folder: Path, cron: str) -> None:
    (folder / "rules.yaml").write_text(f"schedules: {{daily_data_update: '{cron}'}}\n")
    assert load_catalog(folder).rules.schedules.daily_data_update == cron


PARTS = ("*", "0", "12", "31", "59", "1-5", "5-1", "*/15", "5/15", "*/70", "1,5", "mon", "feb", "L", "LW", "5L", "fri#2", "?", "")
PLACES = [(first, second) for first in range(5) for second in range(5)]


@pytest.mark.parametrize("part", PARTS)
def test_whatever_is_taken_dagster_takes_too(part: str) -> None:
    every_day = {0: "0", 1: "2", 2: "*", 3: "*", 4: "*"}
    texts = [" ".join({**every_day, first: part, second: other}.values()) for first, second in PLACES for other in PARTS]
    assert [text for text in texts if _is_taken(text) and not is_valid_cron_string(text)] == []


def _is_taken(text: str) -> bool:
    try:
        return bool(checked(text))
    except ValueError:
        return False


def test_every_shipped_rule_says_what_to_do_in_both_languages() -> None:
    for rule in load_catalog().alerts.values():
        assert len(rule.advice) > 20 or rule.id == "test_message", rule.id
        assert rule.channels, rule.id
        assert rule.title_es, rule.id
        assert rule.advice_es, rule.id
        assert rule.title_es != rule.title, rule.id
        assert rule.message, rule.id
        assert rule.message_es, rule.id
        for name, words in rule.variants.items():
            assert all((words.message, words.message_es, words.advice, words.advice_es)), f"{rule.id}, {name}"


def test_both_languages_of_a_rule_fill_in_the_same_names() -> None:
    for rule in load_catalog().alerts.values():
        for words in (rule, *rule.variants.values()):
            for english, spanish in ((words.message, words.message_es), (words.advice, words.advice_es)):
                assert names_of(english) == names_of(spanish), f"{rule.id}: {english}"


def names_of(template: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(template)} - {None}
