"""Table of contents: everything Dagster runs, stage by stage, in the order data flows.

Importing this must stay cheap: prophet, scikit-learn and the Google clients are imported where they are used.
"""

import dagster as dg

from steel_assets.assets import alerts, drift, features, forecast, metrics, model, processed, promotion, raw, system, validation
from steel_assets.assets.freshness import with_freshness
from steel_assets.assets.jobs import jobs, schedules
from steel_assets.assets.sensors import watchers
from steel_assets.bootstrap import platform

assets = [
    *raw.collected_assets,
    raw.imported_files,
    processed.market_daily,
    processed.market_weekly,
    processed.market_monthly,
    processed.data_quality,
    features.market_features,
    model.candidate_models,
    validation.validation_scores,
    promotion.promotions,
    forecast.forecasts,
    metrics.predictions_vs_reality,
    drift.drift,
    metrics.metrics_daily,
    system.system_metrics,
    alerts.alert_history,
]


@dg.resource(description="The platform's parts, as the settings choose them.")
def platform_resource() -> object:
    return platform()


defs = dg.Definitions(
    assets=with_freshness(assets),
    jobs=jobs,
    schedules=schedules,
    sensors=watchers(),
    resources={"platform": platform_resource},
    executor=dg.in_process_executor,
)
