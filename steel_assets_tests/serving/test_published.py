"""What the service makes of what lies in the store: damaged, forged, of another release, gone, and back again."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.lake.snapshots import POINTER, Pointer, SnapshotStore
from steel_assets.adapters.objects.checksummed import checksummed, unseal
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore
from steel_assets.bootstrap import platform
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.publication_parts import EMPTY
from steel_assets.serving.app import create_app
from steel_assets.serving.refresh import Refresher
from steel_assets.serving.run import build
from steel_assets.serving.service import Service
from steel_assets.serving.snapshot import NOTHING, Snapshot
from steel_assets.settings import Settings
from steel_assets_tests.damages import DAMAGES
from steel_assets_tests.google.faults import Fault
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.storage_server import StorageServer
from steel_assets_tests.serving.running import PREDICT
from steel_assets_tests.serving.sample import issue_again, put_in_force
from steel_assets_tests.serving.test_faults import soon

MARKET = "rebar_fob_turkey"


class Looking:
    """A service's view of a store, looked at when a test says so."""

    def __init__(self, store: ObjectStore, kept: Path | None = None, key: bytes | None = None) -> None:
        self.refresher = Refresher(lambda: store, kept, "here", signing_key=key)
        self.look()

    def look(self) -> Snapshot:
        self.refresher._due = 0.0  # the pause after a refusal is over
        self.refresher.current = self.refresher.refreshed()
        return self.refresher.current

    def price(self) -> float | None:
        rows = self.look().forecast(MARKET)
        return float(rows[0]["predicted_price"]) if rows else None


@pytest.fixture
def folder(home: Path) -> LocalFolder:
    return LocalFolder(home / "lake")


@pytest.fixture
def storage() -> Iterator[StorageServer]:
    """Cloud Storage with one empty bucket, ``steel-lake``."""
    server = StorageServer()
    server.held.insert({"name": "steel-lake"})
    with running(server.app()) as server.url:
        yield server


def pointed(folder: ObjectStore) -> Pointer:
    pointer = SnapshotStore(folder, None).pointer()
    assert pointer is not None
    return pointer


def forge(folder: ObjectStore, change: Callable[[dict[str, Any]], object], key: bytes | None = None) -> None:
    """Put a changed snapshot in force, with the right checksum everywhere: what whoever can write the store can do."""
    pointer = pointed(folder)
    parts = json.loads(folder.get(pointer.key))
    change(parts)
    put(folder, json.dumps(parts).encode(), key)


def put(folder: ObjectStore, content: bytes, key: bytes | None = None) -> None:
    snapshots = SnapshotStore(folder, key)
    snapshots.switch(content, datetime.now(UTC), folder.version(POINTER), None)


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "other encoding"])
@pytest.mark.parametrize("which", ["the pointer", "the snapshot"])
def test_a_damaged_publication_changes_nothing_that_is_served_and_is_named(folder: LocalFolder, which: str, damage: str) -> None:
    service = Looking(folder)
    before = service.price()
    key = POINTER if which == "the pointer" else pointed(folder).key
    whole = folder.get(key)
    if which == "the snapshot":  # it counts once the pointer is looked at again
        folder.put(POINTER, checksummed(unseal(folder.get(POINTER)) | {"as_of": "2026-11-01T00:00:00Z"}))
    folder.put(key, DAMAGES[damage](whole))
    assert service.price() == before
    assert key in service.refresher.current.problems["publication"]
    assert "steel publish" in service.refresher.current.problems["publication"]
    folder.put(key, whole)
    assert service.price() == before
    assert service.refresher.current.problems == {}


@pytest.mark.parametrize(
    "change",
    [
        {"version": "../../outside"},
        {"version": "20261129T100000Z-000000000000"},
        {"format": 2},
        {"bytes": 10**15},
        {"bytes": 3},
        {"as_of": "yesterday"},
        {"former": ["../x"]},
        {"extra": 1},
    ],
)
def test_a_pointer_that_says_something_else_is_refused(folder: LocalFolder, change: dict[str, Any]) -> None:
    service = Looking(folder)
    before = service.price()
    folder.put(POINTER, checksummed(unseal(folder.get(POINTER)) | change))
    assert service.price() == before
    assert "publication" in service.refresher.current.problems


