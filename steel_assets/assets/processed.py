"""Stage 2, processed: a market's prices in one unit, what was known on each day, and the quality of its data."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.after_collection import OUT, after_collection
from steel_assets.assets.checking import Verdict, result
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.raw import IMPORTED, key_of_group
from steel_assets.core import processed, quality
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import DATA_QUALITY, MARKET_DAILY, MARKET_MONTHLY, MARKET_WEEKLY
from steel_assets.core.types import Market
from steel_assets.operations import histories
from steel_assets.operations.data_quality import quality_rows
from steel_assets.operations.histories import unfed_by_choice
from steel_assets.operations.market_tables import process, read_daily

QUALITY = "quality_score"
EACH = {"daily": "trading day", "weekly": "week's publication", "monthly": "month's publication"}
SHOWN = 3


def market_daily(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset with the market's daily prices, and with its history as known at the run's moment."""
    groups = {(series.source, series.group) for series in here.catalog.market_series(market.id).values()}
    api = {source.id for source in here.catalog.sources.values() if source.kind == "api"}
    upstream = [key_of_group(*group) for group in sorted(groups) if group[0] in api]

    def body(context: dg.OpExecutionContext) -> Iterator[dg.Output[None]]:
        lake, moment = context.resources.lake, context.resources.clock.moment(context)
        unfed = unfed_by_choice(here.catalog, lake, context.resources.providers, market.id)
        if unfed is not None:
            context.log.info(f"{market.id}: {unfed}")
            return
        daily = process(here.catalog, lake, market.id, moment)
        as_of = dg.MetadataValue.timestamp(moment.timestamp())
        yield dg.Output(None, OUT, metadata=_written(daily, MARKET_DAILY) | {"as_of": as_of})

    return after_collection(
        key_of(market.id, "market_daily"),
        [*upstream, IMPORTED],
        body,
        description=f"{market.name}: the {market.frequency} price in {market.target.unit}, and what was known of it and of its "
        f"drivers on each {EACH[market.frequency]}. Units and currencies are converted here and nowhere else.",
        metadata=schema_of(MARKET_DAILY),
        resources={"lake", "providers", "clock"},
        **here.stage("processed", "pandas", "parquet", market=market),
    )


def market_periods(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The assets with the market's prices by week and by month."""
    weekly, monthly = key_of(market.id, "market_weekly"), key_of(market.id, "market_monthly")
    daily = key_of(market.id, "market_daily")
    shared = here.stage("processed", "pandas", "parquet", market=market)
    text = f"{market.name}: the price by {{}}: first, high, low, last, mean."

    @dg.multi_asset(
        name=f"{market.id}__market_periods",
        can_subset=True,
        specs=[
            dg.AssetSpec(weekly, deps=[daily], description=text.format("week"), metadata=schema_of(MARKET_WEEKLY), **shared),
            dg.AssetSpec(
                monthly, deps=[daily], description=text.format("calendar month"), metadata=schema_of(MARKET_MONTHLY), **shared
            ),
        ],
    )
    def periods(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Iterator[dg.MaterializeResult]:
        prices = read_daily(here.catalog, lake, market.id)
        for key, folder, summed, table in (
            (weekly, "weekly", processed.weekly, MARKET_WEEKLY),
            (monthly, "monthly", processed.monthly, MARKET_MONTHLY),
        ):
            if key in context.selected_asset_keys:
                frame = summed(prices)
                lake.write(f"processed-data/{folder}/{market.id}.parquet", frame, table)
                yield dg.MaterializeResult(asset_key=key, metadata=_written(frame, table))

    return periods


def data_quality(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset that scores the data quality of the series that the market reads."""
    key = key_of(market.id, "data_quality")

    @dg.asset(
        key=key,
        deps=[key_of(market.id, "market_daily")],
        check_specs=[
            dg.AssetCheckSpec(
                QUALITY,
                asset=key,
                description="The lowest data quality score of the series that the market's forecasts require is at least the "
                "catalogue's limit. Below the limit no model is trained or promoted.",
            )
        ],
        metadata=schema_of(DATA_QUALITY),
        description=f"{market.name}: completeness, freshness, validity, consistency and outliers of every series it reads.",
        **here.stage("processed", "duckdb", market=market),
    )
    def assessed(lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult:
        rows = quality_rows(here.catalog, lake, market.id, histories.load(here.catalog, lake, market.id).as_of)
        warehouse.upsert(DATA_QUALITY, rows)
        least, score = here.catalog.rules.acceptance.quality_score, quality.market_score(rows)
        verdict = Verdict(score >= least, f"{score:.2f}, at least {least} is required", score)
        return dg.MaterializeResult(
            metadata=_written(rows, DATA_QUALITY) | in_warehouse(warehouse, DATA_QUALITY),
            check_results=[result(here.catalog.rules, key, QUALITY, verdict)],
        )

    return assessed


def _written(frame: pd.DataFrame, table: Table) -> dict[str, Any]:
    """Metadata of an asset that wrote ``frame``; a table by day shows its newest rows."""
    by_day = "date" in frame or "period" in frame
    return summary(frame.tail(SHOWN) if by_day else frame) | {"dagster/row_count": len(frame), "table_name": table.name}
