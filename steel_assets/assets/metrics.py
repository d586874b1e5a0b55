"""Stage 8, metrics: a market's published forecasts compared with what happened, and its figures of each day."""

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.checking import Verdict, result, together
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.moment import Clock, issue_of
from steel_assets.catalog.rules import Coverage
from steel_assets.core.intervals import chance_of
from steel_assets.core.tables import METRICS_DAILY, PREDICTIONS_VS_REALITY
from steel_assets.core.types import Market
from steel_assets.operations import scoring

COVERAGE = "interval_coverage"


def predictions_vs_reality(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset that compares the market's published forecasts with the prices of their target days."""

    @dg.asset(
        key=key_of(market.id, "predictions_vs_reality"),
        deps=[key_of(market.id, "forecasts")],
        partitions_def=here.days,
        metadata=schema_of(PREDICTIONS_VS_REALITY),
        description=f"{market.name}: every published forecast whose target day was reached by this day, with the price that day "
        "and the last price known when it was issued. Replayed forecasts are left out.",
        **here.stage("metrics", "duckdb", market=market),
    )
    def scored(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        published: dg.ResourceParam[Publications],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        issue = issue_of(context, clock, here.catalog.rules.schedules)
        done = scoring.score(
            here.catalog,
            lake,
            warehouse,
            published,
            market.id,
            issue.moment,
            replayed=issue.replayed,
        )
        refilled = {"damaged_warehouse": dg.MetadataValue.text(done.refilled)} if done.refilled else {}
        return dg.MaterializeResult(metadata=summary(done.rows, **in_warehouse(warehouse, PREDICTIONS_VS_REALITY)) | refilled)

    return scored


def metrics_daily(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset with the market's daily figures."""
    key = key_of(market.id, "metrics_daily")

    @dg.asset(
        key=key,
        deps=[key_of(market.id, name) for name in ("predictions_vs_reality", "drift")],
        partitions_def=here.days,
        check_specs=[
            dg.AssetCheckSpec(
                COVERAGE,
                asset=key,
                description="At every horizon, the share of prices inside the 90 % intervals differs from 90 % by no more than "
                "chance explains.",
            ),
        ],
        metadata=schema_of(METRICS_DAILY),
        description=f"{market.name}: MAPE, R² and RMSE of published forecasts, coverage, drift, counts, the service's latency "
        "and the share of the day's estimated cost, by horizon.",
        **here.stage("metrics", "duckdb", market=market),
    )
    def measured(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        issue = issue_of(context, clock, here.catalog.rules.schedules)
        rows = scoring.measure(here.catalog, lake, warehouse, market.id, issue.day, issue.moment, replayed=issue.replayed)
        rules = here.catalog.rules
        return dg.MaterializeResult(
            metadata=summary(rows, **in_warehouse(warehouse, METRICS_DAILY)),
            check_results=[result(rules, key, COVERAGE, together(_coverage(rows, rules.coverage)))],
        )

    return measured


def _coverage(rows: pd.DataFrame, rule: Coverage) -> dict[str, Verdict]:
    """The verdict on the 90 % intervals of each horizon with enough forecasts whose day has come."""
    found = {}
    for row in rows.itertuples():
        chance = chance_of(row.coverage_90, row.origins, row.horizon, rule.level)
        if chance is not None:
            text = f"{row.coverage_90:.0%} of {row.origins} prices inside; chance would do that {chance:.2%} of the time"
            found[f"{row.horizon} d"] = Verdict(chance >= rule.significance, text, row.coverage_90)
    return found
