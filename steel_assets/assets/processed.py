"""Stage 2, processed: each market's prices in one unit, what was known on each day, and how far the data can be trusted."""

import dagster as dg
import pandas as pd

from steel_assets.assets import histories
from steel_assets.assets.checking import Verdict, by_market
from steel_assets.assets.declare import per_market
from steel_assets.assets.every_market import Outcome, check_spec, for_each_market
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.moment import moment_of
from steel_assets.assets.raw import collected_assets, imported_files
from steel_assets.assets.trust import quality_rows
from steel_assets.bootstrap import Platform
from steel_assets.core import processed, quality
from steel_assets.core.history import MarketHistory
from steel_assets.core.tables import DATA_QUALITY, MARKET_DAILY, MARKET_MONTHLY, MARKET_WEEKLY, Table

QUALITY = "quality_score"


@dg.asset(
    deps=[*(asset.key for asset in collected_assets), imported_files.key],
    check_specs=[check_spec("market_daily")],
    metadata=schema_of(MARKET_DAILY),
    description="Each market's daily price in the target's unit and currency, and what was known of it and its drivers on each "
    "trading day. Units and currencies are converted here, once.",
    **per_market("processed", "pandas", "parquet"),
)
def market_daily(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    moment = moment_of(context)

    def work(market: str) -> pd.DataFrame:
        history = histories.build(platform, market, moment)
        histories.save(platform, history)
        daily = daily_prices(history)
        platform.lake.write(f"processed-data/daily/{market}.parquet", daily, MARKET_DAILY)
        return daily

    outcome = for_each_market(context, work)
    return _written(outcome, MARKET_DAILY, as_of=dg.MetadataValue.timestamp(moment.timestamp()))


def daily_prices(history: MarketHistory) -> pd.DataFrame:
    """The newest version of each day's price, per tables.MARKET_DAILY."""
    newest = history.prices.drop_duplicates("period", keep="last").rename(columns={"period": "date"})
    return newest.assign(market=history.market.id, unit=history.market.target.unit, simulated=history.simulated)


@dg.asset(
    deps=[market_daily],
    check_specs=[check_spec("market_weekly")],
    metadata=schema_of(MARKET_WEEKLY),
    description="Each market's price by week: first, high, low, last, mean.",
    **per_market("processed", "pandas", "parquet"),
)
def market_weekly(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    def work(market: str) -> pd.DataFrame:
        frame = processed.weekly(platform.lake.read(f"processed-data/daily/{market}.parquet"))
        platform.lake.write(f"processed-data/weekly/{market}.parquet", frame, MARKET_WEEKLY)
        return frame

    return _written(for_each_market(context, work), MARKET_WEEKLY)


@dg.asset(
    deps=[market_daily],
    check_specs=[check_spec("market_monthly")],
    metadata=schema_of(MARKET_MONTHLY),
    description="Each market's price by calendar month: first, high, low, last, mean.",
    **per_market("processed", "pandas", "parquet"),
)
def market_monthly(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    def work(market: str) -> pd.DataFrame:
        frame = processed.monthly(platform.lake.read(f"processed-data/daily/{market}.parquet"))
        platform.lake.write(f"processed-data/monthly/{market}.parquet", frame, MARKET_MONTHLY)
        return frame

    return _written(for_each_market(context, work), MARKET_MONTHLY)


@dg.asset(
    deps=[market_daily],
    check_specs=[
        check_spec("data_quality"),
        dg.AssetCheckSpec(
            QUALITY,
            asset="data_quality",
            description="Each market's quality score, the lowest among the series it cannot be forecast without, is at least the "
            "catalogue's. Below it nothing is trained or promoted.",
        ),
    ],
    metadata=schema_of(DATA_QUALITY),
    description="Completeness, freshness, validity, consistency and outliers of every series a market reads.",
    **per_market("processed", "duckdb"),
)
def data_quality(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    def work(market: str) -> pd.DataFrame:
        rows = quality_rows(platform, market, histories.load(platform, market).as_of)
        platform.warehouse.upsert(DATA_QUALITY, rows)
        return rows

    outcome = for_each_market(context, work)
    least = platform.catalog.rules.acceptance.quality_score
    scores = {market: quality.market_score(rows) for market, rows in outcome.results.items()}
    verdicts = {
        market: Verdict(score >= least, f"{score:.2f}, at least {least} is wanted", score) for market, score in scores.items()
    }
    return _written(
        outcome,
        DATA_QUALITY,
        by_market(context, "data_quality", QUALITY, verdicts),
        **in_warehouse(platform.warehouse, DATA_QUALITY),
    )


def _written(outcome: Outcome[pd.DataFrame], table: Table, *checks: dg.AssetCheckResult, **more: object) -> dg.MaterializeResult:
    """The result of an asset that wrote one frame per market."""
    frame = pd.concat(outcome.results.values(), ignore_index=True)
    latest = frame.groupby("market").tail(3) if "date" in frame or "period" in frame else frame
    return dg.MaterializeResult(
        metadata=summary(latest, **more) | {"dagster/row_count": len(frame), "table_name": table.name},
        check_results=[outcome.check(), *checks],
    )
