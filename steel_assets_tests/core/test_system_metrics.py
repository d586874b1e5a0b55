"""The platform's figures about itself: its own records added up, costs that are not guessed, empty where nobody measured."""

import pandas as pd
import pytest

from steel_assets.core.service_use import LATENCY_BUCKETS_MS, Minute
from steel_assets.core.system_metrics import system_metrics, unknown
from steel_assets.core.tables import METRICS_DAILY
from steel_assets_tests.core.alerts.test_figures import metrics

NOW, TODAY = pd.Timestamp("2026-11-10 14:00", tz="UTC"), pd.Timestamp("2026-11-10")
MACHINE = {"cpu_share": 0.4, "memory_share": 0.5, "disk_share": None}


def measured(service: list[Minute], costs: pd.DataFrame) -> pd.DataFrame:
    return system_metrics(
        NOW,
        TODAY,
        service,
        MACHINE,
        costs,
        stored_bytes=2**20,
        forecast_ms=12.0,
        worked_share=0.7,
        simulated=False,
    )


def minute(requests: int, up: float, latency_ms: float) -> Minute:
    counts = [0] * (len(LATENCY_BUCKETS_MS) + 1)
    counts[-1 if latency_ms > LATENCY_BUCKETS_MS[-1] else 4] = requests
    at = "2026-11-10T08:00Z"
    return Minute(at, "p", requests, requests, 3, requests * latency_ms, latency_ms, tuple(counts), up, 6.0, 2**27)


def test_the_services_minutes_and_the_days_costs_stand_in_one_row() -> None:
    row = measured([minute(90, 60, 15.0), minute(10, 30, 15.0)], metrics(10)).iloc[0]
    assert (row["requests"], row["latency_ms"], row["latency_p99_ms"]) == (100, 15.0, 20.0)
    assert row["availability_share"] == pytest.approx(0.75)
    assert row["error_share"] == pytest.approx(0.06)
    assert row["requests_per_second"] == pytest.approx(100 / 120)
    assert row["service_cpu_share"] == pytest.approx(0.1)
    assert (row["cost_day_usd"], row["cost_month_usd"]) == (pytest.approx(0.1), pytest.approx(1.0))
    assert row["cost_projection_usd"] == pytest.approx(0.1 * 365.25 / 12)
    assert row["cost_per_prediction_usd"] == pytest.approx(0.1)
    assert unknown(measured([minute(1, 60, 1.0)], metrics(10))) == ["disk_share"]


def test_a_quantile_beyond_the_last_bucket_is_the_slowest_request_and_not_infinite() -> None:
    assert measured([minute(90, 60, 30_000.0)], metrics(10)).iloc[0]["latency_p99_ms"] == 30_000.0


def test_what_nobody_measured_is_empty_and_named() -> None:
    rows = measured([], METRICS_DAILY.empty())
    assert {"latency_ms", "availability_share", "error_share", "cost_day_usd", "cost_projection_usd"} <= set(unknown(rows))
    assert rows.iloc[0]["requests"] == 0


def test_a_day_that_has_only_begun_does_not_make_the_month_look_cheap() -> None:
    costs = metrics(10, cost_usd=[0.1] * 9 + [0.001])
    assert measured([], costs).iloc[0]["cost_projection_usd"] == pytest.approx(0.1 * 365.25 / 12)
    first = metrics(1, date=TODAY, cost_usd=0.02)
    assert measured([], first).iloc[0]["cost_projection_usd"] == pytest.approx(0.02 * 365.25 / 12)


def test_a_day_without_forecasts_has_no_cost_per_forecast() -> None:
    assert pd.isna(measured([], metrics(10, prediction_count=0)).iloc[0]["cost_per_prediction_usd"])
