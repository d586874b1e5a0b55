"""The page behind the link in a message: one person, one press, once; and nothing for whoever has no link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from steel_assets.adapters.alerts.acknowledgements import LEFT
from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.tokens import LASTS, token
from steel_assets_tests.adapters.test_outbox import Recorder
from steel_assets_tests.serving.running import answering

KEY = b"0123456789abcdef0123456789abcdef"
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def client(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv("STEEL_SIGNING_KEY", KEY.decode())
    with answering(home) as (_, port), httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client


@pytest.fixture
def outbox(home: Path) -> Outbox:
    """What sends alerts beside that service."""
    site = "https://steel.example"
    return Outbox(LocalFolder(home / "lake"), load_catalog().rulebook, frozenset({"slack"}), site=site, key=KEY)


def told(outbox: Outbox, now: datetime = NOW) -> tuple[Recorder, str]:
    """A failed run is told over Slack; the path of the link in the message."""
    slack = Recorder()
    outbox.report([Condition(rule="failed_run", subject="daily", firing=True, moment=now)], now)
    outbox.deliver({"slack": slack}, lambda: now, "http://ui")
    links = [url for message in slack.notifications[-1].messages for label, url in message.links if label == "I look after it"]
    return slack, links[0].removeprefix("https://steel.example")


def press(client: httpx.Client, path: str, name: str = "Ana") -> httpx.Response:
    """Open the link in a browser, and press the button of what it shows."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found
    return client.post("/alerts/acknowledge", data={"token": found[1], "name": name})


def test_whoever_got_the_message_looks_after_it_by_its_link_and_nobody_is_reminded_any_more(
    client: httpx.Client, outbox: Outbox
) -> None:
    _, path = told(outbox)
    assert client.get(path).status_code == 200
    assert outbox.take_up(NOW) == [], "opening the link alone does nothing: mail programs do that"
    assert "It is noted" in press(client, path).text
    assert outbox.take_up(NOW) == ["job:daily"]
    assert [line.by for line in outbox.audit()] == ["Ana"]
    slack = Recorder()
    for day in range(1, 20):
        outbox.report([], NOW + timedelta(days=day))
        outbox.deliver({"slack": slack}, lambda day=day: NOW + timedelta(days=day), "http://ui")
    assert slack.notifications == []


def test_a_link_works_once(client: httpx.Client, outbox: Outbox) -> None:
    _, path = told(outbox)
    press(client, path)
    again = press(client, path, "Bob")
    assert again.status_code == 410
    assert "used already" in again.text
    outbox.take_up(NOW)
    assert [line.by for line in outbox.audit()] == ["Ana"]


@pytest.mark.parametrize(
    "token_",
    [
        pytest.param("", id="empty"),
        pytest.param("x", id="a notification"),
        pytest.param("0" * 12 + ".slack.ffffffff." + "0" * 32, id="made up"),
        pytest.param(token(b"another key, as long as ours is", "0" * 12, "slack", NOW), id="of another key"),
        pytest.param(token(KEY, "0" * 12, "slack", NOW)[:-1] + "\n", id="cut short"),
        pytest.param(token(KEY, "0" * 12, "slack", NOW).replace("slack", "email"), id="of another channel"),
        pytest.param(token(KEY, "0" * 12, "slack", NOW - LASTS - timedelta(minutes=5)), id="too old"),
        pytest.param("<script>alert(1)</script>", id="a script"),
        pytest.param("../../alerts/state.json", id="a path"),
    ],
)
def test_what_is_no_link_of_ours_shows_no_button_and_leaves_nothing(client: httpx.Client, home: Path, token_: str) -> None:
    shown = client.get("/alerts/acknowledge", params={"token": token_})
    assert shown.status_code == 410
    assert "<button" not in shown.text
    assert "<script>alert" not in shown.text
    assert client.post("/alerts/acknowledge", data={"token": token_, "name": "x"}).status_code == 410
    assert list(LocalFolder(home / "lake").list(LEFT)) == []


def test_a_form_of_another_server_and_one_that_is_none_are_refused(client: httpx.Client, outbox: Outbox) -> None:
    _, path = told(outbox)
    good = {"token": path.partition("token=")[2], "name": "x"}
    assert client.post("/alerts/acknowledge", data=good, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/alerts/acknowledge", json=good).status_code == 415
    assert client.post("/alerts/acknowledge", content=b"&".join(b"a=b" for _ in range(50))).status_code in (400, 415)
    assert outbox.take_up(NOW) == []


def test_a_name_from_a_stranger_is_short_and_on_one_line_and_none_is_the_channel(client: httpx.Client, outbox: Outbox) -> None:
    _, path = told(outbox)
    press(client, path, "A\r\nB\x1b[31m" + "x" * 500)
    outbox.take_up(NOW)
    [line] = outbox.audit()
    assert line.by.startswith("AB[31mxxx")
    assert len(line.by) == 80
    outbox.report([Condition(rule="failed_run", subject="daily", firing=False, moment=NOW)], NOW)
    later = NOW + timedelta(seconds=1)
    _, path = told(outbox, later)
    press(client, path, "")
    outbox.take_up(later)
    assert outbox.audit()[-1].by == "somebody by slack"


def test_without_a_signing_key_there_is_no_link_and_no_page(home: Path) -> None:
    with answering(home) as (_, port):
        assert httpx.get(f"http://127.0.0.1:{port}/alerts/acknowledge?token=x", trust_env=False).status_code == 404
    outbox = Outbox(LocalFolder(home / "lake"), load_catalog().rulebook, frozenset({"slack"}), site="https://steel.example")
    with pytest.raises(IndexError):
        told(outbox)


def test_where_nothing_can_be_kept_nobody_is_thanked_and_no_path_is_told(
    client: httpx.Client, outbox: Outbox, home: Path
) -> None:
    _, path = told(outbox)
    (home / "lake" / LEFT.rstrip("/")).write_text("a file in the place of the folder")
    said = press(client, path)
    assert said.status_code == 503
    assert "steel alerts ack" in said.text
    assert str(home) not in said.text
