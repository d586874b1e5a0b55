"""Stage 6, promotion: an accepted candidate no worse than the champion takes over; each decision is kept with its reason."""

from contextlib import suppress

import dagster as dg
import pandas as pd

from steel_assets.adapters.model_store import Conflict
from steel_assets.assets.declare import MODEL_TEAM, per_market
from steel_assets.assets.every_market import check_spec, for_each_market
from steel_assets.assets.judging import judge
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.model import announced
from steel_assets.assets.moment import moment_of
from steel_assets.assets.validation import validation_scores
from steel_assets.bootstrap import Platform
from steel_assets.core.promotion import Decision, ledger
from steel_assets.core.tables import PROMOTIONS


@dg.asset(
    deps=[validation_scores],
    check_specs=[check_spec("promotions")],
    metadata=schema_of(PROMOTIONS),
    description="The promotion ledger. An accepted candidate becomes `models/production` by an atomic switch of a pointer; what "
    "was there before goes to `models/backups`, what is old is deleted by the rule `model_backups`. Materialising it again "
    "decides nothing twice.",
    **per_market("promotion", "duckdb", owner=MODEL_TEAM),
)
def promotions(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    moment = moment_of(context)
    pruned: list[str] = []

    def work(market: str) -> pd.DataFrame:
        versions = list(announced(platform, market).versions.values())
        judged = platform.warehouse.read(PROMOTIONS, {"market": market, "candidate_version": versions})
        open_decisions = [
            decision
            for decision in judge(platform, market).decisions
            if decision.candidate.version not in set(judged["candidate_version"])
        ]
        for decision in open_decisions:
            _switch(platform, decision, moment)
        rows = ledger(open_decisions, moment)
        platform.warehouse.upsert(PROMOTIONS, rows)
        pruned.extend(prune_former(platform, market, moment))
        return rows

    outcome = for_each_market(context, work)
    rows = pd.concat(outcome.results.values(), ignore_index=True)
    return dg.MaterializeResult(
        metadata=summary(
            rows[["market", "horizon", "decision", "candidate_family", "reason"]],
            promoted=int((rows["decision"] == "promoted").sum()),
            rejected=int((rows["decision"] == "rejected").sum()),
            pruned=len(pruned),
            **in_warehouse(platform.warehouse, PROMOTIONS),
        ),
        check_results=[outcome.check()],
    )


def _switch(platform: Platform, decision: Decision, moment: pd.Timestamp) -> None:
    """Put a promoted candidate in force. The switch comes before its ledger row: a crash in between is decided again, alike.

    Raises:
        Conflict: the champion it was judged against is not in force any more.
    """
    if not decision.promoted:
        return
    market, horizon, version = decision.market, decision.horizon, decision.candidate.version
    expected = platform.models.production(market, horizon)
    judged = decision.champion.version if decision.champion else None
    in_force = expected.version if expected else None
    if in_force not in (judged, version):
        raise Conflict(f"{version} was judged against {judged}, but {in_force} is in force now; materialise promotions again")
    platform.models.promote(market, horizon, version, expected, moment.to_pydatetime())


def prune_former(platform: Platform, market: str, moment: pd.Timestamp) -> list[str]:
    """Give up former models that the rule does not keep: last of all, so that no decision waits for it."""
    rule = platform.catalog.rules.model_backups
    given_up: list[str] = []
    for horizon in platform.catalog.markets[market].horizons:
        with suppress(Conflict):  # somebody rolls back at this moment; the next retraining prunes
            given_up += platform.models.prune(market, horizon, rule.versions, rule.days, moment.to_pydatetime())
    return given_up
