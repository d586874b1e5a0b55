"""The platform's tables as readings: when they were known, what cannot be said, what is unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.figures import (
    cost_readings,
    drift_readings,
    error_readings,
    increase_readings,
    newest,
    service_readings,
)
from steel_assets.core.drift import RARE
from steel_assets.core.service_use import LATENCY_BUCKETS_MS, Minute
from steel_assets.core.tables import DRIFT, METRICS_DAILY, PREDICTIONS_VS_REALITY

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def metrics(days: int, **news: object) -> pd.DataFrame:
    dates = pd.date_range("2026-11-01", periods=days)
    frame = {
        "date": dates,
        "model_version": "v",
        "mape": 0.01,
        "r2_score": 0.9,
        "rmse": 5.0,
        "prediction_count": 1,
        "avg_latency_ms": 10.0,
        "cost_usd": 0.1,
        "created_at": dates.tz_localize("UTC") + pd.Timedelta(hours=8),
        "market": "rebar",
        "horizon": 1,
        "naive_mape": 0.011,
        "coverage_90": 0.9,
        "origins": 100,
        "drift_score": 0.5,
        "simulated": True,
    }
    return METRICS_DAILY.enforce(pd.DataFrame(frame | news))


def realised(errors: np.ndarray, known: pd.DatetimeIndex | None = None) -> pd.DataFrame:
    dates = pd.bdate_range("2025-01-01", periods=len(errors))
    frame = {
        "prediction_date": dates,
        "predicted_price": 500.0,
        "actual_price": 500.0,
        "error_absolute": 5.0 * errors,
        "error_percentage": errors,
        "model_version": "v",
        "created_at": dates.tz_localize("UTC") if known is None else known,
        "market": "rebar",
        "horizon": 1,
        "issued_date": dates - pd.Timedelta(days=1),
        "last_price": 500.0,
        "q05": 490.0,
        "q95": 510.0,
        "simulated": False,
    }
    return PREDICTIONS_VS_REALITY.enforce(pd.DataFrame(frame))


def test_too_few_forecasts_come_true_say_nothing_and_a_figure_that_is_missing_is_unknown() -> None:
    assert error_readings(metrics(3, origins=19), 1) == []
    assert [reading.known for reading in error_readings(metrics(3, mape=np.nan), 1)] == [False] * 3
    assert error_readings(metrics(3), 5) == []


def test_an_increase_is_measured_against_the_forecasts_before() -> None:
    readings = increase_readings(realised(np.r_[np.full(100, 1.0), np.full(20, 3.5)]), 1)
    assert readings[-1].value == pytest.approx(0.025)
    assert readings[-1].text == "MAPE of the last 20 forecasts 3.50%, of those before 1.00%."
    assert readings[0].value == pytest.approx(0.0)
    assert len(readings) == 120 - 39


def test_many_days_learned_of_at_once_are_one_reading() -> None:
    errors = np.full(100, 1.0)
    same = pd.DatetimeIndex(["2026-01-01"] * 100, tz="UTC")
    assert len(increase_readings(realised(errors, same), 1)) == 1


def test_costs_add_up_by_day_and_month_and_a_missing_day_is_unknown() -> None:
    frame = pd.concat([metrics(3), metrics(3, horizon=5, cost_usd=[0.2, np.nan, 0.2])])
    frame.loc[(frame["date"] == "2026-11-02"), "cost_usd"] = np.nan
    found = {(reading.metric, reading.moment.day): reading.value for reading in cost_readings(frame, 5.0)}
    assert found[("cost_daily", 1)] == pytest.approx(0.3)
    assert found[("cost_daily", 2)] is None
    assert ("budget_share", 2) not in found, "one cause is told once"
    assert found[("budget_share", 3)] == pytest.approx(0.12)
    assert cost_readings(METRICS_DAILY.empty(), 5.0) == []


def test_a_new_month_begins_with_a_full_budget() -> None:
    shares = [reading.value for reading in cost_readings(metrics(31), 5.0) if reading.metric == "budget_share"]
    assert shares[29] == pytest.approx(0.6)
    assert shares[30] == pytest.approx(0.02)


def minute(at: str, requests: int, errors: int, latency_ms: float) -> Minute:
    counts = (requests, *([0] * len(LATENCY_BUCKETS_MS)))
    return Minute(at, "p", requests, requests, errors, requests * latency_ms, latency_ms, counts, 60.0, 1.0, 1)


def test_the_service_is_read_in_slots_of_ten_minutes_in_which_it_was_asked_anything() -> None:
    minutes = [
        minute("2026-11-20T08:01Z", 90, 9, 100),
        minute("2026-11-20T08:09Z", 10, 1, 1100),
        minute("2026-11-20T08:11Z", 0, 0, 0),
    ]
    found = [(reading.metric, reading.value, f"{reading.moment:%H:%M}") for reading in service_readings(minutes, NOW)]
    assert found == [
        ("downtime_share", 0.0, "08:10"),
        ("latency_seconds", pytest.approx(0.2), "08:10"),
        ("error_rate", pytest.approx(0.1), "08:10"),
        ("downtime_share", 0.0, "08:20"),
    ]


def test_a_service_that_stopped_measuring_is_unknown_and_one_that_never_did_is_not_there() -> None:
    last = service_readings([minute("2026-11-20T08:01Z", 90, 9, 100)], NOW + timedelta(hours=1))[-1]
    assert (last.metric, last.known, last.moment) == ("downtime_share", False, NOW + timedelta(hours=1))
    assert "2026-11-20 08:00 UTC" in last.text
    assert service_readings([], NOW) == []


def test_drift_is_known_once_a_trading_day_and_a_past_that_is_too_short_says_nothing() -> None:
    days = pd.date_range("2026-11-16", periods=3)
    frame = {"date": days, "market": "rebar", "subject": "all", "wasserstein": [0.3, 0.4, np.nan], "psi": [0.2, 0.3, np.nan]}
    frame |= {"score": [np.nan, 0.995, np.nan], "drifted": [False, True, False], "simulated": False}
    rows = DRIFT.enforce(pd.DataFrame(frame | {"created_at": NOW}))
    rows = pd.concat([rows, rows.assign(subject="returns", score=1.0)])
    found = [(reading.value, f"{reading.moment:%d}") for reading in drift_readings(rows)]
    assert found == [(0.995, "18"), (None, "19")], "the first day had too little to be compared with"
    again = drift_readings(rows.assign(created_at=NOW + timedelta(days=1)))
    assert again == drift_readings(rows), "measuring the same day again is no second opinion"


def test_the_limit_of_the_catalogue_is_that_of_the_measurement() -> None:
    assert load_catalog().alerts["drift"].above == RARE


def test_only_the_newest_three_of_each_are_looked_at() -> None:
    readings = [*error_readings(metrics(9), 1), *cost_readings(metrics(9), 5.0)]
    assert len(newest(readings)) == 9
    assert min(reading.moment.day for reading in newest(readings)) == 7
