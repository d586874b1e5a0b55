"""Stage 8, metrics: how far each market is from what it was, against how far it always is. A warning, never a gate."""

import dagster as dg
import pandas as pd

from steel_assets.adapters.object_store import ObjectNotFound
from steel_assets.assets import features, histories
from steel_assets.assets.checking import Verdict, by_market
from steel_assets.assets.declare import MODEL_TEAM, per_market
from steel_assets.assets.every_market import check_spec, for_each_market
from steel_assets.assets.features import market_features
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.bootstrap import Platform
from steel_assets.core.drift import ALL, RARE, market_drift, newest_rows
from steel_assets.core.tables import DRIFT

CHECK = "drift"


@dg.asset(
    name="drift",
    deps=[market_features],
    check_specs=[
        check_spec("drift"),
        dg.AssetCheckSpec(
            CHECK,
            asset="drift",
            description="Of features, returns and errors, no two are further from the two years before than nearly ever.",
        ),
    ],
    metadata=schema_of(DRIFT),
    description="Distance of the last sixty trading days to the two years before, as Wasserstein distance and population "
    "stability index, and the share of its own past that it exceeds. Drift that lasts launches one retraining.",
    **per_market("metrics", "duckdb", owner=MODEL_TEAM),
)
def drift(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    def work(market: str) -> pd.DataFrame:
        try:
            history = histories.load(platform, market)
        except ObjectNotFound:
            return DRIFT.empty()
        found = market_drift(history, features.load(platform, history))
        rows = newest_rows(found, market, simulated=history.simulated, created_at=history.as_of)
        platform.warehouse.upsert(DRIFT, rows)
        return rows

    outcome = for_each_market(context, work)
    verdicts = {market: _verdict(rows) for market, rows in outcome.results.items()}
    rows = pd.concat(outcome.results.values(), ignore_index=True)
    return dg.MaterializeResult(
        metadata=summary(rows, **in_warehouse(platform.warehouse, DRIFT)),
        check_results=[outcome.check(), by_market(context, "drift", CHECK, verdicts)],
    )


def _verdict(rows: pd.DataFrame) -> Verdict:
    """What the newest measurement of a market says."""
    scores = rows.set_index("subject")["score"]
    if rows.empty or pd.isna(scores[ALL]):
        return Verdict(True, "its history is too short to tell drift from what is usual")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in scores.items() if name != ALL)
    limit = f"two of three are beyond {RARE:.0%}" if scores[ALL] > RARE else "no drift"
    return Verdict(bool(scores[ALL] <= RARE), f"{limit}; further from the two years before than earlier: {shares}", scores[ALL])
