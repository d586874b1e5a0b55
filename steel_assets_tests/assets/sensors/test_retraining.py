"""Drift launches retraining once per episode, with a cool-down, and says why."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest

from steel_assets.assets.sensors import bad_figures, drift_retraining
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Reading, judge
from steel_assets.core.tables import DRIFT

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def drifts(parts: Platform, day: int, value: float = 0.995, market: str = "rebar") -> None:
    reading = Reading(metric="drift_score", subject=market, moment=NOW + day * DAY, value=value)
    parts.outbox.report(judge([reading], parts.catalog.rulebook), NOW + day * DAY)


def decided(instance: dg.DagsterInstance, parts: Platform, day: float) -> dg.RunRequest | None:
    found = drift_retraining.decide(instance, parts.catalog, parts.outbox, NOW + day * DAY)
    return found if isinstance(found, dg.RunRequest) else None


@pytest.fixture
def now_is_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are recorded with the real time, so the cool-down is measured from there."""
    monkeypatch.setattr("steel_assets_tests.assets.sensors.test_retraining.NOW", datetime.now(UTC))


def launched(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    instance.add_run(
        dg.DagsterRun(job_name="weekly_retraining", run_id=str(request.run_key)[-12:], status=status, tags=dict(request.tags))
    )


def test_one_bad_figure_launches_nothing(instance: dg.DagsterInstance, parts: Platform) -> None:
    drifts(parts, 0)
    assert decided(instance, parts, 0) is None


@pytest.mark.usefixtures("now_is_then")
def test_an_episode_launches_one_run_that_says_why(instance: dg.DagsterInstance, parts: Platform) -> None:
    drifts(parts, -1)
    drifts(parts, 0)
    request = decided(instance, parts, 0)
    assert request is not None
    assert request.tags["steel/cause"] == "drift: rebar"
    assert decided(instance, parts, 0) == request, "until the run exists the same request has the same key"
    launched(instance, request, dg.DagsterRunStatus.STARTED)
    assert decided(instance, parts, 0) is None
    assert decided(instance, parts, 30) is None, "the same episode never retrains twice"


@pytest.mark.usefixtures("now_is_then")
def test_the_table_of_drift_launches_it_when_two_of_three_trading_days_drifted(
    instance: dg.DagsterInstance, parts: Platform
) -> None:
    for day, score in enumerate((0.5, 0.995, 0.995)):
        row = {"date": pd.Timestamp(NOW.date()) + pd.Timedelta(days=day), "market": "hrc", "subject": "all", "score": score}
        row |= {"wasserstein": 0.5, "psi": 0.5, "drifted": score > 0.99, "simulated": False}
        for again in range(3):
            moment = NOW + (day + 1) * DAY + again * timedelta(hours=6)
            parts.warehouse.upsert(DRIFT, DRIFT.enforce(pd.DataFrame([row | {"created_at": moment}])))
            bad_figures.evaluate(parts.catalog, parts.lake, parts.warehouse, parts.outbox, moment)
            request = decided(instance, parts, 0)
            assert (request is not None) == (day == 2), "a day that is measured again is no second day"
    assert request is not None
    assert request.tags["steel/cause"] == "drift: hrc"


@pytest.mark.usefixtures("now_is_then")
def test_another_episode_waits_for_the_cooldown_and_for_a_run_under_way(instance: dg.DagsterInstance, parts: Platform) -> None:
    drifts(parts, -1)
    drifts(parts, 0)
    first = decided(instance, parts, 0)
    assert first is not None
    launched(instance, first, dg.DagsterRunStatus.SUCCESS)
    drifts(parts, 0, market="hrc")
    drifts(parts, 1, market="hrc")
    assert decided(instance, parts, 2.9) is None
    second = decided(instance, parts, 3.1)
    assert second is not None
    assert second.tags["steel/cause"] == "drift: hrc"


@pytest.mark.usefixtures("now_is_then")
def test_one_retraining_answers_every_incident_that_was_open_when_it_was_launched(
    instance: dg.DagsterInstance, parts: Platform
) -> None:
    """It trains every market: three days later there is nothing new to train for."""
    for market in ("rebar", "hrc"):
        drifts(parts, -1, market=market)
        drifts(parts, 0, market=market)
    request = decided(instance, parts, 0)
    assert request is not None
    assert request.tags["steel/cause"] == "drift: rebar; drift: hrc"
    launched(instance, request, dg.DagsterRunStatus.SUCCESS)
    assert len(parts.outbox.alert_state().open_incidents) == 2
    assert decided(instance, parts, 4) is None


@pytest.mark.usefixtures("now_is_then")
def test_a_retraining_under_way_is_enough(instance: dg.DagsterInstance, parts: Platform) -> None:
    drifts(parts, -1)
    drifts(parts, 0)
    instance.add_run(dg.DagsterRun(job_name="weekly_retraining", run_id="by-schedule", status=dg.DagsterRunStatus.STARTED))
    assert decided(instance, parts, 0) is None
