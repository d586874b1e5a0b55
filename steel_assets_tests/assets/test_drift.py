"""Drift as an asset: a row per group, a check that warns, and never a gate."""

import dataclasses
from pathlib import Path

import dagster as dg
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.core.tables import DRIFT
from steel_assets_tests.assets.measured_world import checks, lived, made_of
from steel_assets_tests.core.synthetic import synthetic

CHECK = "drift: drift"


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return lived(tmp_path_factory.mktemp("calm"), 1100)


def test_a_market_is_measured_once_a_trading_day_and_again_changes_nothing(calm: Platform) -> None:
    done = made_of(calm, "drift")
    assert done.success
    rows = calm.warehouse.read(DRIFT)
    assert list(rows["subject"]) == ["all", "errors", "features", "returns"]
    assert rows["score"].between(0, 1).all()
    assert (rows[["wasserstein", "psi"]] > 0).all().all()
    assert rows["simulated"].all()
    assert checks(done)[CHECK].passed
    made_of(calm, "drift")
    assert calm.warehouse.read(DRIFT).equals(rows)


def test_a_market_that_is_no_longer_what_it_was_fails_the_check_and_stops_nothing(tmp_path: Path) -> None:
    made = synthetic(count=1100, lived=0)
    changed = made.observations["period"] >= made.sessions[-55]
    start = made.observations[~changed].groupby("series")["value"].last()
    was = made.observations["series"].map(start)
    wilder = was * (made.observations["value"] / was) ** 6
    wild = made.observations.assign(value=made.observations["value"].where(~changed, wilder))
    parts = lived(tmp_path, made=dataclasses.replace(made, observations=wild))
    done = made_of(parts, "drift")
    assert done.success, "a warning, never a gate"
    found = checks(done)[CHECK]
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert "two of three are beyond 99%" in str(found.description)
    rows = parts.warehouse.read(DRIFT, {"subject": "all"})
    assert rows["drifted"].all()


@pytest.mark.parametrize("count", [400, 700])
def test_a_short_history_cannot_be_judged_and_says_so(tmp_path: Path, count: int) -> None:
    parts = lived(tmp_path, count)
    done = made_of(parts, "drift")
    assert checks(done)[CHECK].passed
    assert "too short" in str(checks(done)[CHECK].description)
    assert parts.warehouse.read(DRIFT)["score"].isna().all()


def test_a_market_that_was_never_processed_has_no_drift_and_is_no_failure(calm: Platform) -> None:
    done = made_of(calm, "drift", "predictions_vs_reality", "metrics_daily", market="iron_ore_62")
    assert done.success
    assert "drift" not in {event.asset_key.path[-1] for event in done.get_asset_materialization_events() if event.asset_key}
    assert "never processed" in str(checks(done)[CHECK].description)
