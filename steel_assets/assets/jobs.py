"""The mission's three jobs and their schedules, by name, in America/Mexico_City; and what follows each of their runs.

What sums up all markets (the platform's own figures, what was told, the snapshot that is served) must not wait for a market
that failed: Dagster runs nothing that lies behind a failed step. So it is a job of its own, ``wrap_up``, that runs after every
run of the others, however it ended.
"""

from datetime import datetime
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.assets.alerts import KEY as ALERT_HISTORY
from steel_assets.assets.declare import Installation
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
            COLLECTION | PREPARATION | PUBLICATION | MEASURING,
            description="Collect, process, build features, publish forecasts, measure: every market by itself. Every day at "
            "02:00. A market that fails makes the run fail and stops no other.",
            tags=priority(10),
        ),
        dg.define_asset_job(
            "weekly_retraining",
            COLLECTION | PREPARATION | RETRAINING | MEASURING,
            description="Collect, train, validate; promote what has earned it, market by market. Mondays at 03:00.",
            tags=priority(0),
        ),
        dg.define_asset_job(
            "performance_monitoring",
            MEASURING,
            description="Compare what was published with what happened. Every six hours.",
            tags=priority(5),
        ),
        dg.define_asset_job(
            WRAP_UP,
            SUMMING_UP,
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

    scheduled = [
        ("daily_data_update", times.daily_data_update, one_run, "Every day before the buyers' day begins."),
        ("weekly_retraining", times.weekly_retraining, one_run, "Once a week, after the daily update."),
        ("performance_monitoring", times.performance_monitoring, one_run, "Four times a day."),
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


def day_of(moment: datetime, schedules: Schedules) -> str:
    """The partition of the day that ``moment`` (with a zone) falls on."""
    return f"{local_day(pd.Timestamp(moment), schedules.tzinfo):%Y-%m-%d}"
