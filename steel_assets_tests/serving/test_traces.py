"""A request is a span at a real collector, with route, status and market, and without the key that it came with."""

from __future__ import annotations

from pathlib import Path

import pytest

from steel_assets_tests.collector import collecting
from steel_assets_tests.serving.running import Running

pytestmark = pytest.mark.slow


def test_a_request_is_a_span_without_the_key_it_came_with(published: Path, keys: dict[str, str]) -> None:
    with collecting() as collector, Running(published, key=keys["read"], STEEL_OTLP_ENDPOINT=collector.url) as service:
        service.until_read()
        path = "/v1/markets/rebar_fob_turkey/forecasts"
        assert service.client.get(path, params={"horizons": "1"}).status_code == 200
        assert service.client.get(f"{path}/nonsense-{keys['operate']}").status_code == 404
        route = "GET /v1/markets/{market}/forecasts"
        collector.until(lambda one: {route, "GET (none)"} <= {span.name for span in one.spans})
        found = collector.named(route)
        assert found.attributes == {
            "http.request.method": "GET",
            "http.route": "/v1/markets/{market}/forecasts",
            "http.response.status_code": 200,
            "steel.market": "rebar_fob_turkey",
        }
        assert (found.service, found.failed) == ("steel-service", False)
        for key in (keys["read"], keys["operate"]):
            assert key.encode() not in collector.received
