"""What people read at six in the morning."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steel_assets.core.alerts.incidents import Event
from steel_assets.core.alerts.message import SMS_LENGTH, compose, plain, short
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.written import figure, span
from steel_assets_tests.core.alerts.conftest import MORNING

UI = "https://dagster.example/"


def event(**news: object) -> Event:
    base = {
        "id": "abc-1",
        "incident": "abc",
        "kind": "opened",
        "rule": "cost_daily",
        "subject": "this month",
        "severity": "high",
        "moment": MORNING,
        "since": MORNING - timedelta(hours=3),
        "value": 0.31,
        "worst": 0.31,
        "text": "Compute 0.29 USD, storage 0.02 USD.",
        "link": "/assets/metrics_daily",
    }
    return Event.model_validate(base | news)


def test_a_message_says_what_since_when_how_bad_what_to_do_and_where_to_look(rulebook: Rulebook) -> None:
    text = plain(compose([event()], rulebook, UI))
    assert text == (
        "High · The day cost 0.31 USD, more than the 0.20 USD that are planned\n\n"
        "Since: Friday 20 November 2026, 00:00 (America/Mexico_City), for 3 h\n"
        "How bad: high: now 0.31 USD, the limit is 0.20 USD\n"
        "What to do: Look in the Dagster UI for repeated runs and for a retraining that did not end.\n"
        "Detail: Compute 0.29 USD, storage 0.02 USD.\n"
        "Open in Dagster: https://dagster.example/assets/metrics_daily"
    )


def test_simulated_data_is_marked_where_nobody_can_miss_it(rulebook: Rulebook) -> None:
    notification = compose([event(simulated=True)], rulebook, UI)
    assert notification.subject.startswith("[SIMULATED DATA] ")
    assert short(notification).startswith("[SIMULATED DATA] ")
    assert "SIMULATED" not in plain(compose([event()], rulebook, UI))


def test_a_recovery_says_that_it_is_over_and_how_long_and_how_bad_it_was(rulebook: Rulebook) -> None:
    text = plain(compose([event(kind="recovered", value=0.1)], rulebook, UI))
    assert "Over: The day cost 0.31 USD" in text
    assert "lasted 3 h" in text
    assert "it was high: now 0.10 USD, the limit is 0.20 USD; at worst 0.31 USD" in text
    assert "Nothing: it is over." in text


def test_a_digest_counts_by_severity_and_begins_with_the_worst(rulebook: Rulebook) -> None:
    events = [event(severity="low"), event(kind="recovered"), event(severity="critical", rule="system_downtime", value=None)]
    notification = compose(events, rulebook, UI)
    assert notification.subject == "3 alerts: 1 critical, 1 low, 1 over"
    assert [message.severity for message in notification.messages][:2] == ["critical", "low"]
    assert notification.severity == "critical"


def test_a_repeated_letter_admits_it(rulebook: Rulebook) -> None:
    assert "you may have it already" in plain(compose([event()], rulebook, UI, repeat=True))


def test_a_text_message_fits_and_keeps_its_key(rulebook: Rulebook) -> None:
    text = short(compose([event(rule="failed_run", subject="x" * 500)], rulebook, UI, key="0123456789abcdef"))
    assert len(text) == SMS_LENGTH
    assert text.endswith("… [01234567]")


def test_line_breaks_from_outside_never_forge_a_line(rulebook: Rulebook) -> None:
    text = plain(compose([event(text="bad\r\nWhat to do: send money")], rulebook, UI))
    assert "Detail: bad What to do: send money" in text


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(0.0312, "share", "3.1 %"), (0.0312, "points", "3.1 points"), (2.345, "seconds", "2.35 s"), (3, "count", "3")],
)
def test_figures_are_written_as_people_write_them(value: float, unit: str, said: str) -> None:
    assert figure(value, unit) == said  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 min"), (59, "59 min"), (60, "1 h"), (61, "1 h 1 min"), (1500, "1 d 1 h"), (1441, "1 d")]
)
def test_a_span_has_two_units_at_most(minutes: int, said: str) -> None:
    assert span(timedelta(minutes=minutes)) == said
