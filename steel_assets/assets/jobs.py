"""The three scheduled jobs, their schedules in America/Mexico_City, and the job ``wrap_up`` that follows each of their runs.

The assets that sum up all markets (the platform's figures, the table of alerts, the published snapshot) must not wait for a
market that failed, and Dagster runs nothing behind a failed step. They are therefore a job of their own, ``wrap_up``, which
runs after every run of the other jobs, whether it succeeded or not.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.assets import shards
from steel_assets.assets.alerts import KEY as ALERT_HISTORY
from steel_assets.assets.declare import Installation
from steel_assets.assets.experiments import VERDICTS
from steel_assets.assets.publication import KEY as PUBLICATION_KEY
from steel_assets.assets.report import KEY as REPORT_KEY
from steel_assets.assets.system import KEY as SYSTEM_METRICS
from steel_assets.assets.watches import KEY as WATCHES_KEY
from steel_assets.catalog.rules import Schedules
from steel_assets.core.calendars import local_day

COLLECTION = dg.AssetSelection.groups("raw")
PREPARATION = dg.AssetSelection.groups("processed", "features")
RETRAINING = dg.AssetSelection.groups("model", "validation", "promotion")
PUBLICATION = dg.AssetSelection.groups("forecast")
MAILING = dg.AssetSelection.assets(REPORT_KEY)
SUMMING_UP = dg.AssetSelection.assets(SYSTEM_METRICS, ALERT_HISTORY, PUBLICATION_KEY, WATCHES_KEY)
MEASURING = dg.AssetSelection.groups("metrics") - SUMMING_UP

OF_ALL_EXPERIMENTS = dg.AssetSelection.key_prefixes(VERDICTS)

SELECTED = {
    "daily_data_update": COLLECTION | PREPARATION | PUBLICATION | MEASURING,
    "weekly_retraining": COLLECTION | PREPARATION | RETRAINING | MEASURING,
    "performance_monitoring": MEASURING,
}
"""The assets of each scheduled job."""

WRAP_UP = "wrap_up"
FOLLOWED = ("daily_data_update", "weekly_retraining", "performance_monitoring", "stored_data_pipeline")
"""Jobs after whose runs ``wrap_up`` runs."""


def jobs(here: Installation) -> list[Any]:
    """Every job."""
    tags = {"steel/data": here.nature}

    def priority(number: int) -> dict[str, str]:
        """Tags that order the queue: waiting runs with the highest number start first (forecasts, measuring, training)."""
        return {**tags, "dagster/priority": str(number)}

    return [
        dg.define_asset_job(
            "daily_data_update",
            SELECTED["daily_data_update"],
            description="Collect, process, build features, publish forecasts, measure, for each market independently. Every day "
            "at 02:00. A market that fails makes the run fail, but does not stop the others.",
            tags=priority(10),
        ),
        dg.define_asset_job(
            "weekly_retraining",
            SELECTED["weekly_retraining"],
            description="Collect, train and validate, and promote accepted candidates, market by market. Mondays at 03:00.",
            tags=priority(0),
        ),
        dg.define_asset_job(
            "performance_monitoring",
            SELECTED["performance_monitoring"],
            description="Compare published forecasts with the prices that followed. Every six hours.",
            tags=priority(5),
        ),
        dg.define_asset_job(
            WRAP_UP,
            SUMMING_UP | OF_ALL_EXPERIMENTS if shards.is_sharded(here.catalog) else SUMMING_UP,
            description="Sums up all markets: the platform's own metrics and cost, the table of alerts, the published snapshot, "
            "and the price watches evaluated on it. Runs after every run of "
            f"{', '.join(FOLLOWED)}, including runs in which a market failed.",
            tags=priority(10),
        ),
        dg.define_asset_job("data_collection", COLLECTION, description="Collect from every provider.", tags=tags),
        dg.define_asset_job(
            "stored_data_pipeline",
            PREPARATION | RETRAINING | PUBLICATION | MEASURING,
            description="The whole pipeline without collection, on the data already in the lake, for example imported files.",
            tags=tags,
        ),
        *([_mailing(priority(10))] if here.mails else []),
    ]


def _mailing(tags: dict[str, str]) -> Any:
    return dg.define_asset_job(
        "morning_report", MAILING, description="Send the morning mail, once a day; a repeated run sends nothing again.", tags=tags
    )


def schedules(here: Installation) -> list[dg.ScheduleDefinition]:
    """The schedules of the jobs; each run is for the day of its tick. A run launched after midnight replays that day."""
    times = here.catalog.rules.schedules

    def morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """One mail per tick; it has no partition."""
        return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat())

    def one_run(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """One run for all markets per tick."""
        tick = context.scheduled_execution_time
        return dg.RunRequest(run_key=tick.isoformat(), partition_key=day_of(tick, times))

    def in_parts(job: str) -> Callable[[dg.ScheduleEvaluationContext], Iterator[dg.RunRequest]]:
        """The first runs of a tick of ``job``: its collection, or its markets if it collects nothing."""

        def requests(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
            tick, graph = context.scheduled_execution_time, context.repository_def.asset_graph
            wanted = SELECTED[job] - OF_ALL_EXPERIMENTS
            yield from shards.collection(graph, wanted, tick.isoformat()) or shards.of_markets(
                graph, wanted, here.catalog, tick.isoformat(), day_of(tick, times)
            )

        return requests

    def asked(job: str) -> Callable[[dg.ScheduleEvaluationContext], Any]:
        return in_parts(job) if shards.is_sharded(here.catalog) else one_run

    scheduled = [
        ("daily_data_update", times.daily_data_update, asked("daily_data_update"), "Every day before buyers start work."),
        ("weekly_retraining", times.weekly_retraining, asked("weekly_retraining"), "Once a week, after the daily update."),
        ("performance_monitoring", times.performance_monitoring, asked("performance_monitoring"), "Four times a day."),
    ]
    if here.mails:
        scheduled.append(("morning_report", times.morning_report, morning, "Every morning, if the mail is set up."))
    return [
        dg.ScheduleDefinition(
            name=name,
            job_name=name,
            cron_schedule=cron,
            execution_timezone=times.zone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            execution_fn=request,
            description=description,
        )
        for name, cron, request, description in scheduled
    ]


def after_collections(here: Installation) -> list[dg.SensorDefinition]:
    """For each scheduled job that collects, the sensor that requests its markets' runs; none if one run covers all markets."""
    collecting = ("daily_data_update", "weekly_retraining") if shards.is_sharded(here.catalog) else ()
    return [_after_collection(here, job) for job in collecting]


def _after_collection(here: Installation, job: str) -> dg.SensorDefinition:
    schedules = here.catalog.rules.schedules

    def markets(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        graph = context.repository_def.asset_graph  # type: ignore[union-attr]

        def of_tick(tick: str) -> list[dg.RunRequest]:
            return shards.of_markets(graph, SELECTED[job], here.catalog, tick, day_of(datetime.fromisoformat(tick), schedules))

        return shards.due_after_collection(context.instance, job, of_tick, datetime.now(UTC))

    return dg.SensorDefinition(
        name=f"{job}_markets",
        job_name=job,
        evaluation_fn=markets,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Requests the runs of the markets, {schedules.markets_per_run} per run, once the collection of {job} has "
        f"ended.",
    )


def day_of(moment: datetime, schedules: Schedules) -> str:
    """The partition (YYYY-MM-DD) of ``moment`` (with a zone) in the schedules' time zone."""
    return f"{local_day(pd.Timestamp(moment), schedules.tzinfo):%Y-%m-%d}"
