"""Stage 7, forecast: quantiles for every market and horizon, published to the lake, the warehouse and the cache."""

import time

import dagster as dg
import pandas as pd

from steel_assets.assets import features, histories
from steel_assets.assets.checking import Verdict, by_market
from steel_assets.assets.declare import MODEL_TEAM, per_market
from steel_assets.assets.every_market import check_spec, for_each_market
from steel_assets.assets.features import market_features
from steel_assets.assets.issuing import in_force, issue_from
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.plots import forecast_fan
from steel_assets.assets.processed import market_daily
from steel_assets.assets.promotion import promotions
from steel_assets.bootstrap import Platform
from steel_assets.core.published import forecast_json
from steel_assets.core.sanity import Bounds, absurdities
from steel_assets.core.tables import EXPLANATIONS, FORECASTS
from steel_assets.core.types import Market

COMPLETE = "published_completely"
SANE = "sane_forecast"
LATENCY_MS = "latency_ms_per_forecast"


@dg.asset(
    deps=[market_daily, market_features, promotions],
    check_specs=[
        check_spec("forecasts"),
        dg.AssetCheckSpec(
            SANE,
            asset="forecasts",
            description="Level, direction and band width are not absurd against everything the market ever did. An absurd "
            "forecast is not published: the market's earlier one stays in force.",
        ),
        dg.AssetCheckSpec(COMPLETE, asset="forecasts", description="Every market of the run has a forecast at every horizon."),
    ],
    metadata=schema_of(FORECASTS),
    description="What the champions in production say: a point and seven quantiles per market and horizon, on the market's own "
    "trading days. Where no model has earned production, the last price, with intervals from its own past errors. "
    "What each driver contributed to them is in the table `explanations`.",
    **per_market("forecast", "duckdb", "parquet", owner=MODEL_TEAM),
)
def forecasts(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    plots, absurd = {}, {}
    started = time.perf_counter()
    bounds = Bounds(**platform.catalog.rules.sanity.model_dump())

    def work(market: str) -> pd.DataFrame:
        history = histories.load(platform, market)
        rows, explanations = issue_from(platform, history, features.load(platform, history))
        whole = forecast_json(rows)
        absurd[market] = absurdities(history, rows, in_force(platform, market, history.as_of), bounds)
        if absurd[market]:
            return FORECASTS.empty()
        file = f"{rows['issued_date'].iloc[0]:%Y-%m-%d}/{market}-{history.as_of:%Y%m%dT%H%M%SZ}.parquet"
        platform.lake.write(f"predictions/explanations/{file}", explanations, EXPLANATIONS)
        platform.warehouse.upsert(EXPLANATIONS, explanations)
        platform.lake.write(f"predictions/daily/{file}", rows, FORECASTS)
        platform.warehouse.upsert(FORECASTS, rows)
        platform.cache.put("predictions", market, whole)
        daily = platform.lake.read(f"processed-data/daily/{market}.parquet")
        plots[f"forecast {market}"] = forecast_fan(daily, rows, platform.catalog.markets[market].name)
        return rows

    outcome = for_each_market(context, work)
    rows = pd.concat(outcome.results.values(), ignore_index=True)
    complete = {
        market: _complete(rows, platform.catalog.markets[market], withheld=bool(absurd.get(market)))
        for market in context.partition_keys
    }
    sane = {
        market: Verdict(not found, f"not published: {'; '.join(found)}" if found else "level, direction and width as ever")
        for market, found in absurd.items()
    }
    shown = ["market", "horizon", "target_date", "last_price", "predicted_price", "q05", "q95", "unit", "model_family"]
    return dg.MaterializeResult(
        metadata=summary(rows[shown], **in_warehouse(platform.warehouse, FORECASTS))
        | {"dagster/row_count": len(rows), LATENCY_MS: 1000 * (time.perf_counter() - started) / max(len(rows), 1)}
        | plots,
        check_results=[
            outcome.check(),
            by_market(context, "forecasts", SANE, sane),
            by_market(context, "forecasts", COMPLETE, complete),
        ],
    )


def _complete(rows: pd.DataFrame, market: Market, *, withheld: bool) -> Verdict:
    """Whether every horizon of ``market`` is among the published ``rows``; of what sanity withheld, that check tells."""
    missing = [str(h) for h in market.horizons if h not in set(rows.loc[rows["market"] == market.id, "horizon"])]
    text = f"nothing was published {', '.join(missing)} days ahead" if missing else "every horizon"
    return Verdict(not missing, text, told_by=SANE if withheld else None)
