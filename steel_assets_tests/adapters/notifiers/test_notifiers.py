"""Each channel against a real server on this machine: what arrives, what a failure means, and what is never told."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from steel_assets.adapters.notifiers import NotificationRefused, Notifier, NotSent, channels
from steel_assets.adapters.notifiers.alertmanager import Alertmanager
from steel_assets.adapters.notifiers.email import Email, Mailbox
from steel_assets.adapters.notifiers.log import LogFile
from steel_assets.adapters.notifiers.pagerduty import PagerDuty
from steel_assets.adapters.notifiers.slack import Slack, blocks
from steel_assets.adapters.notifiers.sms import Twilio
from steel_assets.adapters.notifiers.webhook import Webhook
from steel_assets.core.alerts.message import Notification, compose
from steel_assets.core.alerts.rules import Rulebook
from steel_assets_tests.adapters.notifiers.receivers import Post, Web, post_office, tls_server, web
from steel_assets_tests.contracts.notifier import CANARY, HttpNotifierContract, NotifierContract
from steel_assets_tests.core.alerts.conftest import MORNING, rulebook  # noqa: F401
from steel_assets_tests.core.alerts.test_message import UI, event


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as state:
        yield state


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    folder = tmp_path_factory.mktemp("tls")
    return tls_server(folder), folder / "cert.pem"


@pytest.fixture
def notification(rulebook: Rulebook) -> Notification:  # noqa: F811
    return compose([event(simulated=True)], rulebook, UI, "0123456789abcdef0123")


def again(notification: Notification) -> Notification:
    return Notification(notification.subject, notification.messages, notification.key, repeat=True)


def http_channel(name: str, url: str) -> Notifier:
    return {
        "slack": lambda: Slack(SecretStr(f"{url}/services/T0/B0/{CANARY}")),
        "webhook": lambda: Webhook(SecretStr(f"{url}/hook?token={CANARY}"), SecretStr(CANARY)),
    }[name]()


class TestSlack(HttpNotifierContract):
    channel = "slack"

    def settings(self, url: str) -> dict[str, str]:
        return {"webhook_url": f"{url}/services/T0/B0/{CANARY}"}


class TestWebhook(HttpNotifierContract):
    channel = "webhook"

    def settings(self, url: str) -> dict[str, str]:
        return {"url": f"{url}/hook?token={CANARY}", "secret": CANARY}


class TestWebhookAsAlertmanager(TestWebhook):
    def settings(self, url: str) -> dict[str, str]:
        return super().settings(url) | {"format": "alertmanager"}


class TestPagerDuty(HttpNotifierContract):
    channel = "pagerduty"

    def settings(self, url: str) -> dict[str, str]:
        return {"routing_key": CANARY, "url": f"{url}/v2/enqueue"}


class TestAlertmanager(HttpNotifierContract):
    channel = "alertmanager"

    def settings(self, url: str) -> dict[str, str]:
        return {"url": url, "authorization": f"Bearer {CANARY}"}


class TestSms(HttpNotifierContract):
    channel = "sms"

    def settings(self, url: str) -> dict[str, str]:
        sender = {"account_sid": "AC1", "auth_token": CANARY, "sender": "+15005550006"}
        return {**sender, "base_url": url, "recipients": "+5215512345678"}


class TestEmail(NotifierContract):
    channel = "email"

    def settings(self, url: str) -> dict[str, str]:
        people = {"sender": "steel@example.com", "recipients": "buyer@example.com"}
        return {**people, "host": "localhost", "user": "steel", "password": CANARY}


class TestLog(NotifierContract):
    channel = "log"
    always_there = True

    def settings(self, url: str) -> dict[str, str]:
        return {}


def test_every_channel_is_held_to_the_conformance_suite() -> None:
    suites = {suite.channel for suite in globals().values() if isinstance(suite, type) and hasattr(suite, "channel")}
    assert suites == set(channels())


def test_slack_gets_blocks_with_a_button_and_no_text_from_outside_becomes_a_mention(
    server: Web,
    rulebook: Rulebook,  # noqa: F811
) -> None:
    http_channel("slack", server.url).send(compose([event(text="see <!channel> & 3 < 4")], rulebook, UI, "k"))
    sent = json.loads(server.kept[0]["body"])
    assert sent["text"].startswith("High · The day cost 0.31 USD")
    section = next(block for block in sent["blocks"] if block["type"] == "section")
    assert section["accessory"]["url"] == "https://dagster.example/assets/metrics_daily"
    assert "see &amp; 3 &lt; 4" in section["text"]["text"]
    assert "<" not in section["text"]["text"]


def test_slack_takes_at_most_fifty_blocks_and_its_own_lengths(rulebook: Rulebook) -> None:  # noqa: F811
    many = blocks(compose([event(id=f"e{n}", text="x" * 5000, subject="y" * 400) for n in range(90)], rulebook, UI, "k"))
    assert len(many) == 50
    assert "and 42 more" in many[-1]["elements"][0]["text"]
    assert all(len(block["text"]["text"]) <= 3000 for block in many if block["type"] == "section")
    assert len(blocks(compose([event(subject="y" * 400)], rulebook, UI))[0]["text"]["text"]) <= 150


def test_a_page_that_is_not_slacks_is_no_delivery(server: Web, notification: Notification) -> None:
    server.answer = b"<html>please log in to the wireless network</html>"
    with pytest.raises(NotSent, match="incoming webhook"):
        http_channel("slack", server.url).send(notification)


def test_the_webhook_is_signed_and_has_the_key_of_the_letter(server: Web, notification: Notification) -> None:
    http_channel("webhook", server.url).send(notification)
    request = server.kept[0]
    headers = {name.lower(): value for name, value in request["headers"].items()}
    expected = hmac.new(CANARY.encode(), request["body"], hashlib.sha256).hexdigest()
    assert headers["x-steel-signature"] == f"sha256={expected}"
    assert headers["idempotency-key"] == notification.key == json.loads(request["body"])["key"]


def test_one_incident_of_ours_is_one_of_pagerdutys_from_its_beginning_to_its_end(server: Web, rulebook: Rulebook) -> None:  # noqa: F811
    pager = PagerDuty(SecretStr("key"), f"{server.url}/v2/enqueue")
    pager.send(compose([event(), event(id="abc-2", kind="grown", severity="critical")], rulebook, UI, "k1"))
    pager.send(compose([event(id="abc-3", kind="recovered")], rulebook, UI, "k2"))
    sent = [json.loads(one["body"]) for one in server.kept]
    assert [one["event_action"] for one in sent] == ["trigger", "trigger", "resolve"]
    assert {one["dedup_key"] for one in sent} == {"abc"}
    assert [one["payload"]["severity"] for one in sent[:2]] == ["critical", "error"]
    assert sent[1]["payload"]["summary"] == "The day cost 0.31 USD, more than the 0.20 USD that are planned"
    assert sent[1]["payload"]["custom_details"]["What to do"].startswith("Look in the Dagster UI")


def test_what_pagerduty_takes_only_in_part_is_sent_again_under_the_same_keys(server: Web, rulebook: Rulebook) -> None:  # noqa: F811
    server.behave = [200, 503]
    both = compose([event(), event(id="def-1", incident="def")], rulebook, UI, "k")
    with pytest.raises(NotSent) as caught:
        PagerDuty(SecretStr("key"), f"{server.url}/v2/enqueue").send(both)
    assert caught.value.perhaps_sent


def test_an_incident_is_one_alert_of_alertmanagers_from_its_beginning_to_its_end(server: Web, rulebook: Rulebook) -> None:  # noqa: F811
    opened, worse, over = alerts_of(server, rulebook, opened={}, escalated={"severity": "critical"}, recovered={})
    assert {request["path"] for request in server.kept} == {"/api/v2/alerts"}
    assert named(opened) == {"high": "lasts"}
    assert named(worse) == {"critical": "lasts", "high": "ended", "medium": "ended", "low": "ended"}
    assert named(over) == {"critical": "ended", "high": "ended", "medium": "ended", "low": "ended"}
    labels = [alert["labels"] | {"severity": ""} for alert in (*opened, *worse, *over)]
    assert all(label == labels[0] for label in labels), "by its labels Alertmanager knows that it is the same one"
    assert all(isinstance(text, str) for alert in worse for part in ("labels", "annotations") for text in alert[part].values())


def test_what_is_told_once_is_left_to_alertmanager_to_end(server: Web, rulebook: Rulebook) -> None:  # noqa: F811
    [[told]] = alerts_of(server, rulebook, notice={})
    assert "endsAt" not in told


def test_alertmanager_gets_the_header_that_it_wants(server: Web, notification: Notification) -> None:
    Alertmanager(server.url, SecretStr("Basic c3RlZWw6a2V5")).send(notification)
    assert {name.lower(): value for name, value in server.kept[0]["headers"].items()}["authorization"] == "Basic c3RlZWw6a2V5"


def alerts_of(server: Web, rulebook: Rulebook, **told: dict[str, str]) -> list[list[dict[str, Any]]]:  # noqa: F811
    """What Alertmanager gets of one incident, message by message."""
    for kind, news in told.items():
        Alertmanager(server.url).send(compose([event(kind=kind, cause="costs", **news)], rulebook, UI, kind))
    return [json.loads(request["body"]) for request in server.kept]


def named(alerts: list[dict[str, Any]]) -> dict[str, str]:
    """Of each severity, whether its alert lasts or is ended."""
    return {
        alert["labels"]["severity"]: "ended" if alert["endsAt"] == MORNING.isoformat() else "lasts"
        for alert in alerts
        if alert["startsAt"] < alert["endsAt"]
    }


def test_the_webhook_can_speak_as_alertmanager_does(server: Web, rulebook: Rulebook) -> None:  # noqa: F811
    hook = Webhook(SecretStr(f"{server.url}/hook"), None, "alertmanager")
    hook.send(compose([event(cause="costs")], rulebook, UI, "k1"))
    hook.send(compose([event(id="abc-2", kind="recovered", cause="costs")], rulebook, UI, "k2"))
    first, last = (json.loads(one["body"]) for one in server.kept)
    assert (first["version"], first["status"], last["status"]) == ("4", "firing", "resolved")
    [alert] = first["alerts"]
    assert alert["labels"] | {"cause": "costs", "severity": "high"} == alert["labels"]
    assert alert["annotations"]["summary"].startswith("The day cost 0.31 USD")
    assert alert["fingerprint"] == last["alerts"][0]["fingerprint"]
    assert (alert["endsAt"][:4], last["alerts"][0]["endsAt"][:4]) == ("0001", "2026")


def test_a_phone_that_may_have_the_text_is_not_rung_twice(server: Web, notification: Notification) -> None:
    phones = Twilio(server.url, "AC1", SecretStr(CANARY), "+15005550006", ("+521", "+522", "+523"))
    server.behave = [200, "keep"]
    with pytest.raises(NotSent) as caught:
        phones.send(notification)
    assert caught.value.perhaps_sent
    phones.send(again(notification))
    assert sorted(one["form"]["To"][0] for one in server.kept) == ["+521", "+522", "+523"]


def test_one_wrong_number_does_not_keep_the_others_from_being_told(server: Web, notification: Notification) -> None:
    server.behave = [400, 200]
    left_out = Twilio(server.url, "AC1", SecretStr(CANARY), "+1", ("+521", "+522")).send(notification)
    assert [one["form"]["To"][0] for one in server.kept] == ["+522"]
    assert list(left_out) == ["+521"]
    assert "STEEL_SMS_TO" in left_out["+521"]


def test_the_log_has_one_line_a_letter_and_knows_what_it_has(tmp_path: Path, notification: Notification) -> None:
    log = LogFile(tmp_path / "new" / "alerts.log")
    log.send(notification)
    log.send(again(notification))
    lines = (tmp_path / "new" / "alerts.log").read_text().splitlines()
    assert [json.loads(line)["key"] for line in lines] == [notification.key]


def test_a_line_that_a_crash_cut_off_is_written_again_whole(tmp_path: Path, notification: Notification) -> None:
    path = tmp_path / "alerts.log"
    LogFile(path).send(notification)
    path.write_bytes(path.read_bytes()[:40])
    LogFile(path).send(again(notification))
    assert json.loads(path.read_text().splitlines()[1])["key"] == notification.key


def test_a_log_that_cannot_be_written_is_tried_again_later(tmp_path: Path, notification: Notification) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotSent, match="log file"):
        LogFile(tmp_path / "file" / "alerts.log").send(notification)


def mailbox(post: Post, security: str = "starttls", password: str = "canary-pass") -> Mailbox:  # noqa: S107
    to = ("buyer@example.com", "data@example.com")
    return Mailbox("localhost", post.port, security, "steel", SecretStr(password), "steel@example.com", to)  # type: ignore[arg-type]


@pytest.fixture
def trusted(tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    return tls[0]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_out_encrypted_with_a_login_in_two_parts(
    trusted: ssl.SSLContext, notification: Notification, security: str
) -> None:
    with post_office(trusted, implicit=security == "tls") as post:
        Email(mailbox(post, security)).send(notification)
    assert post.encrypted == [True]
    mail = post.mails[0]
    assert mail["Subject"].startswith("=?utf-8?") or "SIMULATED" in mail["Subject"]
    assert mail["Message-ID"] == f"<{notification.key}@steel-assets>"
    parts = {part.get_content_type(): part.get_payload(decode=True).decode() for part in mail.walk() if not part.is_multipart()}  # type: ignore[union-attr]
    assert "What to do: Look in the Dagster UI" in parts["text/plain"]
    assert "SIMULATED DATA" in parts["text/html"]
    assert len(post.recipients) == 2


@pytest.mark.parametrize("reply", ["550 unknown", "450 later"])
def test_a_recipient_whom_the_server_does_not_take_is_named_and_the_others_have_it(
    trusted: ssl.SSLContext, notification: Notification, reply: str
) -> None:
    with post_office(trusted) as post:
        post.behave = {"rcpt TO:<buyer@example.com>": reply}
        left_out = Email(mailbox(post)).send(notification)
    assert len(post.mails) == 1
    assert list(left_out) == ["buyer@example.com"]
    assert f"({reply[:3]}); check STEEL_EMAIL_TO" in left_out["buyer@example.com"]


def test_each_reader_gets_the_mail_in_their_language_and_one_who_is_refused_alone_holds_nobody_up(
    trusted: ssl.SSLContext, notification: Notification
) -> None:
    with post_office(trusted) as post:
        box = replace(mailbox(post), languages={"buyer@example.com": "es"})
        assert Email(box).send(notification) == {}
        texts = [mail.get_payload(0).get_payload(decode=True).decode() for mail in post.mails]  # type: ignore[union-attr]
        post.behave = {"rcpt TO:<buyer@example.com>": "550 unknown"}
        left_out = Email(box).send(notification)
    assert ["Qué hacer:" in text for text in texts] == [name == "buyer@example.com" for name in box.recipients]
    assert len({mail["Message-ID"] for mail in post.mails[:2]}) == 2
    assert list(left_out) == ["buyer@example.com"]
    assert len(post.mails) == 3


def test_a_phone_gets_the_text_in_its_owners_language(server: Web, notification: Notification) -> None:
    Twilio(server.url, "AC1", SecretStr("t"), "+1", ("+521", "+522"), {"+522": "es"}).send(notification)
    first, second = (one["form"]["Body"][0] for one in server.kept)
    assert first.startswith("[SIMULATED DATA] High")
    assert second.startswith("[DATOS SIMULADOS] Alta")


def test_html_from_outside_is_shown_and_not_run(trusted: ssl.SSLContext, rulebook: Rulebook) -> None:  # noqa: F811
    from steel_assets.adapters.notifiers.email import page

    text = page(
        compose([event(rule="failed_run", text="<script>alert(1)</script> 3 < 4", subject='"><img src=x>')], rulebook, UI)
    )
    assert "<script" not in text
    assert "3 &lt; 4" in text
    assert "&lt;img src=x&gt;" in text
    assert "<img" not in text


def test_a_subject_with_line_breaks_forges_no_header(trusted: ssl.SSLContext, rulebook: Rulebook) -> None:  # noqa: F811
    with post_office(trusted) as post:
        Email(mailbox(post)).send(compose([event(subject="x\r\nBcc: evil@example.com")], rulebook, UI, "k"))
    assert post.mails[0]["Bcc"] is None


@pytest.mark.parametrize(
    ("behave", "error", "perhaps"),
    [
        ({"MAIL": "451 later"}, NotSent, False),
        ({"RCPT": "550 unknown"}, NotSent, False),
        ({"DATA": "421 busy"}, NotSent, False),
        ({"DATA": "554 no"}, NotificationRefused, None),
        ({".": "451 greylisted"}, NotSent, False),
        ({".": "552 too big"}, NotificationRefused, None),
        ({".": "drop"}, NotSent, True),
        ({".": "keep"}, NotSent, True),
        ({"MAIL": "drop"}, NotSent, False),
        ({"AUTH": "535 no"}, NotSent, False),
    ],
)
def test_what_a_mail_server_says_means_later_never_or_perhaps(
    trusted: ssl.SSLContext, notification: Notification, behave: dict[str, str], error: type[Exception], perhaps: bool | None
) -> None:
    with post_office(trusted) as post:
        post.behave = behave
        with pytest.raises(error) as caught:
            Email(mailbox(post)).send(notification)
    assert getattr(caught.value, "perhaps_sent", None) is perhaps
    assert "canary-pass" not in str(caught.value)


@pytest.mark.parametrize("bye", ["500 what", "drop"])
def test_a_rude_goodbye_after_the_mail_was_taken_changes_nothing(
    trusted: ssl.SSLContext, notification: Notification, bye: str
) -> None:
    with post_office(trusted) as post:
        post.behave = {"QUIT": bye}
        Email(mailbox(post)).send(notification)
    assert len(post.mails) == 1


def test_a_mail_server_that_is_not_trusted_gets_neither_mail_nor_password(
    tls: tuple[ssl.SSLContext, Path], notification: Notification
) -> None:
    with post_office(tls[0]) as post, pytest.raises(NotSent, match="TLS"):
        Email(mailbox(post)).send(notification)
    assert (post.mails, post.logins) == ([], [])


def test_a_wrong_password_is_named_and_not_shown(trusted: ssl.SSLContext, notification: Notification) -> None:
    with post_office(trusted) as post, pytest.raises(NotSent, match="STEEL_SMTP_PASSWORD") as caught:
        Email(mailbox(post, password=CANARY)).send(notification)
    assert CANARY not in str(caught.value)


def test_a_mail_server_that_says_nothing_is_given_up_within_bounds(
    notification: Notification, monkeypatch: pytest.MonkeyPatch
) -> None:
    from steel_assets.adapters.notifiers import email

    monkeypatch.setattr(email, "SECONDS_PER_STEP", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotSent, match="cannot be reached"):
        Email(mailbox(Post(port=silent.getsockname()[1]))).send(notification)
