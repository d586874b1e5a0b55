"""Every asset of the pipeline has the deadline of its group, judged by Dagster's own freshness."""

from datetime import timedelta

import dagster as dg

from steel_assets.assets.freshness import ON_DEMAND, policies_of, with_freshness
from steel_assets.bootstrap import catalog
from steel_assets.definitions import defs


def test_every_asset_that_runs_by_schedule_has_a_deadline_in_mexico_city() -> None:
    for spec in defs().resolve_all_asset_specs():
        if spec.key in ON_DEMAND:
            assert spec.freshness_policy is None
        else:
            assert spec.freshness_policy is not None, spec.key
            assert spec.freshness_policy.timezone == "America/Mexico_City"


def test_the_daily_assets_are_due_at_four_and_not_satisfied_by_yesterday_evening() -> None:
    policy = policies_of(catalog().rules).get("raw")
    assert policy is not None
    assert (policy.deadline_cron, policy.lower_bound_delta) == ("0 4 * * *", timedelta(hours=3))


def test_a_group_without_a_deadline_is_left_alone() -> None:
    @dg.asset(group_name="scratch")
    def notes() -> None: ...

    assert next(iter(with_freshness([notes], catalog().rules))).specs_by_key[dg.AssetKey("notes")].freshness_policy is None


def test_all_watchers_are_on_and_each_is_in_its_own_file() -> None:
    from steel_assets.assets.sensors import watchers

    found = watchers()
    assert {sensor.name for sensor in found} >= {
        "failed_checks",
        "failed_runs",
        "stale_assets",
        "alert_delivery",
        "drift_retraining",
    }
    assert all(sensor.default_status == dg.DefaultSensorStatus.RUNNING for sensor in found)
    assert {sensor.name for sensor in defs().get_repository_def().sensor_defs} == {sensor.name for sensor in found}