JUNK: list[Any] = [5, "x", [5], [[]], {"a": 5}, {MARKET: 5}, {MARKET: [5]}, {MARKET: {}}, [{}], None, True]


@pytest.fixture(scope="module")
def served(published: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Service, ASGIApp, LocalFolder]:
    """A service, and a store with a short past in it: what is long is read hundreds of times, and only its form matters."""
    home = tmp_path_factory.mktemp("short")
    folder, long = LocalFolder(home / "lake"), LocalFolder(published / "lake")
    content = json.loads(long.get(pointed(long).key))
    for name in ("scorecards", "issues", "metrics", "drift"):
        content[name]["content"] = shortened(content[name]["content"])
    put(folder, json.dumps(content).encode())
    service = build(Settings(home=home, sources="sandbox"), "127.0.0.1", opened=True)
    return service, create_app(service), folder


def shortened(content: Any) -> Any:
    """``content`` with the last twenty entries of every list in it."""
    if isinstance(content, dict):
        return {name: shortened(value) for name, value in content.items()}
    return [shortened(value) for value in content[-20:]] if isinstance(content, list) else content


@pytest.mark.parametrize("name", EMPTY)
def test_whatever_stands_in_a_part_no_request_fails_inside_the_service(
    served: tuple[Service, ASGIApp, LocalFolder], name: str
) -> None:
    """A snapshot from which not every answer can be made is refused; one that is taken answers everything."""
    answering, app, folder = served
    pointer, content = folder.get(POINTER), pointed(folder).key
    service = Looking(folder)
    before = service.refresher.current
    assert before.problems == {}
    for number, junk in enumerate(JUNK):
        service.refresher.current = before
        forge(folder, lambda parts, junk=junk: parts[name].update(content=junk))
        after = service.look()
        answering.refresher.current = replace(after, number=1000 + number)  # of its own, or what is kept of the former answers
        assert after.away is None or after["latest"] == before["latest"], junk
        assert {status for status in asked(app).values() if status >= 500} <= {503}, junk
        folder.put(POINTER, pointer)
        assert folder.version(content) is not None


def asked(app: ASGIApp) -> dict[str, int]:
    """The status of every reading route, and of the page."""
    market = f"/v1/markets/{MARKET}"
    paths = [
        PREDICT,
        f"{PREDICT}?detail=true",
        "/",
        "/ready",
        "/v1/markets",
        "/v1/regions",
        "/v1/regions/turkey",
        "/v1/models",
        "/v1/metrics/daily",
        "/v1/alerts",
    ]
    paths += [f"{market}/forecasts", f"{market}/forecasts?as_of=2026-11-20", f"{market}/scorecard", f"{market}/explanation"]
    paths += ["/dashboard", f"/dashboard?market={MARKET}&lang=en", "/metrics"]

    async def ask() -> dict[str, int]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 4000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return {path: (await client.get(path)).status_code for path in paths}

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"55",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"latest": {"content": {}}}',
        b'{"latest": {"content": NaN, "problem": null, "read_at": null}}',
        b'{"latest": {"content": {}, "problem": 5, "read_at": null}}',
        b'{"latest": {"content": {}, "problem": null, "read_at": "2026-11-29"}}',
        b"\xff\xfe",
    ],
)
def test_a_snapshot_that_is_none_is_refused_with_its_right_checksum_too(folder: LocalFolder, content: bytes) -> None:
    service = Looking(folder)
    before = service.price()
    put(folder, content or b"  ")
    assert service.price() == before
    assert service.refresher.current.problems["publication"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"as_of": "2099-01-01T08:00:00Z", "created_at": "2099-01-01T08:00:00Z", "issued_date": "2099-01-01"}, "after now"),
        ({"last_price": 1e12}, "starts from"),
        ({"predicted_price": 1e6, "q95": 1e6}, "too far"),
        ({"q05": 0.01}, "wider"),
        ({"model_version": "not-one-that-was-in-force"}, "never in force"),
        ({"unit": "CNY/t"}, "unit"),
    ],
)
def test_a_forged_forecast_is_not_served_and_the_market_is_named(folder: LocalFolder, change: dict[str, Any], word: str) -> None:
    service = Looking(folder)
    before = service.price()

    def forged(parts: dict[str, Any]) -> None:
        for row in parts["latest"]["content"][MARKET]["rows"]:
            row.update(change)

    forge(folder, forged)
    assert service.price() == before
    assert word in service.refresher.current.refused[MARKET]
    assert Looking(folder).price() is None, "a service that never saw another one has none to answer with"


