"""Stage 4, model: a walk-forward backtest of every model family on the market's history, and one candidate for each horizon."""

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.declare import MODEL_TEAM, Installation, key_of
from steel_assets.assets.metadata import link, summary
from steel_assets.core.types import Market
from steel_assets.operations.training import train_candidate


def candidate_models(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset that trains the candidates of the market."""

    @dg.asset(
        key=key_of(market.id, "candidate_models"),
        deps=[key_of(market.id, "market_features"), key_of(market.id, "data_quality")],
        description=f"{market.name}: one candidate per horizon in `models/staging`: the family with the smallest out-of-sample "
        "errors, fitted on everything known now. Its walk-forward forecasts are in `predictions/validation`.",
        **here.stage("model", "scikitlearn", "prophet", owner=MODEL_TEAM, market=market),
    )
    def trained(
        lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse], models: dg.ResourceParam[ModelStore]
    ) -> dg.MaterializeResult:
        candidate, versions = train_candidate(here.catalog, lake, warehouse, models, market.id)
        rows = pd.DataFrame(
            {"horizon": h, "version": versions[h], "family": bundle.family, "why": candidate.choices[h].reason}
            for h, bundle in candidate.bundles.items()
        )
        walked = candidate.folds.values()
        counted = {
            "folds_kept": sum(sum(folds.taken.values()) for folds in walked),
            "folds_computed": sum(sum(folds.computed.values()) for folds in walked),
        }
        return dg.MaterializeResult(metadata=summary(rows) | counted | {"folder": link(lake.store.uri("models/staging"))})

    return trained
