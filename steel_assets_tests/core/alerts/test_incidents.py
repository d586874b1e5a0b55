"""An incident opens once, is told again when it gets worse, reminds daily, and ends with a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.advance import advance
from steel_assets.core.alerts.conditions import Condition, Reading, judge
from steel_assets.core.alerts.incidents import Case, Event, Incident, Silence
from steel_assets.core.alerts.rules import Rulebook, UnknownRule
from steel_assets_tests.core.alerts.conftest import EVERYWHERE, MORNING

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class World:
    """Incidents, and everything that was told."""

    rulebook: Rulebook
    incidents: tuple[Incident, ...] = ()
    cases: tuple[Case, ...] = ()
    told: list[Event] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)

    def at(self, now: datetime, *conditions: Condition, complete: Iterable[str] = ()) -> list[str]:
        self.incidents, self.cases, events = advance(
            self.incidents, self.cases, conditions, now, self.rulebook, EVERYWHERE, self.silences, frozenset(complete)
        )
        self.told += events
        return [event.kind for event in events]

    def reads(self, now: datetime, metric: str, value: float) -> list[str]:
        return self.at(now, *judge([Reading(metric=metric, subject="here", moment=now, value=value)], self.rulebook))


def check(firing: bool, moment: datetime, severity: str | None = None) -> Condition:
    return Condition(rule="failed_check", subject="data_quality:score", firing=firing, moment=moment, severity=severity)


def test_an_incident_opens_once_however_often_it_is_seen(rulebook: Rulebook) -> None:
    world = World(rulebook)
    assert world.at(MORNING, check(True, MORNING)) == ["opened"]
    for minute in range(1, 60):
        assert world.at(MORNING + minute * MINUTE, check(True, MORNING + minute * MINUTE)) == []
    assert world.at(MORNING + HOUR, check(True, MORNING)) == []


def test_getting_worse_is_told_and_getting_a_little_better_is_not(rulebook: Rulebook) -> None:
    world = World(rulebook)
    assert world.at(MORNING, check(True, MORNING, "low")) == ["opened"]
    assert world.at(MORNING + MINUTE, check(True, MORNING + MINUTE, "high")) == ["escalated"]
    assert world.at(MORNING + 2 * MINUTE, check(True, MORNING + 2 * MINUTE, "low")) == []
    assert world.at(MORNING + 3 * MINUTE, check(True, MORNING + 3 * MINUTE, "high")) == []
    assert world.told[1].severity == "high"


def test_recovery_is_told_once_on_the_channels_that_heard_of_it(rulebook: Rulebook) -> None:
    world = World(rulebook)
    down = Condition(rule="system_downtime", subject="daemon", firing=True, moment=MORNING)
    world.at(MORNING, down)
    world.at(MORNING + 3 * MINUTE, down)
    later = MORNING + HOUR
    assert world.at(later, down.model_copy(update={"firing": False, "moment": later})) == []
    assert world.at(later + 30 * MINUTE) == ["recovered"], "and stayed so"
    assert world.at(later + HOUR, down.model_copy(update={"firing": False, "moment": later + HOUR})) == []
    assert set(world.told[-1].channels) == {"email", "slack", "sms", "log", "webhook"}
    assert world.told[-1].since == MORNING


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        ("critical", {"20 02:10": "opened", "20 02:40": "unanswered", "21 08:00": "reminder", "22 08:00": "reminder"}),
        ("high", {"20 02:10": "opened", "27 08:00": "reminder"}),
        ("low", {"20 02:10": "opened"}),
    ],
)
def test_reminders_come_at_eight_in_mexico_city_daily_of_what_is_critical_and_weekly_of_the_rest(
    rulebook: Rulebook, severity: str, told: dict[str, str]
) -> None:
    world = World(rulebook)
    start = datetime.fromisoformat("2026-11-20T02:10:00-06:00")
    moments = [start + n * 10 * MINUTE for n in range(6 * 24 * (3 if severity == "critical" else 9))]
    kinds = {moment: world.at(moment, check(True, moment, severity)) for moment in moments}
    assert {f"{moment.astimezone(rulebook.tzinfo):%d %H:%M}": kind[0] for moment, kind in kinds.items() if kind} == told


def test_a_reminder_never_comes_within_eight_hours_of_a_message(rulebook: Rulebook) -> None:
    world = World(rulebook)
    night = datetime.fromisoformat("2026-11-20T01:00:00-06:00")
    world.at(night, check(True, night, "critical"))
    world.at(night + HOUR, check(True, night + HOUR, "critical"))
    assert [world.at(night + n * HOUR) for n in range(2, 31)] == [[]] * 29
    assert world.at(night + 31 * HOUR) == ["reminder"]


def test_a_rule_that_does_not_remind_is_told_once_and_its_end(rulebook: Rulebook) -> None:
    world = World(rulebook)
    days = [MORNING + n * DAY for n in range(10)]
    wrong = [Condition(rule="price_too_old", subject="rebar", firing=True, moment=day, text="It is old.") for day in days]
    assert [world.at(condition.moment, condition) for condition in wrong] == [["opened"], *[[]] * 9]
    over = wrong[-1].model_copy(update={"firing": False, "moment": days[-1] + DAY})
    assert world.at(over.moment, over) == ["recovered"]


def test_a_noisy_figure_must_be_bad_two_times_of_three(rulebook: Rulebook) -> None:
    world = World(rulebook)
    values = [0.06, 0.03, 0.03, 0.06, 0.03, 0.03]
    assert [kind for n, value in enumerate(values) for kind in world.reads(MORNING + n * DAY, "mape", value)] == []
    assert world.reads(MORNING + 6 * DAY, "mape", 0.06) == []
    assert world.reads(MORNING + 7 * DAY, "mape", 0.03) == []
    assert world.reads(MORNING + 8 * DAY, "mape", 0.07) == ["opened"]
    assert world.told[0].since == MORNING + 6 * DAY
    assert world.reads(MORNING + 9 * DAY, "mape", 0.03) == []
    assert world.reads(MORNING + 10 * DAY, "mape", 0.03) == ["recovered"], "it takes two good ones in a row"


def test_the_same_reading_seen_again_does_not_count_twice(rulebook: Rulebook) -> None:
    world = World(rulebook)
    reading = judge([Reading(metric="mape", subject="here", moment=MORNING, value=0.9)], rulebook)
    assert [world.at(MORNING + n * MINUTE, *reading) for n in range(60)] == [[]] * 60


def test_what_must_last_is_told_only_when_it_lasted(rulebook: Rulebook) -> None:
    world = World(rulebook)
    told = [(n, kind) for n in range(90) for kind in world.reads(MORNING + n * MINUTE, "cpu_usage", 0.99)]
    assert told == [(60, "opened")]
    quick = World(rulebook)
    values = [0.99] * 50 + [0.2] * 3 + [0.99] * 50
    assert [kind for n, value in enumerate(values) for kind in quick.reads(MORNING + n * MINUTE, "cpu_usage", value)] == []


def test_flapping_around_the_limit_is_one_incident(rulebook: Rulebook) -> None:
    world = World(rulebook)
    for n in range(240):
        world.reads(MORNING + n * MINUTE, "memory_usage", 0.95 if n % 4 else 0.85)
    assert [event.kind for event in world.told] == ["opened"]
    for n in range(240, 270):
        world.reads(MORNING + n * MINUTE, "memory_usage", 0.5)
    assert [event.kind for event in world.told] == ["opened", "recovered"]


def test_a_silence_holds_messages_back_and_what_is_still_wrong_afterwards_is_told_then(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.silences = [Silence(id="s", rule="failed_*", subject="*", start=MORNING, until=MORNING + HOUR, reason="upgrade")]
    assert world.at(MORNING, check(True, MORNING)) == []
    assert world.at(MORNING + 59 * MINUTE, check(True, MORNING + 59 * MINUTE)) == []
    assert world.at(MORNING + HOUR) == ["opened"]
    assert world.told[0].since == MORNING


def test_what_began_and_ended_in_a_silence_is_never_told_and_other_rules_are_not_silenced(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.silences = [Silence(id="s", rule="failed_check", subject="data_*", start=MORNING, until=MORNING + HOUR, reason="x")]
    world.at(MORNING, check(True, MORNING))
    world.at(MORNING + MINUTE, check(False, MORNING + MINUTE))
    assert world.at(MORNING + 2 * HOUR) == []
    other = Condition(rule="failed_run", subject="data_update", firing=True, moment=MORNING)
    assert world.at(MORNING + MINUTE, other) == ["opened"]


def test_people_who_were_told_before_a_silence_hear_that_it_is_over(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING, check(True, MORNING))
    world.silences = [Silence(id="s", rule="*", subject="*", start=MORNING, until=MORNING + HOUR, reason="x")]
    assert world.at(MORNING + MINUTE, check(False, MORNING + MINUTE)) == ["recovered"]


def test_an_older_report_that_comes_late_changes_nothing(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING + MINUTE, check(True, MORNING + MINUTE))
    assert world.at(MORNING + 2 * MINUTE, check(False, MORNING)) == []


def test_what_is_fine_and_what_stays_as_it_is_changes_nothing_that_would_have_to_be_written(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING, check(False, MORNING))
    world.reads(MORNING, "cpu_usage", 0.2)
    assert world.incidents == ()
    world.at(MORNING, check(True, MORNING))
    before = world.incidents
    for second in range(30, 570, 30):
        world.at(MORNING + timedelta(seconds=second), check(True, MORNING + timedelta(seconds=second)))
    assert world.incidents == before


def test_a_notice_is_told_once_and_a_newer_one_is_another(rulebook: Rulebook) -> None:
    world = World(rulebook)
    notice = Condition(rule="rejected_candidate", subject="hrc", firing=True, moment=MORNING, text="worse than the champion")
    assert world.at(MORNING, notice) == ["notice"]
    assert world.at(MORNING + MINUTE, notice) == []
    assert world.at(MORNING + 3 * DAY) == []
    assert world.at(MORNING + 7 * DAY, notice.model_copy(update={"moment": MORNING + 7 * DAY})) == ["notice"]
    assert len({event.id for event in world.told}) == 2


def test_a_notice_in_a_silence_is_told_after_it(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.silences = [Silence(id="s", rule="*", subject="*", start=MORNING, until=MORNING + HOUR, reason="x")]
    assert world.at(MORNING, Condition(rule="rejected_candidate", subject="hrc", firing=True, moment=MORNING)) == []
    assert world.at(MORNING + HOUR) == ["notice"]
    assert world.at(MORNING + 2 * HOUR) == []


def test_what_is_no_longer_there_to_be_watched_is_over(rulebook: Rulebook) -> None:
    world = World(rulebook)
    stale = Condition(rule="failed_tick", subject="old_sensor", firing=True, moment=MORNING)
    world.at(MORNING, stale, complete=["failed_tick"])
    later = MORNING + HOUR
    assert world.at(later, stale.model_copy(update={"moment": later}), complete=["failed_tick"]) == ["opened"]
    assert world.at(later + MINUTE, complete=["stale_asset"]) == []
    assert world.at(later + MINUTE, complete=["failed_tick"]) == ["recovered"]


def test_a_rule_that_was_taken_out_of_the_catalogue_takes_its_incidents_with_it(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING, check(True, MORNING))
    world.rulebook = rulebook.model_copy(update={"rules": {k: v for k, v in rulebook.rules.items() if k != "failed_check"}})
    assert world.at(MORNING + DAY) == []
    assert world.incidents == ()


def test_a_condition_without_a_rule_is_refused_by_name(rulebook: Rulebook) -> None:
    with pytest.raises(UnknownRule, match=r"no alert rule 'nonsense'.*failed_check"):
        World(rulebook).at(MORNING, Condition(rule="nonsense", subject="x", firing=True, moment=MORNING))


def test_incidents_survive_being_written_as_json(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.reads(MORNING, "cost_daily", 0.31)
    world.at(MORNING, check(True, MORNING))
    assert [Incident.model_validate_json(incident.model_dump_json()) for incident in world.incidents] == list(world.incidents)


_RULEBOOK = load_catalog().rulebook


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["low", "high"]), st.integers(1, 600)), max_size=40))
def test_whatever_happens_messages_alternate_and_their_ids_are_never_the_same(steps: list[tuple[bool, str, int]]) -> None:
    world, now = World(_RULEBOOK), MORNING
    for firing, severity, minutes in steps:
        now += minutes * MINUTE
        world.at(now, check(firing, now, severity))
    kinds = [event.kind for event in world.told]
    assert len({event.id for event in world.told}) == len(kinds)
    opened = 0
    for kind in kinds:
        opened += {"opened": 1, "recovered": -1}.get(kind, 0)
        assert opened in (0, 1)
        assert kind in ("opened", "recovered") or opened == 1


def test_the_2_of_3_rule_can_be_switched_off_in_the_catalogue(adjusted: Callable[..., Rulebook]) -> None:
    world = World(adjusted("model_degradation", noisy=False))
    assert "model_degradation" in {event.rule for event in (world.reads(MORNING, "mape", 0.06), world.told)[1]}
