"""Channels from settings: off until set up, whole or refused, and every channel that a rule names exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from steel_assets.adapters.notifiers import ChannelError, NotSent, channels
from steel_assets.bootstrap import Platform, platform
from steel_assets.catalog import CatalogError, load_catalog
from steel_assets.settings import Settings
from steel_assets_tests.own_folder import own_folder

WHOLE = {
    "STEEL_SLACK_WEBHOOK_URL": "https://hooks.slack.example/services/canary-4711",
    "STEEL_SMTP_HOST": "mail.example",
    "STEEL_SMTP_USER": "steel",
    "STEEL_SMTP_PASSWORD": "canary-4711",
    "STEEL_EMAIL_FROM": "steel@example.com",
    "STEEL_EMAIL_TO": "a@example.com, b@example.com,",
    "STEEL_TWILIO_ACCOUNT_SID": "AC1",
    "STEEL_TWILIO_AUTH_TOKEN": "canary-4711",
    "STEEL_SMS_FROM": "+1500",
    "STEEL_SMS_TO": "+52155",
    "STEEL_ALERT_WEBHOOK_URL": "https://hook.example/canary-4711",
    "STEEL_ALERT_WEBHOOK_SECRET": "canary-4711",
}


def test_without_settings_there_is_the_log_and_nothing_else(tmp_path: Path) -> None:
    assert set(platform(Settings(home=tmp_path)).notifiers) == {"log"}


def test_every_channel_can_be_set_up_by_variables_alone_and_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)
    parts = platform(Settings())
    assert set(parts.notifiers) == {"log", "webhook", "slack", "email", "sms"}
    assert parts.outbox.channels == frozenset(parts.notifiers)
    assert "canary-4711" not in repr(parts.settings) + str(parts.settings.model_dump())


@pytest.mark.parametrize(
    "missing", ["STEEL_EMAIL_FROM", "STEEL_EMAIL_TO", "STEEL_TWILIO_AUTH_TOKEN", "STEEL_SMS_FROM", "STEEL_SMS_TO"]
)
def test_a_channel_that_is_half_set_up_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name, value in WHOLE.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(ChannelError, match=missing):
        platform(Settings()).check_settings()


def test_a_password_never_goes_over_an_open_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STEEL_SMTP_SECURITY", "none")
    with pytest.raises(ChannelError, match="in the clear"):
        platform(Settings()).check_settings()


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("STEEL_ALERT_WEBHOOK_FORMAT", "xml", "'steel' or 'alertmanager'"),
        ("STEEL_SMTP_PORT", "canary-4711", "valid integer"),
        ("STEEL_TWILIO_BASE_URL", "canary-4711", "must start with http"),
        ("STEEL_EMAIL_TO", "canary-4711=fr", "en or es"),
    ],
)
def test_what_is_no_value_is_refused_by_its_variable_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, why: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ChannelError, match=f"{variable}: .*{why}") as refused:
        platform(Settings()).check_settings()
    assert "canary" not in str(refused.value)


def test_of_two_variables_the_one_by_channel_and_field_wins_and_a_field_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STEEL_SMTP_PORT", "25")
    monkeypatch.setenv("STEEL_CHANNELS__EMAIL__PORT", "2525")
    parts = platform(Settings())
    assert parts.channel_config("email", channels()["email"]).port == 2525  # type: ignore[attr-defined]
    monkeypatch.setenv("STEEL_CHANNELS__EMAIL__PROT", "2525")
    with pytest.raises(ChannelError, match="STEEL_CHANNELS__EMAIL__PROT is not a setting of the channel; use host, port"):
        platform(Settings()).check_settings()


def test_the_settings_of_a_channel_that_nobody_has_written_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_CHANNELS__PIGEON__URL", "https://loft.example/canary-4711")
    with pytest.raises(
        ChannelError, match="STEEL_CHANNELS__PIGEON__…: there is no such channel; use alertmanager, email, log"
    ) as refused:
        platform(Settings()).check_settings()
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("policy", ["least: {smss: critical}", "always: [log, pigeon]"])
def test_a_policy_that_names_a_channel_nobody_has_written_is_refused_too(tmp_path: Path, policy: str) -> None:
    (tmp_path / "rules.yaml").write_text(f"alerts: {{{policy}}}\n")
    says = r"rules.yaml: alerts: there is no channel '(smss|pigeon)'; use alertmanager, email, log, "
    with pytest.raises(CatalogError, match=says):
        _ = Platform(Settings(home=tmp_path), load_catalog(tmp_path)).notifiers
    with pytest.raises(CatalogError, match=says):  # and before anything runs, not at the first alert
        Platform(Settings(home=tmp_path), load_catalog(tmp_path)).check_settings()


def test_a_rule_that_names_a_channel_nobody_has_written_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "x.yaml").write_text(
        "alerts:\n  - {id: x, title: X, severity: low, channels: [pigeon], advice: Feed it well and often.}\n"
    )
    with pytest.raises(CatalogError, match="alert x: there is no channel 'pigeon'"):
        _ = Platform(Settings(home=tmp_path), load_catalog(tmp_path)).notifiers


PAGER = """
from pydantic import Field
from steel_assets.adapters.notifiers import ChannelConfig


class Config(ChannelConfig):
    numbers: list[str] = Field(default=[], description="whom it calls")


class Pager:
    def __init__(self, numbers):
        self.recipients = tuple(numbers)

    def send(self, notification):
        return {}


def build(config, home):
    return Pager(config.numbers)
"""


def test_a_list_of_a_channel_of_ones_own_is_written_with_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_CHANNELS__PAGER__NUMBERS", "+52155, +52156,")
    with own_folder(tmp_path) as folder:
        add(folder, "notifiers/pager.py", PAGER)
        assert platform(Settings(plugins_dir=folder)).notifiers["pager"].recipients == ("+52155", "+52156")


@pytest.mark.parametrize(
    ("sound", "broken", "why"),
    [
        ("def send", "def sent", r"what its build\(\) returns has no send"),
        ("self.recipients", "self.people", r"has no recipients"),
        ("return Pager(", "return Pgaer(", r"its build\(\) raised NameError"),
    ],
)
def test_a_channel_that_cannot_be_built_is_down_and_the_others_are_not(tmp_path: Path, sound: str, broken: str, why: str) -> None:
    with own_folder(tmp_path) as folder:
        add(folder, "notifiers/pager.py", PAGER.replace(sound, broken))
        found = platform(Settings(plugins_dir=folder)).notifiers
        assert set(found) == {"log", "pager"}
        with pytest.raises(NotSent, match=why):
            found["pager"].send(None)  # type: ignore[arg-type]


def add(folder: Path, name: str, text: str) -> None:
    """Write one file of a folder of one's own."""
    (folder / name).parent.mkdir()
    (folder / name).write_text(text)
