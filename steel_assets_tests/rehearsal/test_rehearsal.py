"""Thirteen kinds of trouble, as people would hear of them: not too often, nothing missing, in words and in their language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from steel_assets.catalog import load_catalog
from steel_assets.cli.alerts import app
from steel_assets.cli.problem import Problem
from steel_assets.core.words import LANGUAGES
from steel_assets.rehearsal.document import document
from steel_assets.rehearsal.page import page
from steel_assets.rehearsal.play import CHANNELS, Rehearsal, play
from steel_assets.rehearsal.scenarios import scenarios

RULEBOOK = load_catalog().rulebook
SCENARIOS = scenarios(RULEBOOK.subjects)


@pytest.fixture(scope="module")
def played() -> dict[str, list[Rehearsal]]:
    """Every scenario, in every language."""
    return {name: [play(scenario, RULEBOOK, language) for language in LANGUAGES] for name, scenario in SCENARIOS.items()}


def texts(found: Rehearsal) -> list[str]:
    """The mails that arrived, whole."""
    return [arrived.content.get_body(("plain",)).get_content() for arrived in found.arrived if arrived.channel == "email"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_at_most_three_messages_about_one_incident_come_over_a_channel_in_a_week_and_none_is_missing(
    played: dict[str, list[Rehearsal]], name: str
) -> None:
    for found in played[name]:
        assert found.arrived, "somebody is told"
        assert max(found.busiest_week.values()) <= 3
        assert found.missing == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_the_receivers_got_is_what_the_platform_says_it_told(played: dict[str, list[Rehearsal]], name: str) -> None:
    for found in played[name]:
        for channel in CHANNELS:
            told = [event for event in found.events if channel in event.channels]
            assert len([arrived for arrived in found.arrived if arrived.channel == channel]) == len(told)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_message_shows_what_a_providers_machine_wrote_or_an_id_of_ours_as_its_title_and_all_say_that_data_is_simulated(
    played: dict[str, list[Rehearsal]], name: str
) -> None:
    for found in played[name]:
        for arrived in found.arrived:
            whole = arrived.content.as_string() if arrived.channel == "email" else str(arrived.content)
            assert ("SIMULATED" if found.language == "en" else "SIMULADOS") in whole
            assert "TE-50307" not in whole
            assert "API key has expired" not in whole
        for text in texts(found):
            assert not re.search(r"\w_\w", text.splitlines()[0]), text.splitlines()[0]


def test_a_provider_that_is_down_takes_its_markets_along_and_others_are_said_not_to_be_affected(
    played: dict[str, list[Rehearsal]],
) -> None:
    first, *_, stuck, last = texts(played["provider_week"][0])
    assert (
        "Trading Economics does not answer: Rebar FOB Turkey, Rebar Shanghai and Scrap HMS 80:20 CFR Turkey are forecast" in first
    )
    assert "the others are not affected" in first
    assert "Rebar FOB Turkey gets no new forecast: its last price is of 2 March; the API still serves the old one" in stuck
    assert "Over: Trading Economics does not answer" in last


def test_an_expired_key_is_named_with_its_variable(played: dict[str, list[Rehearsal]]) -> None:
    english, spanish = (texts(found)[0] for found in played["expired_key"])
    assert "Alpha Vantage does not take our key" in english
    assert "set STEEL_ALPHA_VANTAGE_API_KEY" in english
    assert "Alpha Vantage no acepta nuestra clave" in spanish


def test_a_target_that_dies_under_a_dead_driver_is_a_second_message_and_worse(played: dict[str, list[Rehearsal]]) -> None:
    assert [(event.kind, event.severity) for event in played["dead_driver"][0].events] == [
        ("opened", "medium"),
        ("escalated", "high"),
        ("recovered", "high"),
    ]


def test_a_dead_daemon_rings_a_phone_and_again_after_half_an_hour_without_an_answer(played: dict[str, list[Rehearsal]]) -> None:
    found = played["daemon_dead"][0]
    rings = [arrived for arrived in found.arrived if arrived.channel == "sms"]
    assert (rings[1].moment - rings[0].moment).total_seconds() == 1800
    assert "Start the daemon again" in rings[0].content


def test_the_page_shows_every_message_and_runs_nothing(played: dict[str, list[Rehearsal]]) -> None:
    for place, language in enumerate(LANGUAGES):
        shown = page([found[place] for found in played.values()], RULEBOOK)
        assert f'lang="{language}"' in shown
        assert shown.count('class="slack"') + shown.count('class="mail"') + shown.count('class="phone"') == sum(
            len(found[place].arrived) for found in played.values()
        )
        assert "<script" not in shown


def test_the_document_is_what_a_rehearsal_says_today(played: dict[str, list[Rehearsal]], project_root: str) -> None:
    written = document([rehearsal for found in played.values() for rehearsal in found], RULEBOOK)
    kept = (Path(project_root) / "docs" / "alerts-rehearsal.md").read_text("utf-8")
    assert kept == written, "steel alerts rehearse all --document docs/alerts-rehearsal.md"


def test_the_command_writes_a_page_in_each_language_and_names_the_scenarios_there_are(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["rehearse", "drift", "--output", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    assert "Rebar FOB Turkey no longer behaves" in (tmp_path / "page.html").read_text("utf-8")
    assert "Varilla FOB Turquía ya no se comporta" in (tmp_path / "page.es.html").read_text("utf-8")
    unknown = CliRunner().invoke(app, ["rehearse", "flood"])
    assert isinstance(unknown.exception, Problem)
    assert "provider_week" in str(unknown.exception)
