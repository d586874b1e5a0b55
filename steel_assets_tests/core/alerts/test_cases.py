"""One cause, one incident: what it takes along is listed, what it grows by is told at once, its end once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.alert_state import AlertState
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Case, Silence
from steel_assets.core.alerts.rules import Rulebook
from steel_assets_tests.core.alerts.conftest import MORNING
from steel_assets_tests.core.alerts.test_incidents import DAY, HOUR, MINUTE, World

PRICES = "raw/trading_economics/commodity_prices"
REBAR = "LME Steel Rebar FOB Turkey (lme_rebar_m01, trading_economics)"
PMI = "Manufacturing PMI (pmi_manufacturing_cn, trading_economics)"


def wrong(rule: str, subject: str, after: timedelta = timedelta(), **more: object) -> Condition:
    return Condition.model_validate({"rule": rule, "subject": subject, "firing": True, "moment": MORNING + after} | more)


def fine(rule: str, subject: str, after: timedelta) -> Condition:
    return wrong(rule, subject, after, firing=False)


def provider_down(after: timedelta = timedelta()) -> Condition:
    return wrong("failed_check", f"{PRICES}: collected", after, text="lme_rebar_m01: no answer; lme_scrap_m01: no answer")


def listed(world: World) -> dict[str, str]:
    """Subject → state, as the last message lists them."""
    return {item.subject: item.state for item in world.told[-1].items}


def test_a_provider_takes_the_markets_along_that_it_prices_and_their_end_is_one_message(rulebook: Rulebook) -> None:
    world = World(rulebook)
    assert world.at(MORNING, provider_down()) == ["opened"]
    old = [wrong("price_too_old", market, 6 * DAY) for market in ("rebar_fob_turkey", "scrap_turkey")]
    assert world.at(MORNING + 6 * DAY, *old) == ["grown"]
    assert listed(world) == {"rebar_fob_turkey": "new", "scrap_turkey": "new", f"{PRICES}: collected": "open"}
    end = 8 * DAY
    assert world.at(MORNING + end, fine("failed_check", f"{PRICES}: collected", end)) == []
    recovered = [fine("price_too_old", market, end) for market in ("rebar_fob_turkey", "scrap_turkey")]
    assert world.at(MORNING + end, *recovered) == ["recovered"]
    assert set(listed(world).values()) == {"over"}
    assert world.cases == ()


def test_a_market_that_the_provider_does_not_price_is_an_incident_of_its_own(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING, provider_down())
    assert world.at(MORNING + DAY, wrong("price_too_old", "hrc_us_midwest", DAY)) == ["opened"]
    assert [case.cause for case in world.cases] == ["provider:trading_economics", "market:hrc_us_midwest"]


def test_several_checks_of_a_market_follow_its_provider_whatever_their_order(rulebook: Rulebook) -> None:
    world = World(rulebook)
    checks = [wrong("failed_check", f"rebar_fob_turkey/{asset}: y") for asset in ("forecasts", "data_quality", "a", "z")]
    assert world.at(MORNING, checks[0], checks[1], provider_down(), *checks[2:]) == ["opened"]
    assert [case.cause for case in world.cases] == ["provider:trading_economics"]


def test_a_target_that_dies_while_a_driver_is_dead_is_told_at_once_and_worse(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING, wrong("stale_series", PMI))
    assert world.at(MORNING + HOUR, wrong("stale_series", PMI, HOUR)) == ["opened"]
    world.at(MORNING + 2 * DAY, wrong("stale_series", REBAR, 2 * DAY, severity="high"))
    later = 2 * DAY + HOUR
    assert world.at(MORNING + later, wrong("stale_series", REBAR, later, severity="high")) == ["escalated"]
    assert world.told[-1].severity == "high"
    assert listed(world) == {PMI: "open", REBAR: "new"}


def test_another_series_of_the_same_severity_is_told_too_after_a_moment_for_more_of_them(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING, wrong("failed_check", "hrc_us_midwest/forecasts: sane_forecast"))
    for minute, check in ((1, "published_completely"), (2, "quality_score")):
        assert world.at(MORNING + minute * MINUTE, wrong("failed_check", f"hrc_us_midwest/x: {check}", minute * MINUTE)) == []
    assert world.at(MORNING + 10 * MINUTE) == ["grown"]
    assert [item.state for item in world.told[-1].items] == ["open", "new", "new"]


def test_a_series_that_its_providers_failure_explains_is_listed_and_not_told_and_one_that_it_does_not_is(
    rulebook: Rulebook,
) -> None:
    world = World(rulebook)
    world.at(MORNING, provider_down())
    explained = [wrong("stale_series", REBAR, n * DAY, severity="high") for n in (1, 2)]
    assert [world.at(condition.moment, condition) for condition in explained] == [[], []]
    other = [wrong("stale_series", PMI, n * DAY) for n in (3, 4)]
    assert [kind for condition in other for kind in world.at(condition.moment, condition)] == ["grown"]
    assert listed(world)[REBAR] == "along", "what it took along is in the next message"


def test_a_dead_daemon_takes_along_what_it_would_have_renewed_and_what_stays_stale_after_it_is_told(rulebook: Rulebook) -> None:
    world = World(rulebook)
    down = [wrong("system_downtime", "Dagster daemon", n * MINUTE) for n in (0, 3)]
    assert [kind for condition in down for kind in world.at(condition.moment, condition)] == ["opened"]
    assert world.at(MORNING + 33 * MINUTE) == ["unanswered"]
    stale = [wrong("stale_asset", name, 2 * HOUR) for name in ("forecasts", "hrc_us_midwest/forecasts", f"{PRICES}")]
    world.at(MORNING + 2 * HOUR, *stale)
    assert world.at(MORNING + 3 * HOUR) == []
    assert world.at(MORNING + 4 * HOUR, fine("system_downtime", "Dagster daemon", 4 * HOUR)) == []
    assert world.at(MORNING + 4 * HOUR + 30 * MINUTE) == ["grown"]
    assert sorted(listed(world).values()) == ["new", "new", "new", "over"]
    assert world.told[-1].severity == "high", "the critical part of it is over"
    assert world.at(MORNING + 5 * HOUR, *[fine("stale_asset", condition.subject, 5 * HOUR) for condition in stale]) == [
        "recovered"
    ]


def test_what_a_dead_daemon_took_along_and_was_renewed_soon_after_is_part_of_its_end(rulebook: Rulebook) -> None:
    world = World(rulebook)
    for minute in (0, 3):
        world.at(MORNING + minute * MINUTE, wrong("system_downtime", "Dagster daemon", minute * MINUTE))
    back = [fine("system_downtime", "Dagster daemon", HOUR), wrong("stale_asset", "forecasts", HOUR)]
    assert world.at(MORNING + HOUR, *back) == [], "nobody is asked to answer for what is right again"
    assert world.at(MORNING + HOUR + 16 * MINUTE) == []
    renewed = HOUR + 20 * MINUTE
    assert world.at(MORNING + renewed, fine("stale_asset", "forecasts", renewed)) == []
    assert world.at(MORNING + HOUR + 30 * MINUTE) == ["recovered"]
    assert listed(world) == {"Dagster daemon": "over", "forecasts": "over"}
    assert world.told[-1].rule == "system_downtime"


def test_one_missed_run_is_one_message_and_one_end(rulebook: Rulebook) -> None:
    world = World(rulebook)
    assets = ("metrics_daily", "predictions_vs_reality", "drift", "system_metrics", "alert_history")
    world.at(MORNING, *[wrong("stale_asset", name) for name in assets])
    assert world.at(MORNING + 15 * MINUTE) == ["opened"]
    assert world.at(MORNING + HOUR, *[fine("stale_asset", name, HOUR) for name in assets]) == ["recovered"]
    assert len(world.told[-1].items) == 5


def test_what_comes_back_before_its_end_was_said_is_no_news_and_afterwards_it_is(rulebook: Rulebook) -> None:
    world = World(rulebook)
    subjects = [f"hrc_us_midwest/{name}: every_market" for name in ("features", "forecasts")]
    world.at(MORNING, *[wrong("failed_check", subject) for subject in subjects])
    world.at(MORNING + HOUR, fine("failed_check", subjects[0], HOUR))
    assert world.at(MORNING + 2 * HOUR, wrong("failed_check", subjects[0], 2 * HOUR)) == []
    world.at(MORNING + 3 * HOUR, fine("failed_check", subjects[0], 3 * HOUR))
    third = wrong("failed_check", "hrc_us_midwest/x: every_market", 4 * HOUR)
    assert world.at(MORNING + 4 * HOUR, third) == ["grown"]
    assert listed(world) == {third.subject: "new", subjects[1]: "open", subjects[0]: "over"}
    assert world.at(MORNING + 5 * HOUR, wrong("failed_check", subjects[0], 5 * HOUR)) == ["grown"]


def test_part_of_a_case_can_be_silent_and_is_told_when_the_silence_ends(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.silences = [
        Silence(id="s", rule="*", subject="*", cause="market:hrc*", start=MORNING, until=MORNING + DAY, reason="repair")
    ]
    assert world.at(MORNING, wrong("failed_check", "hrc_us_midwest/forecasts: sane_forecast"), provider_down()) == ["opened"]
    assert world.told[-1].cause == "provider:trading_economics"
    assert world.at(MORNING + DAY) == ["opened"]
    assert world.told[-1].cause == "market:hrc_us_midwest"


def test_an_incident_that_an_earlier_release_told_alone_is_not_told_again_and_its_end_is(rulebook: Rulebook) -> None:
    """As the alert state of that release has it, field by field."""
    seen = MORNING.isoformat()
    incident = {"rule": "failed_run", "subject": "daily", "seen": seen, "recent": [{"moment": seen, "firing": True}]}
    incident |= {"id": "0123456789ab", "since": seen, "fine_since": None, "open": True, "severity": "high", "value": None}
    incident |= {"worst": None, "text": "x", "link": "/runs/1", "simulated": False, "told": "high", "told_at": seen}
    incident |= {"told_channels": ["slack", "log"], "messages": 1}
    silence = {"id": "s", "rule": "x", "subject": "*", "start": seen, "until": seen, "reason": "r"}
    event = {"id": "0123456789ab-1", "incident": "0123456789ab", "kind": "opened", "rule": "failed_run", "subject": "daily"}
    event |= {"severity": "high", "moment": seen, "since": seen, "channels": ["slack"]}
    alert_state = AlertState.model_validate(
        {"incidents": [incident], "silences": [silence], "queue": [{"event": event, "channels": ["slack"]}], "channels": {}}
    )
    stored = alert_state.model_dump(mode="json")["incidents"][0]
    assert (stored["notified_severity"], stored["notified_channels"], "told" in stored) == ("high", ["slack", "log"], False)
    world = World(rulebook, incidents=alert_state.incidents, cases=alert_state.cases)
    assert world.at(MORNING + HOUR, wrong("failed_run", "daily", HOUR)) == []
    assert world.at(MORNING + 2 * HOUR, fine("failed_run", "daily", 2 * HOUR)) == ["recovered"]
    assert world.told[-1].channels == ("slack", "log")


def test_an_incident_of_an_earlier_release_that_is_over_at_the_first_look_is_told_to_be(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING, wrong("failed_run", "daily"))
    alone = {"notified_severity": "high", "notified_at": MORNING, "notified_channels": ("slack",)}
    alone |= {"cause": "", "messages": 1}
    world.incidents, world.cases = tuple(incident.model_copy(update=alone) for incident in world.incidents), ()
    assert world.at(MORNING + HOUR, fine("failed_run", "daily", HOUR)) == ["recovered"]


def test_a_case_that_an_earlier_release_stored_knows_of_what_people_were_notified(rulebook: Rulebook) -> None:
    world = World(rulebook)
    world.at(MORNING, wrong("failed_run", "daily"))
    stored = world.cases[0].model_dump(mode="json")
    notified = stored.pop("notified")
    former = {**stored, "heard": notified}
    assert Case.model_validate(former) == world.cases[0]
    assert Case.model_validate(former).knows("failed_run", "daily")


_RULEBOOK = load_catalog().rulebook
_SUBJECTS = [
    ("failed_check", f"{PRICES}: collected"),
    ("stale_series", REBAR),
    ("price_too_old", "rebar_fob_turkey"),
    ("stale_asset", "hrc_us_midwest/forecasts"),
    ("system_downtime", "Dagster daemon"),
    ("failed_run", "daily_data_update"),
]
_STEPS = st.lists(st.tuples(st.sampled_from(_SUBJECTS), st.booleans(), st.integers(1, 3000)), max_size=40)


@pytest.mark.slow  # two hundred histories of ten days
@settings(max_examples=200, deadline=None)
@given(_STEPS)
def test_whatever_happens_people_know_of_all_that_is_wrong_in_the_end_and_hear_of_the_end_of_all_they_know(
    steps: list[tuple[tuple[str, str], bool, int]],
) -> None:
    world, now, firing = World(_RULEBOOK), MORNING, dict[tuple[str, str], bool]()
    for (rule, subject), is_wrong, minutes in steps:
        now += minutes * MINUTE
        firing[(rule, subject)] = is_wrong
        world.at(now, Condition(rule=rule, subject=subject, firing=is_wrong, moment=now))
    for _ in range(10 * 24):
        now += HOUR
        world.at(now, *[Condition(rule=key[0], subject=key[1], firing=wrong, moment=now) for key, wrong in firing.items()])
    assert len({event.id for event in world.told}) == len(world.told)
    known: set[tuple[str, str]] = set()
    for event in world.told:
        known |= {(item.rule, item.subject) for item in event.items if item.state != "over"}
        known -= {(item.rule, item.subject) for item in event.items if item.state == "over"}
    assert known == {key for key, wrong in firing.items() if wrong}
