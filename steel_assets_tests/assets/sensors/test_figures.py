"""The metric tables through the sensor and through the replay, with the same functions."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd

from steel_assets.assets.recorded import recorded
from steel_assets.assets.sensors import bad_figures
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.replay import replay
from steel_assets.core.service_use import LATENCY_BUCKETS_MS, Minute, measurement_key, to_line
from steel_assets.core.tables import METRICS_DAILY
from steel_assets_tests.assets.sensors.world import materialise
from steel_assets_tests.core.alerts.test_figures import metrics

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def stored(parts: Platform, days: int, **news: object) -> None:
    parts.warehouse.upsert(METRICS_DAILY, metrics(days, **news))


def told(parts: Platform) -> set[str]:
    return {f"{waiting.event.kind} {waiting.event.rule}" for waiting in parts.outbox.alert_state().queue}


def test_an_expensive_day_and_a_bad_model_are_told_once(parts: Platform) -> None:
    stored(parts, 10, cost_usd=[0.05] * 9 + [0.31], mape=[0.01] * 8 + [0.06, 0.07])
    for _ in range(3):
        bad_figures.evaluate(parts.catalog, parts.lake, parts.warehouse, parts.outbox, NOW)
    assert told(parts) == {"opened cost_daily", "opened model_degradation"}
    costs, model = sorted((waiting.event for waiting in parts.outbox.alert_state().queue), key=lambda event: event.rule)
    assert {item.rule for item in costs.items} == {"cost_daily", "cost_pace", "cost_spike"}
    assert [item.rule for item in model.items] == ["model_degradation"]


def test_a_figure_that_stays_unknown_is_told_after_a_day(parts: Platform) -> None:
    stored(parts, 1, cost_usd=float("nan"))
    measured = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
    for hours, expected in ((1, set()), (25, set()), (27, {"opened metric_unknown"})):
        bad_figures.evaluate(parts.catalog, parts.lake, parts.warehouse, parts.outbox, measured + timedelta(hours=hours))
        assert told(parts) == expected
    assert parts.outbox.alert_state().queue[0].event.subject == "cost_daily of the platform"
    assert len(parts.outbox.alert_state().queue) == 1


def test_the_services_own_measurements_are_watched(parts: Platform) -> None:
    counts = (0,) * len(LATENCY_BUCKETS_MS) + (50,)
    for slot in (0, 10, 20):
        at = f"2026-11-20T11:{slot:02d}Z"
        minute = Minute(at, "p1", 50, 50, 10, 50 * 3100.0, 4000.0, counts, 60.0, 1.0, 1)
        key = measurement_key(at, f"p{slot}")
        parts.store.put(key, (to_line(minute) + "\n").encode())
    bad_figures.evaluate(parts.catalog, parts.lake, parts.warehouse, parts.outbox, NOW)
    [waiting] = parts.outbox.alert_state().queue
    assert {item.rule: item.severity for item in waiting.event.items} == {"latency_spike": "high", "error_rate": "high"}


def test_the_replay_lives_through_figures_checks_and_runs(instance: dg.DagsterInstance, parts: Platform) -> None:
    stored(parts, 10, cost_usd=[0.05] * 4 + [0.31] + [0.05] * 5)
    for what in ("bad", "", "raise", ""):
        materialise(instance, what)
    readings, conditions = recorded(instance, parts.catalog, parts.lake, parts.warehouse, datetime.now(UTC))
    found = replay(readings, conditions, parts.catalog.rulebook, frozenset({"log"}))
    assert dict(found.openings) == {"cost_pace": 1, "cost_daily": 1, "cost_spike": 1, "failed_check": 1, "failed_run": 1}
    assert found.false["cost_daily"] == 1, "one expensive day among cheap ones"
    assert pd.Timestamp(found.start) == pd.Timestamp("2026-11-01 08:00", tz="UTC")
