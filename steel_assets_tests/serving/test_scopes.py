"""Every route says who may call it, and one that does not keeps the service from starting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Security
from starlette.applications import Starlette

from steel_assets.serving import operations
from steel_assets.serving.app import create_app
from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets.serving.run import build
from steel_assets.serving.scopes import PUBLIC, PublicFiles, UndeclaredRoute, admitted, declared
from steel_assets.settings import Settings
from steel_assets_tests.serving.running import PREDICT, answering

READ = Security(admitted, scopes=["read"])
OPERATE = Security(admitted, scopes=["operate"])


async def done() -> dict[str, str]:
    """What the routes of these tests do."""
    return {"said": "done"}


def adding(router: APIRouter) -> Callable[[Any], APIRouter]:
    """``operations.routes`` of a release that has one router more."""
    original = operations.routes

    def routes(service: Any) -> APIRouter:
        every = original(service)
        every.include_router(router)
        return every

    return routes


def test_the_service_does_not_start_with_a_route_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten = APIRouter()
    forgotten.add_api_route("/forget-everything", done, methods=["POST"])
    monkeypatch.setattr(operations, "routes", adding(forgotten))
    with pytest.raises(UndeclaredRoute, match=r"^POST /forget-everything does not say who may call it: give .*Security.*PUBLIC"):
        create_app(build(Settings(home=tmp_path, sources="files"), "127.0.0.1"))


@pytest.mark.parametrize(
    "said",
    [[], [Security(admitted, scopes=[])], [Security(admitted, scopes=["admin"])], [PUBLIC, READ]],
    ids=["nothing", "no scope", "a scope that no key has", "public and a scope"],
)
def test_a_route_says_one_thing_that_can_be_meant(said: list[Any]) -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/thing", done, dependencies=said)
    with pytest.raises(UndeclaredRoute, match="GET /thing does not say"):
        declared(app.routes)


def test_an_application_that_is_mounted_is_refused_and_a_folder_of_public_files_is_not(tmp_path: Path) -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/files", PublicFiles(directory=tmp_path))
    found = declared(app.routes)
    assert found.is_public("/files/a.css")
    assert not found.is_public("/files.css")
    app.mount("/other", Starlette())
    with pytest.raises(UndeclaredRoute, match="any method /other does not say"):
        declared(app.routes)


def test_a_path_is_public_only_where_each_of_its_routes_is() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/both", done, methods=["GET"], dependencies=[PUBLIC])
    app.add_api_route("/both", done, methods=["POST"], dependencies=[OPERATE])
    app.add_api_route("/open", done, dependencies=[PUBLIC])
    found = declared(app.routes)
    assert (found.is_public("/open"), found.is_public("/both"), found.is_public("/nowhere")) == (True, False, False)


def test_an_operation_that_is_in_no_list_needs_what_it_declares_and_read_is_not_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = APIRouter()
    added.add_api_route("/new-operation", done, methods=["POST"], dependencies=[OPERATE])
    monkeypatch.setattr(operations, "routes", adding(added))
    store = KeyStore(tmp_path / KEY_FILE)
    keys = {scope: store.create(scope, [scope], datetime.now(UTC))[1] for scope in ("read", "operate")}
    with answering(tmp_path) as (_, port), httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        answers = [client.post("/new-operation", headers={"x-api-key": key}) for key in ("nonsense", *keys.values())]
        assert [answer.status_code for answer in answers] == [401, 403, 200]
        assert (
            answers[1].json()["message"]
            == "this key does not have the scope operate; create one with steel keys create --scope operate"
        )


def test_an_answer_that_is_ready_is_given_to_a_key_with_its_scope_only(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / KEY_FILE)
    keys = {scope: store.create(scope, [scope], datetime.now(UTC))[1] for scope in ("read", "operate")}
    with answering(tmp_path) as (service, port), httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        service._ready, service._ready_at = (b"{}", [(b"content-length", b"2")]), (service.snapshot.number, 7)
        service.now = lambda: 7.0
        answers = [client.get(PREDICT, headers={"x-api-key": key}) for key in ("nonsense", *keys.values())]
    assert [answer.status_code for answer in answers] == [401, 200, 403]


def test_the_documentation_names_the_scopes_of_each_operation(tmp_path: Path) -> None:
    with answering(tmp_path) as (_, port):
        paths = httpx.get(f"http://127.0.0.1:{port}/openapi.json", trust_env=False).json()["paths"]
        page = httpx.get(f"http://127.0.0.1:{port}/docs", trust_env=False).text
    needed = {
        f"{method.upper()} {path}": operation.get("security", [])
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    public = {"GET /", "GET /health", "GET /ready", "GET /metrics"}
    assert {name for name, security in needed.items() if not security} == public
    assert needed[f"GET {PREDICT}"] == [{"APIKeyHeader": ["read"]}]
    assert needed["GET /automation/status"] == [{"APIKeyHeader": ["read", "operate"]}]
    assert {name for name, security in needed.items() if security == [{"APIKeyHeader": ["operate"]}]} == {
        "POST /update-data",
        "POST /retrain-model",
        "POST /monitor-performance",
    }
    assert "key: read or operate" in page
