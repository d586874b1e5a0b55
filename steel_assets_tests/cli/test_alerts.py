"""``steel alerts`` as a person types it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from steel_assets.bootstrap import platform
from steel_assets.cli.alerts import app
from steel_assets.cli.main import main
from steel_assets.cli.problem import Problem
from steel_assets.core.alerts.conditions import Condition
from steel_assets_tests.adapters.notifiers.receivers import web
from steel_assets_tests.steel import Steel


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def steel(*words: str, fails: int = 0) -> str:
    done = CliRunner().invoke(app, list(words))
    if isinstance(done.exception, Problem):
        raise done.exception
    assert done.exit_code == fails, done.output
    return done.output


def fails_a_run() -> None:
    now = datetime.now(UTC)
    platform().outbox.report([Condition(rule="failed_run", subject="daily_data_update", firing=True, moment=now)], now)


@pytest.mark.usefixtures("home")
def test_what_is_open_is_listed_for_people_and_for_scripts() -> None:
    assert "no incident is open" in steel("list")
    fails_a_run()
    assert "The daily update failed" in " ".join(steel("list").split())
    listed = json.loads(steel("list", "--json"))
    assert [incident["subject"] for incident in listed["incidents"]] == ["daily_data_update"]
    assert listed["waiting"] == 1


@pytest.mark.usefixtures("home")
def test_a_silence_is_made_shown_and_ended() -> None:
    name = steel("silence", "failed_*", "--for", "3h", "--reason", "upgrade").split(":")[0]
    assert f"silence {name}: failed_* / *" in steel("list")
    fails_a_run()
    assert json.loads(steel("list", "--json"))["waiting"] == 0
    steel("silence", "--end", name)
    with pytest.raises(Problem, match="no silence"):
        steel("silence", "--end", name)


@pytest.mark.usefixtures("home")
def test_a_silence_can_be_of_a_cause() -> None:
    name = steel("silence", "*", "--cause", "job:daily*", "--reason", "moved").split(":")[0]
    fails_a_run()
    assert json.loads(steel("list", "--json"))["waiting"] == 0
    steel("silence", "--end", name)
    lines = {line["did"]: line for line in json.loads(steel("audit", "--json"))}
    assert set(lines) == {"silenced", "silence ended"}
    assert "job:daily*" in lines["silenced"]["about"]
    assert lines["silenced"]["note"] == "moved"
    assert name in steel("audit")


@pytest.mark.usefixtures("home")
def test_somebody_looks_after_an_incident_and_everybody_sees_who() -> None:
    assert "nothing was acknowledged" in steel("audit")
    with pytest.raises(Problem, match="open are none"):
        steel("ack", "job:daily_data_update")
    fails_a_run()
    with pytest.raises(Problem, match="open are job:daily_data_update"):
        steel("ack", "job:weekly")
    assert "Ana looks after" in steel("ack", "job:daily_data_update", "--by", "Ana", "--note", "on it")
    assert "cause job:daily_data_update; Ana looks after it" in steel("list")
    with pytest.raises(Problem, match="Ana looks after job:daily_data_update since"):
        steel("ack", "job:daily_data_update", "--by", "Bob")
    assert "Ana acknowledged job:daily_data_update (on it)" in steel("audit")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("span", ["soon", "0h", "15d", "-2h", "2 weeks", ""])
def test_a_silence_without_a_sensible_end_is_refused(span: str) -> None:
    with pytest.raises(Problem, match="--for"):
        steel("silence", "*", "--for", span)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("rule", ["failed_chek", "", "Drift"])
def test_a_silence_of_nothing_is_refused_and_the_rules_there_are_named(rule: str) -> None:
    with pytest.raises(Problem, match=r"no alert rule.*failed_check"):
        steel("silence", rule)
    assert json.loads(steel("list", "--json"))["silences"] == []


@pytest.mark.parametrize("words", [["watch"], ["replay"], ["list"]])
def test_what_cannot_be_read_is_one_message_and_no_traceback(
    home: Path, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an instance of Dagster in sight, and with an alert state that somebody cut off."""
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.chdir(tmp_path)
    (home / "lake" / "alerts").mkdir(parents=True)
    (home / "lake" / "alerts" / "state.json").write_text('{"incidents": [')
    monkeypatch.setattr("sys.argv", ["steel", "alerts", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith("error: ")
    assert ("damaged" if words == ["list"] else "DAGSTER_HOME") in said


def test_a_test_reaches_every_channel_and_says_which_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web() as server:
        monkeypatch.setenv("STEEL_ALERT_WEBHOOK_URL", f"{server.url}/hook")
        monkeypatch.setenv("STEEL_SLACK_WEBHOOK_URL", f"{server.url}/services/canary-4711")
        server.behave = [404, 200]  # channels are asked in the order of their names
        said = steel("test", fails=1)
    assert "✓ log" in said
    assert "✓ webhook" in said
    assert "✗ slack" in said
    assert "canary" not in said
    assert "This is a test" in (home / "alerts.log").read_text()


@pytest.mark.usefixtures("home")
def test_a_test_names_every_recipient_and_fails_when_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with web() as server:
        for name, value in {
            "TWILIO_BASE_URL": server.url,
            "TWILIO_ACCOUNT_SID": "AC1",
            "TWILIO_AUTH_TOKEN": "canary-4711",
            "SMS_FROM": "+15005550006",
            "SMS_TO": "+521,+522",
        }.items():
            monkeypatch.setenv(f"STEEL_{name}", value)
        server.behave = [400, 200]
        said = steel("test", fails=1)
    assert "✗ sms: +521: localhost refuses the message (400); check STEEL_SMS_TO" in said
    assert "✓ sms: +522" in said
    assert "canary" not in said


def test_a_look_from_outside_finds_a_daemon_that_is_not_there_and_sends_what_waits(home: Path) -> None:
    fails_a_run()
    said = steel("watch", fails=1)
    assert "without a heartbeat; 1 notifications sent" in said
    assert "The daily update failed" in (home / "alerts.log").read_text()
    assert "Messages" in steel("list", "--history")
    assert len(json.loads(steel("list", "--history", "--json"))) == 1


@pytest.mark.usefixtures("home")
def test_a_replay_of_nothing_is_nothing() -> None:
    assert "nothing would have been sent" in steel("replay")
    assert json.loads(steel("replay", "--json"))["rules"] == []


@pytest.mark.slow
def test_the_channels_of_the_file_of_settings_are_those_that_are_tried(tmp_path: Path) -> None:
    steel = Steel(tmp_path)
    with web() as server:
        (tmp_path / ".env").write_text(f"STEEL_ALERT_WEBHOOK_URL={server.url}/hook\n")
        done = steel("alerts", "test")
    assert done.returncode == 0, done.stderr
    assert "webhook" in done.stdout
    assert len(server.kept) == 1
    assert f"from {(tmp_path / '.env').resolve()}: STEEL_ALERT_WEBHOOK_URL" in steel("doctor").stdout.replace("\n", "")
