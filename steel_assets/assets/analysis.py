"""Stage 3, features: statistics of a market's past, each with its test. They are shown to people; no forecast reads them."""

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.assets.declare import MODEL_TEAM, Installation, key_of
from steel_assets.assets.metadata import link
from steel_assets.core.types import Market
from steel_assets.operations import analysis, histories


def market_analysis(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset that stores the analysis of the market."""

    @dg.asset(
        key=key_of(market.id, "market_analysis"),
        deps=[key_of(market.id, "market_daily")],
        description=f"{market.name}: trend and breaks, seasonality, volatility, the level of price and margins within their "
        f"past, "
        "which series leads which, and what followed similar situations. Each statement has its n and a test, corrected for "
        "their number, and uses only what was known.",
        **here.stage("features", "json", owner=MODEL_TEAM, market=market),
    )
    def analysed(lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult:
        said = analysis.analysis(here.catalog, histories.load(here.catalog, lake, market.id))
        findings = [statement["sentence"] for statement in said["statements"] if statement["finding"]]
        return dg.MaterializeResult(
            metadata={
                "as_of": dg.MetadataValue.timestamp(pd.Timestamp(said["as_of"]).timestamp()),
                "statements": len(said["statements"]),
                "findings": len(findings),
                "more than chance": dg.MetadataValue.md("\n".join(f"- {text}" for text in findings) or "nothing"),
                "not said": len(said["unsaid"]),
                "analysis": link(analysis.save(lake, said)),
            }
        )

    return analysed
