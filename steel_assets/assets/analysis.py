"""Stage 3, features: what can be said of a market's past, each statement with its test. People read it; no forecast does."""

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.assets.declare import MODEL_TEAM, Installation, key_of
from steel_assets.assets.metadata import link
from steel_assets.core.types import Market
from steel_assets.operations import analysis, histories


def market_analysis(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The analysis of the market."""

    @dg.asset(
        key=key_of(market.id, "market_analysis"),
        deps=[key_of(market.id, "market_daily")],
        description=f"{market.name}: trend and breaks, time of year, volatility, where price and margins stand, who leads whom, "
        "and what followed when it looked like this, each with n and a test; all corrected together. Only of what was known.",
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
