"""The mission's three jobs and their schedules, by name, in America/Mexico_City; and what follows each of their runs.

What sums up all markets (the platform's own figures, what was told, the snapshot that is served) must not wait for a market
that failed: Dagster runs nothing that lies behind a failed step. So it is a job of its own, ``wrap_up``, that runs after every
run of the others, however it ended.
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
"""What the scheduled jobs make."""

WRAP_UP = "wrap_up"
FOLLOWED = ("daily_data_update", "weekly_retraining", "performance_monitoring", "stored_data_pipeline")
"""Jobs after whose runs ``wrap_up`` runs."""


def jobs(here: Installation) -> list[Any]:
    """Every job."""
    tags = {"steel/data": here.nature}

    def priority(number: int) -> dict[str, str]:
        """Of runs that wait in the queue, the one with the highest number starts first: forecasts, watching, training."""
        return {**tags, "dagster/priority": str(number)}

    return [
        dg.define_asset_job(
            "daily_data_update",
            SELECTED["daily_data_update"],
            description="Collect, process, build features, publish forecasts, measure: every market by itself. Every day at "
            "02:00. A market that fails makes the run fail and stops no other.",
            tags=priority(10),
        ),
        dg.define_asset_job(
            "weekly_retraining",
            SELECTED["weekly_retraining"],
            description="Collect, train, validate; promote what has earned it, market by market. Mondays at 03:00.",
            tags=priority(0),
        ),
        dg.define_asset_job(
            "performance_monitoring",
            SELECTED["performance_monitoring"],
            description="Compare what was published with what happened. Every six hours.",
            tags=priority(5),
        ),
        dg.define_asset_job(
            WRAP_UP,
            SUMMING_UP | OF_ALL_EXPERIMENTS if shards.is_sharded(here.catalog) else SUMMING_UP,
            description="What sums up all markets: the platform's own figures and cost, what was told, and the "
            "snapshot that is served, in which price watches are looked at. After every run of "
            f"{', '.join(FOLLOWED)}, also of one in which a market failed.",
            tags=priority(10),
        ),
        dg.define_asset_job("data_collection", COLLECTION, description="Collect from every provider.", tags=tags),
        dg.define_asset_job(
            "stored_data_pipeline",
            PREPARATION | RETRAINING | PUBLICATION | MEASURING,
            description="The whole pipeline on what is already in the lake, for example imported files.",
            tags=tags,
        ),
        *([_mailing(priority(10))] if here.mails else []),
    ]


def _mailing(tags: dict[str, str]) -> Any:
    return dg.define_asset_job(
        "morning_report", MAILING, description="The morning mail, once a day; what was sent is not sent again.", tags=tags
    )


def schedules(here: Installation) -> list[dg.ScheduleDefinition]:
    """The schedules of the mission, each for the day of its tick: one that is launched after midnight replays that day."""
    times = here.catalog.rules.schedules

    def morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """One mail per tick; it is of no day's partition."""
        return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat())

    def one_run(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """One run for all markets, once per tick."""
        tick = context.scheduled_execution_time
        return dg.RunRequest(run_key=tick.isoformat(), partition_key=day_of(tick, times))

    def in_parts(job: str) -> Callable[[dg.ScheduleEvaluationContext], Iterator[dg.RunRequest]]:
        """The first runs of a tick of ``job``: its collection, or where it has none, its markets."""

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
        ("daily_data_update", times.daily_data_update, asked("daily_data_update"), "Every day before the buyers' day begins."),
        ("weekly_retraining", times.weekly_retraining, asked("weekly_retraining"), "Once a week, after the daily update."),
        ("performance_monitoring", times.performance_monitoring, asked("performance_monitoring"), "Four times a day."),
    ]
    if here.mails:
        scheduled.append(("morning_report", times.morning_report, morning, "Every morning, where the mail is switched on."))
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
    """For each scheduled job that collects, the sensor that asks for the runs of its markets; none where one run has them all."""
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
        description=f"Asks for the runs of the markets, {schedules.markets_per_run} a run, once a tick of {job} has collected.",
    )


def day_of(moment: datetime, schedules: Schedules) -> str:
    """The partition of the day that ``moment`` (with a zone) falls on."""
    return f"{local_day(pd.Timestamp(moment), schedules.tzinfo):%Y-%m-%d}"
