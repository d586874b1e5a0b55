"""Price watches: what each kind sees, what is told once, and what cannot be a watch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.incidents import Event
from steel_assets.core.alerts.message import compose, plain
from steel_assets.core.watches.crossing import crossed
from steel_assets.core.watches.reading import Published
from steel_assets.core.watches.watch import Watch, WatchError, WatchState, watch_of
from steel_assets_tests.core.alerts.conftest import MORNING
from steel_assets_tests.watched import COIL, REBAR, SCRAP, published, watch

RULEBOOK = load_catalog().rulebook


def told(found: Watch, worlds: list[Published], remembered: dict[str, WatchState] | None = None) -> list[list[Event]]:
    """What each of ``worlds``, one after the other, has to tell of one watch."""
    events = []
    for number, world in enumerate(worlds):
        remembered, news = crossed(
            remembered or {},
            [(found, world.read(found))],
            MORNING + timedelta(hours=number),
            RULEBOOK,
            frozenset({"email"}),
            simulated=world.simulated,
        )
        events.append(news)
    return events


KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str]] = {
    "level above": (
        {"above": 640},
        {"rebar": 640.0},
        {"rebar": 641.5},
        "is above 640 USD/t: 641.50 on 19 November",
        "está arriba de 640 USD/t: 641.50 el 19 de noviembre",
    ),
    "level below": (
        {"below": 560.5},
        {"rebar": 560.5},
        {"rebar": 560.0},
        "is below 560.50 USD/t: 560 on 19 November",
        "está abajo de 560.50 USD/t: 560 el 19 de noviembre",
    ),
    "odds on": (
        {"kind": "odds", "above": 640, "on": "2026-12-01", "chance": 0.6},
        {"chance": 0.6},
        {"chance": 0.61},
        "the chance to be above 640 USD/t on 1 December is 61 %, more than 60 %",
        "la probabilidad de estar arriba de 640 USD/t el 1 de diciembre es 61 %, más que 60 %",
    ),
    "odds by": (
        {"kind": "odds", "below": 631, "by": "2026-12-02", "chance": 0.25},
        {"rebar": 650.0, "chance": 0.75},
        {"rebar": 650.0, "chance": 0.74},
        "the chance to be below 631 USD/t at any close up to 2 December is 26 %, more than 25 %",
        "la probabilidad de estar abajo de 631 USD/t en algún cierre hasta el 2 de diciembre es 26 %, más que 25 %",
    ),
    "odds average": (
        {"kind": "odds", "above": 640, "average": "2026-12", "chance": 0.5},
        {"chance": 0.5},
        {"chance": 0.6},
        "the chance to be above 640 USD/t on average of 2026-12 is 60 %, more than 50 %",
        "la probabilidad de estar arriba de 640 USD/t en el promedio de 2026-12 es 60 %, más que 50 %",
    ),
    "margin": (
        {"kind": "margin", "less": SCRAP, "below": 180},
        {"rebar": 580.0},
        {"rebar": 579.5},
        "is below 180 USD/t: 179.50 on 18 November",
        "está abajo de 180 USD/t: 179.50 el 18 de noviembre",
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_becomes_true_is_told_once_in_two_languages_and_again_only_after_it_was_not_so(name: str) -> None:
    fields, not_yet, so, english, spanish = KINDS[name]
    found = watch(**fields)
    calm, there = published(**not_yet), published(**so)
    events = told(found, [calm, there, there, calm, there])
    assert [len(news) for news in events] == [0, 1, 0, 0, 1]
    [event] = events[1]
    assert event.id != events[4][0].id
    notification = compose([event], RULEBOOK, "http://ui", "k")
    assert english in notification.messages[0].title
    assert notification.subject.startswith("[SIMULATED DATA]")
    assert spanish in notification.in_language("es").messages[0].title
    assert f"steel watch remove {found.id}" in plain(notification)
    real = told(found, [calm, published(**so, simulated=False)])[1]
    assert not compose(real, RULEBOOK, "http://ui", "k").simulated


def test_a_price_out_of_the_band_of_the_day_before_is_told_once_for_its_day_and_again_for_the_next_one() -> None:
    found = watch("move")
    inside, outside = published(605.0, day="2026-11-20"), published(612.0, day="2026-11-20")
    next_day = published(589.0, day="2026-11-23")
    events = told(found, [inside, outside, outside, inside, outside, next_day])
    assert [len(news) for news in events] == [0, 1, 0, 0, 0, 1]
    title = compose(events[1], RULEBOOK, "http://ui", "k").messages[0].title
    assert title.endswith(
        "moved out of its 90 % band: 612 USD/t on 20 November, between 590 and 610 were forecast the day before"
    )
    assert told(watch("move", world=outside), [outside]) == [[]], "that was so when it was set"


def test_what_was_so_when_it_was_set_is_not_told_and_what_changed_before_the_first_look_is() -> None:
    high = published(700.0)
    assert told(watch(above=640, world=high), [high]) == [[]]
    assert len(told(watch(above=640), [high])[0]) == 1


def test_what_cannot_be_known_is_not_told_and_forgets_nothing() -> None:
    found = watch(above=640)
    nothing = Published({"catalogue": None, "latest": {}, "prices": {}, "issues": {}, "outlooks": {}})
    high = published(700.0)
    assert [len(news) for news in told(found, [high, nothing, high])] == [1, 0, 0]
    assert nothing.read(found).problem.startswith(f"market: there is no market {REBAR}")
    past = watch("odds", above=640, on="2026-12-02", chance=0.1)
    assert "is not ahead in the paths" in published().read(past.model_copy(update={"on": past.created_at.date()})).problem


def test_after_the_memory_was_lost_an_old_watch_begins_anew_and_a_newer_one_with_how_it_was_set() -> None:
    old, new = watch(above=640), watch(above=640, at=MORNING + timedelta(hours=2), name="1")
    high = published(700.0)
    looks = [(found, high.read(found)) for found in (old, new)]
    lost = MORNING + timedelta(hours=1)
    _, events = crossed({}, looks, lost, RULEBOOK, frozenset({"email"}), simulated=True, forgotten=lost)
    assert [event.subject for event in events] == [new.id]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "above, below: name one of them"),
        ({"above": 1, "below": 2}, "above, below: name one of them"),
        ({"above": 0}, "above: a price must be above zero"),
        ({"above": float("nan")}, "above: "),
        ({"above": float("inf")}, "above: "),
        ({"above": 1e300}, "above: "),
        ({"above": 640, "chance": 0.5}, "chance: a watch of the kind level does not have this field"),
        ({"kind": "move", "above": 640}, "above: a watch of the kind move does not have this field"),
        ({"kind": "odds", "above": 640, "chance": 0.5}, "by, on, average: name one of them"),
        ({"kind": "odds", "above": 640, "on": "2026-12-01"}, "chance: it is missing"),
        ({"kind": "odds", "above": 640, "on": "1700000000", "chance": 0.5}, "on: write a day as 2026-11-20"),
        ({"kind": "odds", "above": 640, "on": 1700006400, "chance": 0.5}, "on: write a day as 2026-11-20"),
        ({"kind": "odds", "above": 640, "average": "2026-13", "chance": 0.5}, "average: "),
        ({"kind": "odds", "above": 640, "on": "2026-12-01", "chance": 1}, "chance: "),
        ({"kind": "margin", "below": 1}, "less: it is missing"),
        ({"kind": "margin", "below": 1, "less": REBAR}, "less: name another market"),
        ({"kind": "hack", "above": 1}, "kind: "),
        ({"above": 1, "market": "../../etc"}, "market: "),
        ({"above": 1, "owner": "../x"}, "owner: "),
        ({"above": 1, "text": "<script>"}, "text: "),
        ({"above": 1, "quiet": "22:00-22:00"}, "quiet: write the hours as 22:00-07:00"),
        ({"above": 1, "quiet": "22:00Z-07:00"}, "quiet: write the hours"),
        ({"above": 1, "quiet": "25:00-07:00"}, "quiet: write the hours"),
    ],
)
def test_what_cannot_be_a_watch_is_refused_and_the_field_named(fields: dict[str, Any], says: str) -> None:
    whole = {"id": "0" * 12, "owner": "local", "kind": "level", "market": REBAR, "created_at": MORNING}
    with pytest.raises(WatchError, match=f"^{says}"):
        watch_of(whole | fields)


def test_a_margin_of_two_units_is_not_known_and_says_why() -> None:
    found = watch("margin", less=COIL, below=1)
    assert "a margin needs two markets of one unit" in published().read(found).problem
