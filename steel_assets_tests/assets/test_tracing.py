"""Traces: a run, its steps and what they asked and stored, at a real collector; without one nothing is imported."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from steel_assets.adapters.http.client import HttpxHttp
from steel_assets.adapters.machine import traces
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.assets import tracing
from steel_assets.core.responses import HttpError
from steel_assets.core.tables import SYSTEM_METRICS
from steel_assets.settings import Settings
from steel_assets_tests.collector import Collector, collecting
from steel_assets_tests.isolation import outside
from steel_assets_tests.loopback import Reply, serving

SECRET = "of-nobody-else"  # noqa: S105
MARKET = "rebar_fob_turkey"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as one:
        yield one
        traces.end()


def ran(instance: dg.DagsterInstance, folder: Path, provider: str, *, fails: bool = False) -> dg.ExecuteInProcessResult:
    """A run of one step, which asks a provider with a key, and stores what it said."""

    @dg.asset(key=[MARKET, "forecasts"])
    def forecasts() -> None:
        HttpxHttp().get(f"{provider}/prices", {"symbol": "HRC"}, {"authorization": SECRET}, {"api_key": SecretStr(SECRET)})
        LocalFolder(folder).put("published/one.json", SECRET.encode())
        DuckDBWarehouse(folder / "warehouse.duckdb").read(SYSTEM_METRICS)
        if fails:
            raise ValueError(SECRET)

    job = dg.Definitions([forecasts], jobs=[dg.define_asset_job("daily_data_update")]).resolve_job_def("daily_data_update")
    return job.execute_in_process(instance=instance, raise_on_error=False)


def test_a_run_is_one_trace_of_its_steps_and_of_what_they_asked_and_stored(tmp_path: Path, collector: Collector) -> None:
    assert tracing.begin(Settings(home=tmp_path, otlp_endpoint=collector.url))
    with dg.DagsterInstance.ephemeral() as instance, serving(lambda _: Reply(b"{}")) as provider:
        good = ran(instance, tmp_path, provider.url)
        bad = ran(instance, tmp_path, provider.url, fails=True)
        cursor, sent = tracing.send(instance, None, datetime.now(UTC))
        assert sent == 2
        again, _ = tracing.send(instance, cursor, datetime.now(UTC))
        assert float(again) >= float(cursor)
        traces.record("outside of a run", time.time() - 1, time.time(), {})
    traces.end()
    assert set(collector.paths) == {"/v1/traces"}
    of_run = [span for span in collector.spans if span.trace == uuid.UUID(good.run_id).hex]
    found = {span.name: span for span in of_run}
    host = provider.url.removeprefix("http://")
    assert set(found) == {
        "run daily_data_update",
        f"step {MARKET}__forecasts",
        f"GET {host}",
        "storage put",
        "warehouse read",
    }
    run, step = found["run daily_data_update"], found[f"step {MARKET}__forecasts"]
    assert (run.parent, step.parent) == ("", run.span)
    for name in (f"GET {host}", "storage put", "warehouse read"):
        assert found[name].parent == step.span
        assert (found[name].attributes["steel.run"], found[name].attributes["steel.market"]) == (good.run_id, MARKET)
    assert found["storage put"].attributes["steel.key"] == "published/one.json"
    assert found["warehouse read"].attributes["steel.table"] == SYSTEM_METRICS.name
    assert found[f"GET {host}"].attributes["http.response.status_code"] == 200
    assert run.attributes == {"steel.run": good.run_id, "steel.job": "daily_data_update"}
    assert run.seconds >= step.seconds > 0
    failed = {span.name for span in collector.spans if span.failed}
    assert failed == {"run daily_data_update", f"step {MARKET}__forecasts"}
    assert {span.trace for span in collector.spans if span.failed} == {uuid.UUID(bad.run_id).hex}
    assert len([span for span in collector.spans if span.name == "outside of a run" and not span.parent]) == 1
    assert {span.service for span in collector.spans} == {"steel-platform"}
    assert SECRET.encode() not in collector.received


def test_a_provider_that_refuses_is_a_span_that_failed(tmp_path: Path, collector: Collector) -> None:
    assert traces.begin(collector.url, "steel-platform")
    with serving(lambda _: Reply(status=503)) as provider, pytest.raises(HttpError):
        HttpxHttp(attempts=2, first_pause_seconds=0.001).get(f"{provider.url}/prices", {})
    traces.end()
    assert [(span.failed, span.attributes["error.type"]) for span in collector.spans] == [(True, "status")] * 2
    assert traces.begin(None, "steel-platform") is False


@pytest.mark.parametrize("answer", [400, 500, None])
def test_a_collector_that_does_not_take_them_costs_one_warning(
    collector: Collector, caplog: pytest.LogCaptureFixture, answer: int | None
) -> None:
    collector.status = answer or 200
    assert traces.begin(collector.url if answer else "http://127.0.0.1:1", "steel-platform")
    with caplog.at_level(logging.INFO):
        began = time.monotonic()
        for _ in range(3):
            with traces.span("work", {}):
                pass
        assert time.monotonic() - began < traces.SECONDS, "nobody waits for it"
        traces.end()
    assert [record.levelname for record in caplog.records if record.name.startswith(("steel", "opentelemetry"))] == ["WARNING"]


def test_without_a_collector_nothing_of_opentelemetry_is_imported() -> None:
    code = (
        "import sys; from steel_assets.adapters.machine import traces; "
        "from steel_assets.adapters.objects.object_store import LocalFolder; from pathlib import Path; import tempfile; "
        "folder = LocalFolder(Path(tempfile.mkdtemp())); folder.put('a', b'b'); assert folder.get('a') == b'b'; "
        "assert not traces.begin(None, 'x'); traces.record('x', 0.0, 1.0, {}); "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=outside(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_endpoint_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="otlp_endpoint"):
        Settings(otlp_endpoint="collector:4317")
    assert Settings().otlp_endpoint is None
