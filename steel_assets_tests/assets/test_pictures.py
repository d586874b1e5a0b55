"""A picture is an object of the lake: its event has the address, and the Dagster UI answers that to its own pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import httpx
import pytest

from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore, ObjectStoreError
from steel_assets.assets.ui_guard import Guard
from steel_assets.assets.ui_pictures import Pictures
from steel_assets.bootstrap import Platform
from steel_assets_tests.assets.measured_world import MARKET, lived, made_of

KEY = f"pictures/2026-11-20/{MARKET}-forecast.svg"


async def dagster(scope: object, receive: object, send: object) -> None:
    """Dagster's webserver, which is asked for nothing here."""
    raise AssertionError("passed on")


def asked(store: ObjectStore, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """What the UI over a lake answers."""

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(Pictures(dagster, lambda: store)))  # type: ignore[arg-type]  # starlette's protocol
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(answer())


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    return lived(tmp_path)


def test_a_forecast_is_drawn_into_the_lake_and_its_event_has_an_address_that_the_ui_answers(parts: Platform) -> None:
    done = made_of(parts, "forecasts").get_asset_materialization_events()
    [about] = [event.materialization.metadata for event in done if event.asset_key == dg.AssetKey([MARKET, "forecasts"])]
    [key] = parts.store.list("pictures/")
    assert about["forecast"] == dg.MetadataValue.md(f"![SIMULATED · {parts.catalog.markets[MARKET].name}](/lake/{key})")
    assert about["forecast_picture"] == dg.MetadataValue.path(parts.store.uri(key))
    answer = asked(parts.store, f"/lake/{key}", {"sec-fetch-site": "same-origin"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.content.startswith(b"<svg ")
    assert ">SIMULATED · " in answer.text, "a picture can be looked at without the page around it"


def test_only_pictures_are_shown_and_only_to_the_pages_of_the_ui(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path / "lake")
    store.put(KEY, b"<svg/>")
    store.put("lake.json", b"{}")
    store.put("watches/ana.json", b"{}")
    for path in (
        "/lake/lake.json",
        "/lake/watches/ana.json",
        "/lake/pictures/../lake.json",
        "/lake/pictures/2026-11-20/..%2F..%2Flake.json",
        f"/lake/{KEY}/",
        f"/lake/{KEY.replace(MARKET, 'another')}",
    ):
        assert asked(store, path).status_code == 404, path
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}, {"host": "rebound.example"}):
        assert asked(store, f"/lake/{KEY}", headers).status_code == 403, headers


def test_a_picture_that_somebody_wrote_runs_nothing_and_a_lake_that_is_away_is_said(tmp_path: Path) -> None:
    class Away(LocalFolder):
        def get(self, key: str) -> bytes:
            raise ObjectStoreError("the bucket is away")

    store = LocalFolder(tmp_path)
    store.put(KEY, b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    policies = asked(store, f"/lake/{KEY}").headers.get_list("content-security-policy")
    assert "default-src 'none'; sandbox" in policies
    answer = asked(Away(tmp_path), f"/lake/{KEY}")
    assert (answer.status_code, answer.text) == (502, "the bucket is away")
