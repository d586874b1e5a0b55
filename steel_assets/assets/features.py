"""Stage 3, features: numbers that were known at each origin and may say something about the next price."""

import dagster as dg
import pandas as pd

from steel_assets.assets import histories
from steel_assets.assets.declare import per_market
from steel_assets.assets.every_market import check_spec, for_each_market
from steel_assets.assets.metadata import summary
from steel_assets.assets.processed import market_daily
from steel_assets.bootstrap import Platform
from steel_assets.core.history import MarketHistory


class FeaturesBehind(RuntimeError):
    """The features in the lake are not of the history that shall be forecast from."""


@dg.asset(
    deps=[market_daily],
    check_specs=[check_spec("market_features")],
    description="One row per origin and market, one column per feature. A row uses only figures published by its issue moment.",
    **per_market("features", "pandas", "parquet"),
)
def market_features(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    from steel_assets.core.features import build_features

    def work(market: str) -> pd.DataFrame:
        frame = build_features(histories.load(platform, market))
        platform.lake.write(_key(market), frame.rename_axis("origin").reset_index())
        return frame

    outcome = for_each_market(context, work)
    shapes = pd.DataFrame(
        [
            {
                "market": market,
                "origins": len(frame),
                "features": frame.shape[1],
                "share_known": float(frame.notna().mean().mean()),
            }
            for market, frame in outcome.results.items()
        ]
    )
    return dg.MaterializeResult(metadata=summary(shapes), check_results=[outcome.check()])


def load(platform: Platform, history: MarketHistory) -> pd.DataFrame:
    """What ``market_features`` wrote for ``history``.

    Raises:
        FeaturesBehind: it was written for another history.
        ObjectNotFound: it never was.
    """
    market = history.market.id
    frame = platform.lake.read(_key(market)).set_index("origin").rename_axis(None)
    if not frame.index.equals(history.origins):
        raise FeaturesBehind(f"{market}: its features are not those of its history; materialise market_features")
    return frame.set_index(history.origins)


def _key(market: str) -> str:
    return f"processed-data/daily/features/{market}.parquet"
