"""Promotion: carries out the decisions about a market's newest candidates, once, and writes them to the ledger."""

from contextlib import suppress
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import Conflict, ModelDamaged, ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.imports import trained_at
from steel_assets.core.promotion import Decision, ledger
from steel_assets.core.tables import PROMOTIONS
from steel_assets.operations.candidates import announced
from steel_assets.operations.judging import judge


@dataclass(frozen=True)
class Promoted:
    """What one call did.

    Attributes:
        rows: new rows of tables.PROMOTIONS.
        pruned: former versions that were deleted by the rule ``model_backups``.
        damaged: horizon → what is wrong with its candidate, about which nothing was decided.
    """

    rows: pd.DataFrame
    pruned: list[str]
    damaged: dict[int, str]


def promote(
    catalog: Catalog, lake: Lake, warehouse: Warehouse, models: ModelStore, market: str, moment: pd.Timestamp
) -> Promoted:
    """Decide on the newest candidates of ``market``, except those that were decided on before.

    Raises:
        Conflict: the champion that a candidate was judged against is no longer in force.
    """
    versions = list(announced(lake, market).versions.values())
    judged = warehouse.read(PROMOTIONS, {"market": market, "candidate_version": versions})
    judgement = judge(catalog, lake, warehouse, models, market)
    decided = set(judged["candidate_version"])
    open_decisions = [decision for decision in judgement.decisions if decision.candidate.version not in decided]
    for decision in open_decisions:
        _switch(models, decision, moment)
    rows = ledger(open_decisions, moment)
    warehouse.upsert(PROMOTIONS, rows)
    pruned = prune_former(catalog, models, market, moment)
    drop_rejected(catalog, lake, models, market, moment)
    return Promoted(rows, pruned, judgement.damaged)


def _switch(models: ModelStore, decision: Decision, moment: pd.Timestamp) -> None:
    """Put a promoted candidate in force. The ledger is written later: after a crash in between the decision is repeated."""
    if not decision.promoted:
        return
    market, horizon, version = decision.market, decision.horizon, decision.candidate.version
    expected = models.production(market, horizon)
    judged = decision.champion.version if decision.champion else None
    in_force = expected.version if expected else None
    if in_force not in (judged, version):
        raise Conflict(f"{version} was judged against {judged}, but {in_force} is in force now; materialise promotions again")
    models.promote(market, horizon, version, expected, moment.to_pydatetime())


def prune_former(catalog: Catalog, models: ModelStore, market: str, moment: pd.Timestamp) -> list[str]:
    """Delete former models that the rule does not keep. It is called last, so that no decision waits for it."""
    rule = catalog.rules.model_backups
    given_up: list[str] = []
    for horizon in catalog.markets[market].horizons:
        with suppress(Conflict):  # somebody rolls back at this moment; the next retraining prunes
            given_up += models.prune(market, horizon, rule.versions, rule.days, moment.to_pydatetime())
    return given_up


def drop_rejected(catalog: Catalog, lake: Lake, models: ModelStore, market: str, moment: pd.Timestamp) -> list[str]:
    """Delete candidates older than ``retention.candidate_days`` that were never promoted, except the newest ones."""
    newest = set(announced(lake, market).versions.values())
    before = moment - pd.Timedelta(days=catalog.rules.retention.candidate_days)
    dropped: list[str] = []
    for horizon in catalog.markets[market].horizons:
        staged = models.staged(market, horizon)
        old = [name for name in staged if name not in newest and (at := trained_at(name)) is not None and at < before]
        with suppress(ModelDamaged):  # it is not known what was promoted; the pointer is restored when it is read next
            dropped += models.drop_candidates(market, horizon, old)
    return dropped
