"""Watches over the API: each key has its own, what cannot be one is refused by name, and a link in a message removes one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.alerts.watches import FOLDER, MOST, WatchStore
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.tokens import removal_token
from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets_tests.adapters.test_outbox import Recorder
from steel_assets_tests.serving.running import answering
from steel_assets_tests.watched import published as world

SIGNING = b"0123456789abcdef0123456789abcdef"
MARKET = "rebar_fob_turkey"
NOW = datetime.now(UTC).replace(microsecond=0)
LEVEL = {"kind": "level", "market": MARKET, "above": 100_000}


@pytest.fixture(scope="module")
def clients(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """Callers of one service: two who may read, one who may not, and a stranger. ``home`` is its folder's name."""
    home = Path(shutil.copytree(published, tmp_path_factory.mktemp("watched") / "home", ignore=shutil.ignore_patterns("serving")))
    store = KeyStore(home / KEY_FILE)
    keys = {
        name: store.create(name, scopes, NOW, limit_per_hour=10_000)[1]
        for name, scopes in (("ana", ["read"]), ("bob", ["read"]), ("launcher", ["operate"]))
    }
    with answering(home) as (service, port):
        service.signing_key = SIGNING  # what was published is not signed, and would not be believed with one in the settings
        service.refresher.current = service.refresher.refreshed()
        made = {
            name: httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": key} if key else {}, trust_env=False)
            for name, key in (*keys.items(), ("stranger", ""))
        }
        yield made | {"home": home}
        for client in made.values():
            client.close()


@pytest.fixture
def ana(clients: dict[str, httpx.Client]) -> Iterator[httpx.Client]:
    yield clients["ana"]
    for name in ("ana", "bob"):
        for watch in clients[name].get("/v1/watches").json()["watches"]:
            assert clients[name].delete(f"/v1/watches/{watch['id']}").status_code == 204


def test_a_key_sets_lists_and_removes_its_own_watches_and_no_others(clients: dict[str, Any], ana: httpx.Client) -> None:
    bob = clients["bob"]
    made = ana.post("/v1/watches", json={**LEVEL, "quiet": "22:00-07:00"})
    assert made.status_code == 201, made.text
    watch = made.json()
    assert (watch["above"], watch["holds"], watch["problem"], watch["simulated"]) == (100_000, False, None, True)
    assert 100 < watch["value"] < 5_000
    assert ana.post("/v1/watches", json={**LEVEL, "quiet": "22:00-07:00"}).json()["id"] == watch["id"], "asked twice, set once"
    assert [listed["id"] for listed in ana.get("/v1/watches").json()["watches"]] == [watch["id"]]
    assert bob.get("/v1/watches").json()["watches"] == []
    assert bob.delete(f"/v1/watches/{watch['id']}").status_code == 404
    table = ana.get("/v1/watches", params={"format": "csv"})
    assert table.text.splitlines()[1].count(watch["id"]) == 1
    assert ana.delete(f"/v1/watches/{watch['id']}").status_code == 204
    assert ana.delete(f"/v1/watches/{watch['id']}").status_code == 404
    refused = ana.put("/v1/watches", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
    for name, status in (("stranger", 401), ("launcher", 403)):
        assert clients[name].get("/v1/watches").status_code == status
        assert clients[name].post("/v1/watches", json=LEVEL).status_code == status
        assert clients[name].delete("/v1/watches/0123456789ab").status_code == status


def test_every_kind_is_answered_from_what_is_published(ana: httpx.Client) -> None:
    odds = ana.get(f"/v1/markets/{MARKET}/odds", params={"above": "500", "on": _day_ahead(ana)}).json()
    asked = {"kind": "odds", "market": MARKET, "above": 500, "on": _day_ahead(ana), "chance": 0.99}
    assert ana.post("/v1/watches", json=asked).json()["value"] == odds["chance"]
    margin = ana.post("/v1/watches", json={"kind": "margin", "market": MARKET, "less": "scrap_turkey", "below": -1_000}).json()
    levels = [ana.post("/v1/watches", json={**LEVEL, "market": name}).json()["value"] for name in (MARKET, "scrap_turkey")]
    assert margin["value"] == pytest.approx(levels[0] - levels[1])
    assert ana.post("/v1/watches", json={"kind": "move", "market": MARKET}).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{}", 422, "kind"),
        (b"[]", 422, ""),
        (b"{" * 2000, 422, ""),
        (b'{"kind": "level", "market": "rebar_fob_turkey", "above": NaN}', 422, "above"),
        (b'{"kind": "level", "market": "rebar_fob_turkey", "above": 1e999}', 422, "above"),
        (b'{"kind": "level", "market": "rebar_fob_turkey", "above": "640; DROP"}', 422, "above"),
        (b'{"kind": "level", "market": "rebar_fob_turkey"}', 422, "above, below: name one of them"),
        (b'{"kind": "level", "market": "../../keys", "above": 1}', 422, "market"),
        (b'{"kind": "level", "market": "gold", "above": 1}', 422, "there is no market gold"),
        (b'{"kind": "level", "market": "rebar_fob_turkey", "above": 1, "owner": "local"}', 422, "owner"),
        (b'{"kind": "level", "market": "rebar_fob_turkey", "above": 1, "id": "0123456789ab"}', 422, "id"),
        (b'{"kind": "odds", "market": "rebar_fob_turkey", "above": 1, "on": "1999-01-01", "chance": 0.5}', 422, "not ahead"),
        (b'{"kind": "level", "market": "rebar_fob_turkey", "above": 1, "quiet": "\\u0000"}', 422, "quiet"),
        (b"8!\xff", 400, "error parsing the body"),
        (b"x" * 70_000, 413, "64 KiB"),
    ],
)
def test_a_watch_that_cannot_be_is_refused_with_its_field_and_nothing_is_kept(
    ana: httpx.Client, body: bytes, status: int, says: str
) -> None:
    answer = ana.post("/v1/watches", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, says in answer.json()["message"]) == (status, True), answer.text
    assert ana.get("/v1/watches").json()["watches"] == []


