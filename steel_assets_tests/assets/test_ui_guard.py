"""The door before the Dagster UI: its own pages and programs pass, pages of other servers do not."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable
from typing import Any

import pytest

from steel_assets.assets import ui
from steel_assets.assets.ui_guard import Guard

HERE = ("host", "127.0.0.1:3000")
JSON = ("content-type", "application/json")
TEXT = ("content-type", "text/plain")
BODY = ("content-length", "20")
OWN = ("origin", "http://127.0.0.1:3000")
EVIL = ("origin", "http://evil.example")
OTHER_PORT = ("origin", "http://127.0.0.1:8888")
SAME, CROSS = ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")
LINK = (CROSS, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"))
FRAME = (CROSS, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe"))


def status(
    kind: str, path: str, *headers: tuple[str, str], method: str = "GET", query: str = "", hosts: Iterable[str] = ()
) -> int:
    """The status that comes back; 200 where the request was passed on (101 for a websocket)."""
    said: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200} if kind == "http" else {"type": "websocket.accept"})

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing of a request is read before it is let through")

    scope = {"type": kind, "method": method, "path": path, "query_string": query.encode()}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers]
    asyncio.run(Guard(app, hosts)(scope, receive, send))
    first = said[0]
    if kind == "http":
        assert (b"x-frame-options", b"DENY") in first["headers"]
        return int(first["status"])
    return 101 if first["type"] == "websocket.accept" else 403


@pytest.mark.parametrize(
    "headers",
    [
        (HERE, JSON),
        (HERE, JSON, OWN, SAME),
        (HERE, JSON, OWN),
        (("host", "localhost:3000"), JSON),
        (("host", "[::1]:3000"), JSON),
    ],
)
def test_its_own_pages_and_programs_may_ask(headers: tuple[tuple[str, str], ...]) -> None:
    assert status("http", "/graphql", *headers, BODY, method="POST") == 200


@pytest.mark.parametrize(
    "headers",
    [
        (HERE, TEXT, EVIL, CROSS),  # what any page may send without being asked
        (HERE, TEXT, EVIL),
        (HERE, TEXT, CROSS),
        (HERE, JSON, EVIL, CROSS),
        (HERE, JSON, OTHER_PORT),
        (HERE, JSON, ("origin", "null")),
        (HERE, JSON, OWN, ("sec-fetch-site", "same-site")),
        (HERE, JSON, OWN, EVIL),
        (HERE, TEXT),  # no browser of today, but a mutation all the same
        (HERE,),
        (HERE, ("content-type", "application/x-www-form-urlencoded")),
        (HERE, ("content-type", "multipart/form-data; boundary=x")),
        (("host", "rebound.example:3000"), JSON),  # DNS rebinding
        (("host", "rebound.example:3000"), JSON, ("origin", "http://rebound.example:3000"), SAME),
        (("host", "127.0.0.1.evil.example"), JSON),
        (("host", ""), JSON),
        (JSON,),
        (HERE, ("host", "127.0.0.1:3000"), JSON),
    ],
)
@pytest.mark.parametrize("path", ["/graphql", "/prefix/graphql", "/GraphQL"])
def test_pages_of_other_servers_may_not(headers: tuple[tuple[str, str], ...], path: str) -> None:
    assert status("http", path, *headers, BODY, method="POST") == 403


@pytest.mark.parametrize("path", ["/report_asset_materialization/a", "/report_asset_check/a", "/report_asset_observation/a"])
def test_reports_of_other_pages_are_refused_too(path: str) -> None:
    assert status("http", path, HERE, JSON, BODY, method="POST") == 200
    assert status("http", path, HERE, TEXT, BODY, method="POST") == 403
    assert status("http", path, HERE, EVIL, method="POST") == 403
    assert status("http", path, HERE, CROSS, method="POST") == 403


def test_a_question_in_an_address_is_refused_whoever_follows_it() -> None:
    for more in ((), LINK, (SAME,)):
        assert status("http", "/graphql", HERE, *more, query="query=mutation{terminateRun}") == 403
    assert status("http", "/graphql", HERE, SAME) == 200


def test_reading_from_another_page_is_refused_and_a_link_to_a_page_may_be_followed() -> None:
    for path in ("/", "/runs/1", "/server_info"):
        assert status("http", path, HERE, *LINK) == 200
        assert status("http", path, HERE, *FRAME) == 403
        assert status("http", path, HERE, EVIL, CROSS) == 403
        assert status("http", path, ("host", "rebound.example"), *LINK) == 403
    for path in ("/logs/1", "/download_debug/1", "/notebook"):
        assert status("http", path, HERE, *LINK) == 403
        assert status("http", path, HERE, SAME) == 200


def test_websockets_of_other_origins_are_closed_before_they_open() -> None:
    assert status("websocket", "/graphql", HERE, OWN) == 101
    assert status("websocket", "/graphql", HERE) == 101
    for headers in ((HERE, EVIL), (HERE, OTHER_PORT), (HERE, ("origin", "null")), (("host", "rebound.example"), OWN)):
        assert status("websocket", "/graphql", *headers) == 403


def test_a_name_that_was_declared_is_answered_and_only_its_own_pages() -> None:
    there, own = ("host", "dagster.example.com"), ("origin", "https://dagster.example.com")
    hosts = ["dagster.example.com"]
    assert status("http", "/graphql", there, own, JSON, BODY, method="POST", hosts=hosts) == 200
    assert status("http", "/graphql", there, EVIL, JSON, BODY, method="POST", hosts=hosts) == 403
    assert status("http", "/graphql", there, own, JSON, BODY, method="POST") == 403


def test_the_names_of_dagster_that_are_replaced_are_where_they_were() -> None:
    """Where they have gone ``steel dev`` would start a webserver without its door, or none."""
    assert hasattr(importlib.import_module("dagster_webserver.cli"), "create_app_from_workspace_process_context")
    assert hasattr(importlib.import_module("dagster._cli.dev"), "open_ipc_subprocess")


def test_a_dagster_that_starts_its_webserver_in_another_way_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    dev = importlib.import_module("dagster._cli.dev")
    started: list[Any] = []
    monkeypatch.setattr(dev, "open_ipc_subprocess", lambda parts, **options: started.append(parts))
    monkeypatch.setattr(dev, "dev_command", lambda: dev.open_ipc_subprocess(["python", "-m", "dagster_something_else"]))
    with pytest.raises(ui.NotGuarded):
        ui.dev()
    assert started == []
    monkeypatch.setattr(dev, "open_ipc_subprocess", lambda parts, **options: started.append(parts))
    monkeypatch.setattr(dev, "dev_command", lambda: dev.open_ipc_subprocess(["python", "-m", "dagster_webserver"]))
    ui.dev()
    assert started == [["python", "-m", "steel_assets.assets.ui"]]
