"""What the daemon of ``test_daemon.py`` runs: the real sensors' looks, every second, and claims that run out quickly."""

import os
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.assets.sensors import alert_delivery, failed_checks, failed_runs, failed_ticks
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.alerts import alert_state
from steel_assets_tests.assets.sensors.world import prices, update

alert_state.LEASE = timedelta(seconds=6)
alert_state.FIRST_PAUSE = alert_state.LONGEST_PAUSE = timedelta(seconds=1)
RUNNING = dg.DefaultSensorStatus.RUNNING


@dg.sensor(minimum_interval_seconds=1, default_status=RUNNING)
def looks(context: dg.SensorEvaluationContext, parts: dg.ResourceParam[Platform]) -> dg.SkipReason:
    now = datetime.now(UTC)
    return dg.SkipReason(
        failed_checks.evaluate(context.instance, parts.catalog, parts.outbox, now)
        + failed_runs.evaluate(context.instance, parts.outbox, now)
    )


@dg.sensor(minimum_interval_seconds=1, default_status=RUNNING)
def delivers(parts: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(alert_delivery.evaluate(parts.outbox, parts.notifiers, parts.dagster_link))


@dg.sensor(minimum_interval_seconds=1, default_status=RUNNING)
def watches(context: dg.SensorEvaluationContext, parts: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(failed_ticks.evaluate(context.instance, parts.outbox, {"nightly", "stubborn"}, {}, datetime.now(UTC)))


@dg.sensor(minimum_interval_seconds=1, default_status=RUNNING)
def stubborn() -> dg.SkipReason:
    if os.path.exists("broken"):  # noqa: PTH110 - in the daemon's folder
        raise ValueError("the table is gone")
    return dg.SkipReason("nothing to do")


nightly = dg.ScheduleDefinition(
    name="nightly", job=update, cron_schedule="0 2 * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)


@dg.resource
def parts_resource() -> object:
    return platform()


defs = dg.Definitions(
    assets=[prices],
    jobs=[update],
    sensors=[looks, delivers, watches, stubborn],
    schedules=[nightly],
    resources={"parts": parts_resource},
)
