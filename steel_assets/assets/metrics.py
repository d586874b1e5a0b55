"""Stage 8, metrics: what was published beside what happened, and the mission's daily figures."""

import dagster as dg
import pandas as pd

from steel_assets.assets.checking import Verdict, together
from steel_assets.assets.declare import stage
from steel_assets.assets.drift import drift
from steel_assets.assets.forecast import forecasts
from steel_assets.assets.measured import service_minutes
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.moment import moment_of
from steel_assets.assets.spending import cost_usd
from steel_assets.bootstrap import Platform
from steel_assets.catalog import Catalog
from steel_assets.catalog.rules import Coverage
from steel_assets.core import metrics
from steel_assets.core.alerts.figures import increase_readings, newest
from steel_assets.core.calendars import local_day
from steel_assets.core.coverage import chance_of
from steel_assets.core.drift import newest_scores
from steel_assets.core.service_use import summary as service_use
from steel_assets.core.tables import DRIFT, FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY

COVERAGE, INCREASE = "interval_coverage", "mape_increase"
DAY = pd.Timedelta(days=1)


@dg.asset(
    deps=[forecasts],
    metadata=schema_of(PREDICTIONS_VS_REALITY),
    description="Every published forecast whose day has come, beside what happened and the last price of its moment.",
    **stage("metrics", "duckdb"),
)
def predictions_vs_reality(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    published = platform.warehouse.read(FORECASTS)
    prices = [
        platform.lake.read(f"processed-data/daily/{market}.parquet")
        for market in published["market"].unique()
        if market in platform.catalog.markets
    ]
    if not prices:
        return dg.MaterializeResult(metadata={"dagster/row_count": 0, "note": "nothing was published yet"})
    rows = metrics.predictions_vs_reality(published, pd.concat(prices), moment_of(context))
    platform.warehouse.upsert(PREDICTIONS_VS_REALITY, rows)
    return dg.MaterializeResult(metadata=summary(rows, **in_warehouse(platform.warehouse, PREDICTIONS_VS_REALITY)))


@dg.asset(
    deps=[predictions_vs_reality, forecasts, drift],
    check_specs=[
        dg.AssetCheckSpec(
            COVERAGE,
            asset="metrics_daily",
            description="As many prices came inside the 90 % intervals as chance allows, at every horizon of every market.",
        ),
        dg.AssetCheckSpec(
            INCREASE,
            asset="metrics_daily",
            description="The error of the last 20 forecasts is at most the catalogue's limit above that of the ones before.",
        ),
    ],
    metadata=schema_of(METRICS_DAILY),
    description="MAPE, R² and RMSE of published forecasts, coverage, drift, counts, the service's latency and estimated cost, "
    "per market and horizon.",
    **stage("metrics", "duckdb"),
)
def metrics_daily(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    moment = moment_of(context)
    date = local_day(moment, platform.catalog.rules.schedules.tzinfo)
    published = platform.warehouse.read(FORECASTS)
    versions = (
        published[published["as_of"] <= moment]
        .sort_values("as_of")
        .drop_duplicates(["market", "horizon"], keep="last")
        .set_index(["market", "horizon"])["model_version"]
        .to_dict()
    )
    realised = platform.warehouse.read(PREDICTIONS_VS_REALITY)
    rows = metrics.metrics_daily(
        date,
        versions,
        published,
        realised,
        simulated=bool(platform.lake.simulated),
        created_at=moment,
        latency_ms=service_use(service_minutes(platform, moment - DAY, moment)).avg_latency_ms,
        drift_scores=newest_scores(platform.warehouse.read(DRIFT), date),
        cost_usd=cost_usd(context.instance, platform, date),
    )
    platform.warehouse.upsert(METRICS_DAILY, rows)
    return dg.MaterializeResult(
        metadata=summary(rows, **in_warehouse(platform.warehouse, METRICS_DAILY)),
        check_results=[
            together(COVERAGE, _coverage(rows, platform.catalog.rules.coverage)),
            together(INCREASE, _increase(realised, platform.catalog)),
        ],
    )


def _coverage(rows: pd.DataFrame, rule: Coverage) -> dict[str, Verdict]:
    """The verdict on the intervals of each market and horizon of which enough forecasts have come true."""
    found = {}
    for row in rows.itertuples():
        chance = chance_of(row.coverage_90, row.origins, row.horizon, rule.level)
        if chance is not None:
            text = f"{row.coverage_90:.0%} of {row.origins} prices inside; chance would do that {chance:.2%} of the time"
            found[f"{row.market} {row.horizon} d"] = Verdict(chance >= rule.doubt, text, row.coverage_90)
    return found


def _increase(realised: pd.DataFrame, catalog: Catalog) -> dict[str, Verdict]:
    """The verdict on each market's newest error, where enough forecasts have come true."""
    limit = catalog.alerts[INCREASE].above or 0.0
    readings = newest(increase_readings(realised, catalog.rules.acceptance.horizon), 1)
    return {
        one.subject: Verdict(one.value <= limit, f"{one.text} {100 * limit:g} points more are allowed.", one.value)
        for one in readings
        if one.value is not None
    }
