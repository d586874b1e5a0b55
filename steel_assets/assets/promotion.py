"""Stage 6, promotion: an accepted candidate that is no worse than the champion replaces it; the ledger keeps each reason."""

import dagster as dg

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.checking import Verdict, result
from steel_assets.assets.declare import MODEL_TEAM, Installation, key_of
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.moment import Clock
from steel_assets.core.periods import ahead
from steel_assets.core.tables import PROMOTIONS
from steel_assets.core.types import Market
from steel_assets.operations.promoting import promote

WHOLE = "whole_candidates"


def promotions(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset that decides on the market's candidates and writes the promotion ledger."""
    key = key_of(market.id, "promotions")

    @dg.asset(
        key=key,
        deps=[key_of(market.id, "validation_scores")],
        check_specs=[
            dg.AssetCheckSpec(
                WHOLE,
                asset=key,
                description="Every candidate's file could be read. No decision is made about a damaged one.",
            )
        ],
        metadata=schema_of(PROMOTIONS),
        description=f"{market.name}: the promotion ledger. An accepted candidate becomes `models/production` by an atomic "
        "switch of a pointer; the model before it goes to `models/backups`, where old ones are deleted by the rule "
        "`model_backups`. Materialising it again repeats no decision.",
        **here.stage("promotion", "duckdb", owner=MODEL_TEAM, market=market),
    )
    def promoted(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        models: dg.ResourceParam[ModelStore],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        done = promote(here.catalog, lake, warehouse, models, market.id, clock.moment(context))
        damaged = "; ".join(f"{ahead(horizon, market.frequency)}: {why}" for horizon, why in done.damaged.items())
        verdict = Verdict(not damaged, damaged or "every candidate is whole")
        return dg.MaterializeResult(
            metadata=summary(
                done.rows[["horizon", "decision", "candidate_family", "reason"]],
                promoted=int((done.rows["decision"] == "promoted").sum()),
                rejected=int((done.rows["decision"] == "rejected").sum()),
                pruned=len(done.pruned),
                **in_warehouse(warehouse, PROMOTIONS),
            ),
            check_results=[result(here.catalog.rules, key, WHOLE, verdict)],
        )

    return promoted
