"""What it means first, in plain words and two languages, and nothing of what machines wrote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from steel_assets.core.alerts.incidents import Event
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.vocabulary import say_many
from steel_assets.core.alerts.wording import advice, cleaned, facts, title
from steel_assets.core.alerts.written import day, full, listed
from steel_assets_tests.core.alerts.conftest import MORNING


def event(rule: str, subject: str, text: str = "", **item: object) -> Event:
    one = {"rule": rule, "subject": subject, "state": "new", "severity": "high", "since": MORNING, "text": text} | item
    whole = {"id": "a-1", "incident": "a", "kind": "opened", "rule": rule, "subject": subject, "severity": "high", "text": text}
    return Event.model_validate(whole | {"moment": MORNING, "since": MORNING, "cause": "x", "items": [one]})


@pytest.mark.parametrize(
    ("rule", "subject", "text", "english", "spanish"),
    [
        (
            "price_too_old",
            "hrc_us_midwest",
            "the last price of hrc_us_midwest is of 2026-03-03, 8 sessions old",
            "Hot-rolled coil US Midwest gets no new forecast: its last price is of 3 March; the API still serves the old one, "
            "marked",
            "Rollo laminado en caliente medio oeste de EE. UU. no recibe pronóstico nuevo: su último precio es del 3 de marzo; "
            "la API sigue dando el anterior, marcado",
        ),
        (
            "failed_check",
            "raw/alpha_vantage/steel_stocks: collected",
            "share_nucor: Alpha Vantage refused (403): no; check STEEL_ALPHA_VANTAGE_API_KEY",
            "Alpha Vantage does not take our key: no price is missing, only indicators of Hot-rolled coil US Midwest",
            "Alpha Vantage no acepta nuestra clave: no falta ningún precio, solo indicadores de Rollo laminado en caliente medio "
            "oeste de EE. UU.",
        ),
        (
            "failed_check",
            "raw/alpha_vantage/steel_stocks: collected",
            "share_nucor: no answer; check STEEL_ALPHA_VANTAGE_API_KEY",
            "Alpha Vantage does not answer for all series: no price is missing, only indicators of Hot-rolled coil US Midwest",
            "Alpha Vantage no responde por todas las series: no falta ningún precio, solo indicadores de Rollo laminado en "
            "caliente medio oeste de EE. UU.",
        ),
        (
            "failed_check",
            "features: every_market",
            "hrc_us_midwest: ValueError",
            "Hot-rolled coil US Midwest stopped at features: it gets nothing new from there on; the other markets go on",
            "Rollo laminado en caliente medio oeste de EE. UU. se detuvo en features: desde ahí no recibe nada nuevo; los demás "
            "mercados siguen",
        ),
        (
            "failed_run",
            "daily_data_update",
            "",
            "The daily update failed; what it makes is not renewed",
            "La actualización diaria falló; lo que produce no se renueva",
        ),
        (
            "waiting_run",
            "performance_monitoring",
            "",
            "The six-hourly monitoring has been waiting for its turn for too long; what it makes comes late",
            "La vigilancia de cada seis horas lleva demasiado tiempo esperando su turno; lo que produce llega tarde",
        ),
        ("failed_check", "x", "", "A check of the data failed · x", "Falló una verificación de los datos · x"),
        ("price_too_old", "gone", "", "Nothing new is issued, the last price is too old · gone", ""),
        (
            "silent_automation",
            "schedule weekly_retraining",
            "",
            "What the schedule of the weekly retraining does by itself is not done: it stopped",
            "Lo que el horario del reentrenamiento semanal hace solo no se hace: se detuvo",
        ),
    ],
)
def test_the_title_is_the_consequence(rulebook: Rulebook, rule: str, subject: str, text: str, english: str, spanish: str) -> None:
    assert title(event(rule, subject, text), rulebook) == english
    assert not spanish or title(event(rule, subject, text), rulebook, "es") == spanish


def test_advice_names_the_command_and_says_in_capitals_what_it_does_not_know(rulebook: Rulebook) -> None:
    known = advice(event("failed_check", "hrc_us_midwest/forecasts: published_completely"), rulebook)
    assert "`steel rollback hrc_us_midwest`" in known
    unknown = advice(event("price_too_old", "gone"), rulebook)
    assert "--series SERIES" in unknown


def test_a_rule_of_ones_own_without_spanish_is_said_in_english(adjusted: Callable[..., Rulebook]) -> None:
    alert_state = adjusted("failed_run", message_es="", advice_es="", message="{job} broke", advice="Call {channel}.")
    assert title(event("failed_run", "weekly_retraining"), alert_state, "es") == "El reentrenamiento semanal broke"
    assert advice(event("failed_run", "weekly_retraining"), alert_state, "es") == "Call CHANNEL."


def test_braces_and_marks_from_outside_are_text(rulebook: Rulebook) -> None:
    assert (
        title(event("failed_run", "{market} {0} %s"), rulebook) == "The run {market} {0} %s failed; what it makes is not renewed"
    )


def test_several_are_the_first_and_how_many_more_and_are_listed_below(rulebook: Rulebook) -> None:
    one = event("failed_run", "daily_data_update")
    others = [one.items[0].model_copy(update={"subject": f"job{n}"}) for n in range(9)]
    many = one.model_copy(update={"items": (*one.items, *others)})
    assert title(many, rulebook).endswith("(and 9 more)")
    new = dict(facts(many, rulebook))["New"]
    assert new.startswith("The run job0 failed")
    assert new.endswith("(and 3 more)")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('TE refused (503): {"Message":"down","Code":{"x":[1,2]}}; check the key', "TE refused (503): …; check the key"),
        ('TE refused: {"Message":"cut off in the mid', "TE refused: …"),
        ("<html><body>504 Gateway</body></html>", "504 Gateway"),
        ("a: why; b: why; c: why", "a, b, c: why"),
        ("a: why; b: not", "a: why; b: not"),
        ("a list [1, 2] stays", "a list [1, 2] stays"),
        ("x" * 1000, "x" * 279 + "…"),
        ("", ""),
        ("[" * 3000, "…"),
        ("{" + "'" * 1_000_000, "…"),
    ],
)
def test_what_a_machine_wrote_is_left_out(text: str, left: str) -> None:
    assert cleaned(text) == left


def test_days_and_moments_are_those_of_the_installation(rulebook: Rulebook) -> None:
    moment = datetime(2026, 3, 4, 5, 30, tzinfo=UTC)
    assert full(moment, rulebook) == "Tuesday 3 March 2026, 23:30 (America/Mexico_City)"
    assert full(moment, rulebook, "es") == "martes, 3 de marzo de 2026, 23:30 (America/Mexico_City)"
    assert day(date(2025, 12, 1), "en", seen_in=2026) == "1 December 2025"
    assert day(date(2025, 12, 1), "es", seen_in=2026) == "1 de diciembre de 2025"


def test_a_list_ends_as_people_end_it() -> None:
    assert listed(["a", "b", "c"], "en") == "a, b and c"
    assert listed(["Rebar", "Iron ore"], "es") == "Rebar e Iron ore"
    assert listed(["Hierro", "Hierba"], "es") == "Hierro y Hierba"
    assert listed([], "en") == ""


def test_one_that_is_over_is_not_several() -> None:
    assert [say_many("es", "{0} over", "{0} over", count, count) for count in (1, 2)] == ["1 terminada", "2 terminadas"]


def test_what_was_told_by_an_earlier_release_and_still_waits_is_put_into_words_too(rulebook: Rulebook) -> None:
    old = event("failed_run", "daily_data_update", "step x failed").model_copy(update={"items": (), "cause": ""})
    assert title(old, rulebook) == "The daily update failed; what it makes is not renewed"
    assert dict(facts(old, rulebook))["Detail"] == "step x failed"
    over = old.model_copy(update={"kind": "recovered", "moment": MORNING + timedelta(hours=1)})
    assert title(over, rulebook) == "The daily update failed"
