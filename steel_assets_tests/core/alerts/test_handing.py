"""Who looks after an incident, and when a channel may ring."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from steel_assets.core.alerts.acknowledging import acknowledged
from steel_assets.core.alerts.alert_state import AlertState, claimed, enqueued
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Acknowledgement
from steel_assets.core.alerts.message import SMS_LENGTH, compose, short
from steel_assets.core.alerts.rules import Hours, Rulebook
from steel_assets.core.alerts.tokens import BadToken, claim, token
from steel_assets_tests.core.alerts.conftest import MORNING
from steel_assets_tests.core.alerts.test_incidents import DAY, HOUR, MINUTE, World

KEY = b"0123456789abcdef"
ANA = Acknowledgement(by="Ana", at=MORNING, note="the provider was called")


def down(after: timedelta) -> Condition:
    return Condition(rule="system_downtime", subject="Dagster daemon", firing=True, moment=MORNING + after)


def acknowledge(world: World, name: str) -> list[str]:
    alert_state, cases = acknowledged(AlertState(incidents=world.incidents, cases=world.cases), name, ANA)
    world.cases = alert_state.cases
    return [case.cause for case in cases]


@pytest.fixture
def world(rulebook: Rulebook) -> World:
    """The daemon is dead, and people know."""
    found = World(rulebook)
    for minute in (0, 3):
        found.at(MORNING + minute * MINUTE, down(minute * MINUTE))
    return found


def test_what_somebody_looks_after_is_not_told_again_and_not_reminded_of(world: World) -> None:
    assert acknowledge(world, "automation") == ["automation"]
    assert [kind for n in range(1, 100) for kind in world.at(MORNING + n * HOUR, down(n * HOUR))] == []
    over = down(101 * HOUR).model_copy(update={"firing": False})
    assert world.at(over.moment, over) == []
    assert world.at(over.moment + HOUR) == ["recovered"]


def test_what_grows_is_told_though_somebody_looks_after_it_and_says_who(rulebook: Rulebook) -> None:
    world = World(rulebook)
    first = Condition(rule="failed_check", subject="hrc_us_midwest/forecasts: sane_forecast", firing=True, moment=MORNING)
    world.at(MORNING, first)
    assert acknowledge(world, world.cases[0].id) == ["market:hrc_us_midwest"]
    other = first.model_copy(update={"subject": "hrc_us_midwest/forecasts: published_completely", "moment": MORNING + DAY})
    assert world.at(MORNING + DAY, other) == ["grown"]
    text = dict(compose(world.told[-1:], rulebook, "http://ui").messages[0].facts)
    assert text["Looked after by"] == "Ana"


def test_it_is_acknowledged_once_and_only_what_is_open(world: World) -> None:
    assert acknowledge(world, "provider:yahoo_finance") == []
    assert acknowledge(world, "automation") == ["automation"]
    assert acknowledge(world, "automation") == []


def test_a_message_that_asks_for_an_answer_carries_the_link_and_one_that_is_looked_after_does_not(world: World) -> None:
    def link(place: int) -> str:
        event = world.told[place]
        notification = compose(
            [event],
            world.rulebook,
            "http://ui",
            "0123456789",
            site="https://s",
            sealed=lambda event: token(KEY, event.incident, "sms", MORNING),
        )
        text = short(notification)
        assert len(text) <= SMS_LENGTH
        assert text.endswith("[01234567]")
        return text

    assert "I look after it: https://s/alerts/acknowledge?token=" in link(0)
    world.at(MORNING + HOUR, down(HOUR))
    assert "https://s/alerts" in link(-1)
    over = down(2 * HOUR).model_copy(update={"firing": False})
    world.at(over.moment, over)
    world.at(over.moment + HOUR)
    assert "https://s/alerts" not in link(-1)


def test_a_token_says_its_case_and_channel_for_a_week() -> None:
    made = token(KEY, "0123456789ab", "email", MORNING)
    assert claim(KEY, made, MORNING + 6 * DAY).case == "0123456789ab"
    assert claim(KEY, made, MORNING).channel == "email"
    with pytest.raises(BadToken, match="older than a week"):
        claim(KEY, made, MORNING + 8 * DAY)
    for place in range(len(made)):
        forged = made[:place] + ("0" if made[place] != "0" else "1") + made[place + 1 :]
        with pytest.raises(BadToken):
            claim(KEY, forged, MORNING)


@pytest.mark.parametrize(
    ("moment", "rings"),
    [
        ("2026-11-20 06:59", False),
        ("2026-11-20 07:00", True),
        ("2026-11-20 19:59", True),
        ("2026-11-20 20:00", False),
        ("2026-11-21 12:00", False),  # a Saturday
    ],
)
def test_a_channel_rings_in_its_hours(moment: str, rings: bool) -> None:
    hours = Hours.model_validate({"start": "07:00", "end": "20:00", "days": ["mon", "tue", "wed", "thu", "fri"]})
    assert hours.on(datetime.fromisoformat(moment)) is rings


@pytest.mark.parametrize(
    ("moment", "rings"),
    [("2026-11-20 23:00", True), ("2026-11-21 05:00", True), ("2026-11-21 23:00", False), ("2026-11-20 05:00", False)],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_begin(moment: str, rings: bool) -> None:
    assert Hours.model_validate({"start": "22:00", "end": "06:00", "days": ["fri"]}).on(datetime.fromisoformat(moment)) is rings


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="days"):
        Hours.model_validate({"start": "22:00", "end": "06:00", "days": ["viernes"]})


def test_outside_of_its_hours_a_channel_gets_what_is_critical_and_the_rest_when_they_begin(
    rulebook: Rulebook, world: World
) -> None:
    check = Condition(rule="failed_check", subject="hrc_us_midwest/x: y", firing=True, moment=MORNING + 4 * MINUTE)
    world.at(check.moment, check)
    alert_state = enqueued(AlertState(), world.told[::-1])
    alert_state, batch = claimed(alert_state, "slack", MORNING, 5, rests=True)
    assert batch is not None
    assert [event.severity for event in batch.events] == ["critical"]
    alert_state, batch = claimed(enqueued(AlertState(), world.told[1:]), "slack", MORNING, 5, rests=True)
    assert batch is None
    assert claimed(alert_state, "slack", MORNING, 5)[1] is not None


def test_the_hours_are_those_of_the_schedules_zone(rulebook: Rulebook) -> None:
    hours = {"sms": Hours.model_validate({"start": "07:00", "end": "20:00"})}
    with_hours = rulebook.model_copy(update={"policy": rulebook.policy.model_copy(update={"hours": hours})})
    assert with_hours.rests("sms", datetime.fromisoformat("2026-11-20T12:30:00+00:00")), "06:30 in Mexico City"
    assert not with_hours.rests("sms", datetime.fromisoformat("2026-11-20T13:30:00+00:00"))
    assert not with_hours.rests("slack", datetime.fromisoformat("2026-11-20T12:30:00+00:00"))
