"""Stage 8, metrics: how far a market's newest data differ from before, compared with how far they always do. Only a warning."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.checking import Verdict, result
from steel_assets.assets.declare import MODEL_TEAM, Installation, key_of
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.core.drift import ALL, RARE, market_drift, newest_rows
from steel_assets.core.tables import DRIFT
from steel_assets.core.types import Market
from steel_assets.operations import feature_store, histories

CHECK = "drift"


def drift(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset that measures the drift of the market."""
    key = key_of(market.id, "drift")

    @dg.asset(
        key=key,
        output_required=False,
        deps=[key_of(market.id, "market_features")],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=key,
                description="At most one of features, returns and errors differs from the two years before more than it almost "
                "ever does.",
            )
        ],
        metadata=schema_of(DRIFT),
        description=f"{market.name}: distance between the last sixty trading days and the two years before, as Wasserstein "
        f"distance "
        "and population stability index, and the share of earlier distances that it exceeds. Drift that lasts launches one "
        "retraining.",
        **here.stage("metrics", "duckdb", owner=MODEL_TEAM, market=market),
    )
    def measured(
        lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        try:
            history = histories.load(here.catalog, lake, market.id)
        except ObjectNotFound:  # before the first day, and where no provider of its prices is set up
            yield result(
                here.catalog.rules, key, CHECK, Verdict(True, "no measurement: this market's prices were never processed")
            )
            return
        found = market_drift(history, feature_store.load(lake, history), newest=1)
        rows = newest_rows(found, market.id, simulated=history.simulated, created_at=history.as_of)
        warehouse.upsert(DRIFT, rows)
        yield dg.MaterializeResult(metadata=summary(rows, **in_warehouse(warehouse, DRIFT)))
        yield result(here.catalog.rules, key, CHECK, _verdict(rows))

    return measured


def _verdict(rows: pd.DataFrame) -> Verdict:
    """The verdict on the newest measurement of a market."""
    scores = rows.set_index("subject")["score"]
    if rows.empty or pd.isna(scores[ALL]):
        return Verdict(True, "no measurement: the history is too short to know which distances are usual")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in scores.items() if name != ALL)
    limit = f"drift: two of three are beyond {RARE:.0%}" if scores[ALL] > RARE else "no drift"
    return Verdict(bool(scores[ALL] <= RARE), f"{limit}; share of earlier distances that are exceeded: {shares}", scores[ALL])
