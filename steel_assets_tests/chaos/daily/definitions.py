"""What the killed daemon runs: the platform's own pipeline on the small catalogue, launched once, and the real looks for
alerts.
"""

import os
from datetime import UTC, datetime

import dagster as dg

from steel_assets_tests.chaos.daily.catalogue import shrink

shrink()

import pandas as pd  # noqa: E402 - only after the catalogue was cut down

from steel_assets.assets.jobs import jobs  # noqa: E402
from steel_assets.assets.moment import FixedClock  # noqa: E402
from steel_assets.assets.resources import resources  # noqa: E402
from steel_assets.assets.sensors import alert_delivery, counted_rows, failed_checks, failed_runs  # noqa: E402
from steel_assets.bootstrap import Platform  # noqa: E402
from steel_assets.definitions import assets, installation, platform_resource  # noqa: E402
from steel_assets_tests.assets.breaking import broken  # noqa: E402

if os.environ.get("CHAOS_BROKEN"):
    broken(os.environ["CHAOS_BROKEN"])

TODAY = "2026-03-18T08:00:00Z"
EVE = "2026-03-17T08:00:00Z"
RUNNING = dg.DefaultSensorStatus.RUNNING


@dg.sensor(job_name=os.environ.get("CHAOS_JOB", "daily_data_update"), minimum_interval_seconds=1, default_status=RUNNING)
def launches() -> dg.RunRequest:
    """The run of ``TODAY``, asked for at every tick, made once: what a schedule does at its hour."""
    return dg.RunRequest(run_key=TODAY, partition_key=TODAY[:10])


@dg.sensor(minimum_interval_seconds=1, default_status=RUNNING)
def looks(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    """All that reads the event log."""
    now = datetime.now(UTC)
    instance, outbox = context.instance, platform.outbox
    said = [failed_checks.evaluate(instance, platform.catalog, outbox, now)]
    said += [module.evaluate(instance, outbox, now) for module in (failed_runs, counted_rows)]
    return dg.SkipReason("; ".join(said))


@dg.sensor(minimum_interval_seconds=1, default_status=RUNNING)
def delivers(platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    """What sends."""
    return dg.SkipReason(alert_delivery.evaluate(platform.outbox, platform.notifiers, platform.dagster_link))


HERE = installation()

defs = dg.Definitions(
    assets=assets(HERE),
    jobs=jobs(HERE),
    sensors=[launches, looks, delivers],
    resources=resources(platform_resource, FixedClock(pd.Timestamp(TODAY))),
    executor=dg.in_process_executor,
)
