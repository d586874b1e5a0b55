"""Stage 3, features: for each day of issue (origin), figures known by then that may help to predict the price."""

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.metadata import summary
from steel_assets.core.types import Market
from steel_assets.operations import feature_store, histories


def market_features(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset that writes the features of the market."""

    @dg.asset(
        key=key_of(market.id, "market_features"),
        deps=[key_of(market.id, "market_daily")],
        description=f"{market.name}: one row per day of issue (origin), one column per feature. A row uses only figures that "
        "were published before its forecast is issued.",
        **here.stage("features", "pandas", "parquet", market=market),
    )
    def built(lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult:
        frame = feature_store.build(lake, histories.load(here.catalog, lake, market.id))
        share = float(frame.notna().mean().mean())
        shape = pd.DataFrame([{"origins": len(frame), "features": frame.shape[1], "share_known": share}])
        return dg.MaterializeResult(metadata=summary(shape) | {"dagster/row_count": len(frame)})

    return built
