"""Experiments in Dagster: assets only where one is declared, beside the published forecast, and a verdict that is told once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from steel_assets.assets.declare import key_of
from steel_assets.assets.jobs import jobs
from steel_assets.assets.moment import FixedClock
from steel_assets.assets.resources import resources
from steel_assets.assets.sensors import failed_checks
from steel_assets.bootstrap import Platform
from steel_assets.core.tables import EXPERIMENT_FORECASTS, EXPERIMENT_VERDICTS, FORECASTS
from steel_assets.definitions import assets
from steel_assets.operations import experimenting, histories
from steel_assets_tests.assets.measured_world import MARKET, at, installation, lived, made_of
from steel_assets_tests.operations.experiment_world import TRIAL, experimenting_with, past

VERDICT = dg.AssetKey(["experiment_verdict", "trial"])
OTHER = TRIAL.model_copy(update={"id": "other"})


@pytest.fixture
def plain(tmp_path: Path) -> Platform:
    return lived(tmp_path)


@pytest.fixture
def parts(plain: Platform) -> Platform:
    return experimenting_with(plain, TRIAL, OTHER)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def keys(parts: Platform) -> set[dg.AssetKey]:
    return {key for asset in assets(installation(parts)) for key in asset.keys}


def judged(parts: Platform, instance: dg.DagsterInstance, moment: pd.Timestamp | None = None) -> dg.AssetCheckEvaluation:
    """The check of a look at the trial."""
    here = installation(parts)
    moment = moment or histories.load(parts.catalog, parts.lake, MARKET).as_of
    done = dg.materialize(
        [asset for asset in assets(here) if VERDICT in asset.keys],
        resources=resources(parts, FixedClock(moment)),
        instance=instance,
    )
    assert done.success
    [check] = done.get_asset_check_evaluations()
    return check


def test_without_an_experiment_there_is_no_asset_of_one_and_with_one_those_of_its_markets(
    plain: Platform, parts: Platform
) -> None:
    assert keys(parts) - keys(plain) == {
        key_of(MARKET, "shadow_forecasts"),
        VERDICT,
        dg.AssetKey(["experiment_verdict", "other"]),
    }


def test_the_daily_job_forecasts_in_the_shadow_and_judges(parts: Platform) -> None:
    here = installation(parts)
    graph = dg.Definitions(assets=assets(here), jobs=jobs(here), resources=resources(parts, FixedClock(at("2026-11-20"))))
    selected = {
        name: graph.resolve_job_def(name).asset_layer.executable_asset_keys
        for name in ("daily_data_update", "performance_monitoring", "weekly_retraining")
    }
    shadow = key_of(MARKET, "shadow_forecasts")
    assert {name for name, chosen in selected.items() if shadow in chosen} == {"daily_data_update"}
    assert {name for name, chosen in selected.items() if VERDICT in chosen} == set(selected)


def test_the_shadow_is_issued_beside_the_published_forecast_which_stays_as_it_is_without(
    plain: Platform, parts: Platform
) -> None:
    made_of(plain, "forecasts")
    published, files = plain.warehouse.read(FORECASTS), {key: plain.store.get(key) for key in plain.store.list("predictions/")}
    assert made_of(parts, "forecasts", "shadow_forecasts").success
    pd.testing.assert_frame_equal(parts.warehouse.read(FORECASTS), published)
    assert {key: parts.store.get(key) for key in parts.store.list("predictions/")} == files
    shadow = parts.warehouse.read(EXPERIMENT_FORECASTS)
    assert set(shadow["experiment"]) == {"trial", "other"}
    both = shadow.merge(published, on=["as_of", "market", "horizon"])
    assert len(both) == len(shadow) == 4
    for column in ("origin", "target_date", "last_price", "issued_date"):
        assert both[f"{column}_x"].equals(both[f"{column}_y"])


def test_a_variant_that_fails_stops_neither_the_published_forecast_nor_other_experiments(
    parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = experimenting.variant
    fitted: list[str] = []

    def breaks(*arguments: Any) -> Any:
        fitted.append("")
        if len(fitted) == 1:
            raise ZeroDivisionError("a mistake of a family of one's own")
        return honest(*arguments)

    monkeypatch.setattr(experimenting, "variant", breaks)
    done = made_of(parts, "forecasts", "shadow_forecasts")
    [failure] = [event for event in done.all_events if event.is_step_failure]
    assert failure.step_key == f"{MARKET}__shadow_forecasts"
    assert "experiment trial: ZeroDivisionError: a mistake" in str(failure.step_failure_data.user_failure_data.description)
    assert len(parts.warehouse.read(FORECASTS)) == 2
    assert set(parts.warehouse.read(EXPERIMENT_FORECASTS)["experiment"]) == {"other"}


def test_a_day_that_is_over_is_not_made_up_afterwards(parts: Platform) -> None:
    moment = histories.load(parts.catalog, parts.lake, MARKET).as_of
    done = made_of(parts, "shadow_forecasts", moment=moment + pd.Timedelta(days=2), day=f"{moment:%Y-%m-%d}")
    assert done.success
    assert parts.warehouse.read(EXPERIMENT_FORECASTS).empty


def test_a_verdict_is_told_once_and_nobody_is_reminded(parts: Platform, instance: dg.DagsterInstance) -> None:
    began = datetime.now(UTC)

    def told() -> list[str]:
        """The messages of three weeks."""
        failed_checks.evaluate(instance, parts.catalog, parts.outbox, datetime.now(UTC))
        for days in range(1, 22):
            later = began + timedelta(days=days)
            parts.outbox.report([], later)
            parts.outbox.deliver({"log": parts.notifiers["log"]}, partial(datetime.fromtimestamp, later.timestamp(), UTC), "")
        return [done.event.kind for done in parts.outbox.history() if "experiment_verdict/trial" in done.event.subject]

    assert judged(parts, instance).passed
    assert told() == []
    past(parts, 4.0, 1.0)
    check = judged(parts, instance)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "drift: won on" in (check.description or "")
    assert "The next retraining proposes its family" in (check.description or "")
    assert told() == ["opened"]
    assert not judged(parts, instance).passed
    assert told() == ["opened"]
    assert len(parts.warehouse.read(EXPERIMENT_VERDICTS)) == 1