def test_with_a_key_only_what_was_signed_with_it_is_served(folder: LocalFolder) -> None:
    key, other = b"a key of this installation", b"the key of somebody else"
    content = folder.get(pointed(folder).key)
    assert Looking(folder, key=key).price() is None
    put(folder, content, key)
    service = Looking(folder, key=key)
    before = service.price()
    assert before is not None
    for forger in (None, other):
        forge(folder, lambda parts: parts["latest"]["content"].clear(), forger)
        assert service.price() == before
        assert "STEEL_SIGNING_KEY" in service.refresher.current.problems["publication"]


def test_incidents_are_those_of_the_alert_book_now_whenever_it_was_published_last(home: Path, folder: LocalFolder) -> None:
    service, now = Looking(folder), datetime.now(UTC)
    outbox = platform(Settings(home=home, sources="sandbox")).outbox
    outbox.report([Condition(rule="failed_run", subject="daily", firing=True, moment=now, text="It broke.")], now)
    [told] = service.look()["incidents"]
    assert (told["rule"], told["subject"], told["text"]) == ("failed_run", "daily", "It broke.")
    whole = folder.get("alerts/state.json")
    folder.put("alerts/state.json", whole[:100])
    assert service.look()["incidents"] == [told], "a damaged alert state closes nothing"
    assert "state.json" in service.refresher.current.problems["incidents"]
    folder.put("alerts/state.json", whole)
    outbox.report([Condition(rule="failed_run", subject="daily", firing=False, moment=now, text="")], now)
    assert service.look()["incidents"] == []
    assert service.refresher.current.problems == {}


def test_where_an_older_release_published_the_remedy_is_named_and_what_it_kept_is_served(home: Path, tmp_path: Path) -> None:
    folder = LocalFolder(home / "lake")
    kept = tmp_path / "last_good.json"
    snapshot = Looking(folder).refresher.current
    kept.write_bytes(b"here\n" + json.dumps({name: [snapshot[name], 1.0] for name in NOTHING}).encode())
    shutil.rmtree(home / "lake" / "published")
    nothing = Looking(folder).refresher.current
    assert nothing.forecast(MARKET) is None
    service = Looking(folder, kept)

    async def started() -> None:
        service.refresher.start()
        await service.refresher.stop()

    asyncio.run(started())
    assert service.price() == snapshot.forecast(MARKET)[0]["predicted_price"]  # type: ignore[index]
    assert "steel publish" in service.refresher.current.problems["publication"]
    put_in_force(platform(Settings(home=home, sources="sandbox")))
    service.look()
    assert service.refresher.current.problems == {}


def test_a_bucket_that_is_away_costs_no_answer_and_is_named_until_it_is_back(home: Path, storage: StorageServer) -> None:
    bucket = GcsStore("gs://steel-lake/here", connect=partial(storage_client, storage.url), retry_seconds=2)
    here = LocalFolder(home / "lake")
    for key in here.list("published/"):
        bucket.put(key, here.get(key))
    service = Looking(bucket)
    before = service.price()
    storage.faults.plan(Fault(503, "backendError", path=".*", times=1000))
    assert service.price() == before
    assert service.refresher.current.problems["publication"]
    storage.faults.forget()
    issue_again(platform(Settings(home=home, sources="sandbox")), MARKET, 571.0, soon())
    for key in here.list("published/"):
        bucket.put(key, here.get(key))
    assert service.price() != before
    assert service.refresher.current.problems == {}
