"""The platform measures itself in a real run: its service's records from the lake, this machine, the run's own time."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.core.service_use import LATENCY_BUCKETS_MS, Minute, measurement_key, to_line
from steel_assets.core.tables import METRICS_DAILY, SYSTEM_METRICS
from steel_assets_tests.assets.measured_world import AS_OF, lived, made_of


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    return lived(tmp_path)


def answered(parts: Platform, at: str, latency_ms: float) -> None:
    counts = (0,) * len(LATENCY_BUCKETS_MS) + (10,)
    minute = Minute(at, "p", 10, 10, 1, 10 * latency_ms, latency_ms, counts, 45.0, 1.0, 2**27)
    parts.store.put(measurement_key(at, "p"), (to_line(minute) + "\n").encode())


def measured(parts: Platform, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return made_of(parts, "metrics_daily", "system_metrics", instance=instance, moment=AS_OF)


def test_latency_of_the_service_is_that_of_the_last_day_only(parts: Platform) -> None:
    answered(parts, "2026-11-19T17:00Z", 9000.0)
    answered(parts, "2026-11-19T19:00Z", 100.0)
    answered(parts, "2026-11-20T17:00Z", 300.0)
    answered(parts, "2026-11-20T19:00Z", 9000.0)
    assert made_of(parts, "forecasts").success
    with dg.DagsterInstance.ephemeral() as instance:
        assert measured(parts, instance).success
    row = parts.warehouse.read(SYSTEM_METRICS).iloc[0]
    assert (row["requests"], row["latency_ms"], row["availability_share"]) == (20, 200.0, 0.75)
    assert row["error_share"] == pytest.approx(0.1)
    assert set(parts.warehouse.read(METRICS_DAILY)["avg_latency_ms"]) == {200.0}


def test_the_machine_the_store_and_the_runs_are_measured_and_what_is_unknown_is_named(parts: Platform) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        measured(parts, instance)
        done = measured(parts, instance)
    row = parts.warehouse.read(SYSTEM_METRICS).iloc[0]
    assert len(parts.warehouse.read(SYSTEM_METRICS)) == 1
    assert 0 < row["memory_share"] < 1
    assert 0 <= row["cpu_share"] <= 1
    assert row["stored_bytes"] > 10_000
    assert 0 < row["worked_share"] <= 1, "of the first run; the second one has not ended"
    assert pd.isna(row["latency_ms"])
    told = done.asset_materializations_for_node("system_metrics")[0].metadata["unknown"].value
    assert "latency_ms" in str(told)
    assert "memory_share" not in str(told)
