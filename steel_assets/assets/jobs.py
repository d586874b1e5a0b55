"""The mission's three jobs and their schedules, by name, in America/Mexico_City."""

import dagster as dg

from steel_assets.assets.declare import MARKETS, nature
from steel_assets.bootstrap import catalog

EVERY_MARKET = {
    "dagster/asset_partition_range_start": MARKETS.get_partition_keys()[0],
    "dagster/asset_partition_range_end": MARKETS.get_partition_keys()[-1],
}
"""Tags of a run that covers all markets at once."""

COLLECTION = dg.AssetSelection.groups("raw")
PREPARATION = dg.AssetSelection.groups("processed", "features")
RETRAINING = dg.AssetSelection.groups("model", "validation", "promotion")
PUBLICATION = dg.AssetSelection.groups("forecast")
MONITORING = dg.AssetSelection.groups("metrics", "alerts")

_TAGS = {"steel/data": nature()}

jobs = [
    dg.define_asset_job(
        "daily_data_update",
        COLLECTION | PREPARATION | PUBLICATION | MONITORING,
        description="Collect, process, build features, publish forecasts, measure. Every day at 02:00.",
        tags=_TAGS,
    ),
    dg.define_asset_job(
        "weekly_retraining",
        COLLECTION | PREPARATION | RETRAINING | MONITORING,
        description="Collect, train, validate; promote what has earned it. Mondays at 03:00.",
        tags=_TAGS,
    ),
    dg.define_asset_job(
        "performance_monitoring",
        MONITORING,
        description="Compare what was published with what happened. Every six hours.",
        tags=_TAGS,
    ),
    dg.define_asset_job("data_collection", COLLECTION, description="Collect from every provider.", tags=_TAGS),
    dg.define_asset_job(
        "files_river",
        PREPARATION | RETRAINING | PUBLICATION | MONITORING,
        description="The whole river on what is already in the lake, for example imported files.",
        tags=_TAGS,
    ),
]

_CRON = catalog().rules.schedules


def _all_markets(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run for all markets, once per tick."""
    return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat(), tags=EVERY_MARKET)


schedules = [
    dg.ScheduleDefinition(
        name=name,
        job_name=name,
        cron_schedule=cron,
        execution_timezone=_CRON.zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        execution_fn=_all_markets,
        description=description,
    )
    for name, cron, description in (
        ("daily_data_update", _CRON.daily_data_update, "Every day before the buyers' day begins."),
        ("weekly_retraining", _CRON.weekly_retraining, "Once a week, after the daily update."),
        ("performance_monitoring", _CRON.performance_monitoring, "Four times a day."),
    )
]