def test_what_a_page_of_another_server_could_send_sets_nothing(ana: httpx.Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        content = b'{"kind": "move", "market": "rebar_fob_turkey"}'
        assert ana.post("/v1/watches", content=content, headers={"content-type": kind}).status_code in (415, 422)
    assert ana.get("/v1/watches").json()["watches"] == []


def test_a_key_that_has_all_it_may_have_is_told_so(clients: dict[str, Any], ana: httpx.Client) -> None:
    for number in range(MOST):
        assert ana.post("/v1/watches", json={**LEVEL, "above": 100_001 + number}).status_code == 201
    full = ana.post("/v1/watches", json=LEVEL)
    assert (full.status_code, full.json()["error"]) == (403, "too_many_watches")
    assert clients["bob"].post("/v1/watches", json=LEVEL).status_code == 201


def test_the_link_in_a_message_removes_its_watch_by_a_press_without_a_key_and_no_other(
    clients: dict[str, Any], ana: httpx.Client
) -> None:
    stranger, store = clients["stranger"], LocalFolder(clients["home"] / "lake")
    mine, other = (
        WatchStore(store).add(owner, {"kind": "level", "market": MARKET, "above": 640}, world(), NOW)
        for owner in ("first", "second")
    )
    box = Outbox(store, load_catalog().rulebook, frozenset({"slack"}), site="https://steel.example", key=SIGNING)
    box.watch([mine], world(700.0), NOW)
    slack = Recorder()
    box.deliver({"slack": slack}, lambda: NOW, "http://ui")
    [path] = [
        url.removeprefix("https://steel.example") for label, url in slack.notifications[0].messages[0].links if "watch" in label
    ]
    page = stranger.get(path, headers={"accept-language": "es"})
    assert page.status_code == 200
    assert "Quitar" in page.text
    assert WatchStore(store).of("first") == (mine,), "opening the link alone does nothing: mail programs do that"
    good = re.search(r'name="token" value="([^"]+)"', page.text)[1]
    for bad in (
        good.replace(mine.id, other.id),
        good[:-1] + "z",
        mine.id,
        "<script>alert(1)</script>",
        removal_token(b"x" * 32, mine.id),
    ):
        refused = stranger.get("/watches/unsubscribe", params={"token": bad})
        assert (refused.status_code, "<button" in refused.text, "<script>alert" in refused.text) == (410, False, False)
        assert stranger.post("/watches/unsubscribe", data={"token": bad}).status_code == 410
    assert (
        stranger.post("/watches/unsubscribe", data={"token": good}, headers={"origin": "https://evil.example"}).status_code == 403
    )
    assert stranger.post("/watches/unsubscribe", json={"token": good}).status_code == 415
    assert stranger.post("/watches/unsubscribe", data={f"a{number}": "b" for number in range(50)}).status_code == 400
    assert WatchStore(store).of("first") == (mine,)
    assert "removed" in stranger.post("/watches/unsubscribe", data={"token": good}).text
    assert (WatchStore(store).of("first"), WatchStore(store).of("second")) == ((), (other,))
    WatchStore(store).remove("second", other.id)


def test_where_nothing_can_be_kept_that_is_said_and_no_path_is_told(clients: dict[str, Any], ana: httpx.Client) -> None:
    folder = clients["home"] / "lake" / FOLDER.rstrip("/")
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("a file in the place of the folder")
    try:
        said = ana.post("/v1/watches", json=LEVEL)
        assert (said.status_code, str(folder.parent) in said.text) == (503, False)
    finally:
        folder.unlink()


def test_without_a_signing_key_there_is_no_link_and_no_page(tmp_path: Path) -> None:
    with answering(tmp_path / "home") as (_, port):
        assert httpx.get(f"http://127.0.0.1:{port}/watches/unsubscribe?token=x", trust_env=False).status_code == 404


def _day_ahead(client: httpx.Client) -> str:
    averages = client.get(f"/v1/markets/{MARKET}/averages").json()
    return str(averages["paths_from"])
