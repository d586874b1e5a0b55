"""Days of issue are partitions: today is issued, a day that is over is replayed and marked, tomorrow has not come."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.assets.declare import key_of
from steel_assets.bootstrap import Platform
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY, REPLAYED_FORECASTS
from steel_assets_tests.assets.measured_world import MARKET, lived, made_of
from steel_assets_tests.core.synthetic import synthetic

MADE = synthetic(count=520, lived=0)
TODAY = MADE.history().as_of
NEXT_WEEK = TODAY + pd.Timedelta(days=7)
DAY = f"{TODAY:%Y-%m-%d}"
LONG_AGO = f"{MADE.sessions[-30] + pd.Timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """A market whose raw prices are in the lake, so that any day of its past can be worked out again."""
    found = lived(tmp_path)
    for _, rows in MADE.observations.assign(simulated=True).groupby("collected_at"):
        found.lake.append_observations(rows, "file-import", "files")
    return found


def days_of(instance: dg.DagsterInstance, name: str = "forecasts") -> set[str]:
    return instance.get_materialized_partitions(key_of(MARKET, name))


def test_todays_partition_is_what_was_issued(parts: Platform) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert made_of(parts, "forecasts", instance=instance, moment=TODAY).success
        assert days_of(instance) == {DAY}
        assert days_of(instance, "explanations") == {DAY}, "made in the same step, whichever was asked for"
    assert set(parts.warehouse.read(FORECASTS)["issued_date"].dt.strftime("%Y-%m-%d")) == {DAY}
    assert parts.warehouse.read(REPLAYED_FORECASTS).empty


def test_a_day_that_is_over_is_replayed_into_a_table_of_its_own_and_replaces_nothing(parts: Platform) -> None:
    made_of(parts, "forecasts", moment=TODAY)
    issued, files = parts.warehouse.read(FORECASTS), list(parts.store.list("predictions/"))
    with dg.DagsterInstance.ephemeral() as instance:
        done = made_of(parts, "forecasts", instance=instance, moment=NEXT_WEEK, day=LONG_AGO)
        assert done.success
        assert days_of(instance) == {LONG_AGO}
        assert days_of(instance, "explanations") == set()
    [made] = done.asset_materializations_for_node(f"{MARKET}__forecasts")
    assert made.metadata["replayed"].value is True
    assert done.get_asset_check_evaluations() == [], "no verdict of a day that is over stands for today's"
    replayed = parts.warehouse.read(REPLAYED_FORECASTS)
    assert set(replayed["issued_date"].dt.strftime("%Y-%m-%d")) == {LONG_AGO}
    assert (replayed["data_as_of"] < pd.Timestamp(LONG_AGO)).all(), "from what was known then"
    pd.testing.assert_frame_equal(parts.warehouse.read(FORECASTS), issued)
    assert list(parts.store.list("predictions/")) == files
    again = made_of(parts, "forecasts", moment=NEXT_WEEK, day=LONG_AGO)
    assert again.success
    pd.testing.assert_frame_equal(parts.warehouse.read(REPLAYED_FORECASTS), replayed)


def test_replayed_forecasts_enter_no_score_and_no_figure(parts: Platform) -> None:
    made_of(parts, "forecasts", moment=NEXT_WEEK, day=LONG_AGO)
    assert len(parts.warehouse.read(REPLAYED_FORECASTS)) > 0
    made_of(parts, "predictions_vs_reality", "metrics_daily", moment=NEXT_WEEK)
    assert parts.warehouse.read(PREDICTIONS_VS_REALITY).empty
    assert parts.warehouse.read(METRICS_DAILY).empty


def test_figures_of_a_day_that_is_over_are_worked_out_where_they_are_missing_and_kept_where_they_are_not(parts: Platform) -> None:
    made_of(parts, "forecasts", moment=TODAY)
    made_of(parts, "predictions_vs_reality", "metrics_daily", moment=TODAY)
    measured = parts.warehouse.read(METRICS_DAILY)
    assert len(measured)
    later = TODAY + pd.Timedelta(days=3)
    for day in (TODAY, later):
        assert made_of(parts, "predictions_vs_reality", "metrics_daily", moment=NEXT_WEEK, day=f"{day:%Y-%m-%d}").success
    rows = parts.warehouse.read(METRICS_DAILY)
    pd.testing.assert_frame_equal(rows[rows["date"] == DAY].reset_index(drop=True), measured)
    missing = rows[rows["date"] == f"{later:%Y-%m-%d}"]
    assert len(missing)
    assert (missing["created_at"].dt.strftime("%Y-%m-%d") == f"{later:%Y-%m-%d}").all(), "as of that day's moment of issue"


def test_a_history_of_another_day_is_not_forecast_from_once_more(parts: Platform) -> None:
    done = made_of(parts, "forecasts", moment=NEXT_WEEK)
    assert not done.success
    [failure] = [event for event in done.all_events if event.is_step_failure]
    assert f"is of {DAY}, not of {NEXT_WEEK:%Y-%m-%d}: materialise {MARKET}/market_daily" in str(failure.step_failure_data.error)
    assert parts.warehouse.read(FORECASTS).empty


def test_a_day_that_has_not_come_is_refused(parts: Platform) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        done = made_of(parts, "forecasts", instance=instance, moment=TODAY, day=f"{NEXT_WEEK:%Y-%m-%d}")
        assert not done.success
        [failure] = [event for event in done.all_events if event.is_step_failure]
        assert f"{NEXT_WEEK:%Y-%m-%d} is in the future" in failure.step_failure_data.error.message
        assert days_of(instance) == set()
    assert parts.warehouse.read(FORECASTS).empty
