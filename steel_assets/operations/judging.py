"""Judges candidates: their scores, those of the last price and of the champion on the same dates, and the criteria."""

import math
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelDamaged, ModelNotFound, ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.champion_challenger import challenger_test
from steel_assets.core.promotion import AcceptanceRules, Contender, Criterion, Decision, acceptance_criteria, decide
from steel_assets.core.scoring import Accuracy, accuracy
from steel_assets.operations.candidates import announced, backtest, family_of
from steel_assets.operations.data_quality import quality_score

CRITERIA = {
    "quality_score": "The market's data quality score is at least the catalogue's limit.",
    "origins": "The candidate was scored on the whole acceptance window.",
    "mape": "MAPE on the acceptance window is at most the catalogue's limit.",
    "r2": "R² on the acceptance window is at least the catalogue's limit; only a warning if the last price is below it too.",
    "rmse": "RMSE on the acceptance window is at most the catalogue's limit, in USD/t.",
}
"""Names of the acceptance criteria, and the statement that each checks."""

NAIVE = "naive"


@dataclass(frozen=True)
class Judgement:
    """The measured acceptance criteria of one market, and the decision at each horizon.

    Attributes:
        damaged: horizon → what is wrong with its candidate, about which nothing is decided.
    """

    market: str
    criteria: list[Criterion]
    decisions: list[Decision]
    damaged: dict[int, str]

    def criterion(self, name: str) -> Criterion:
        """The criterion of that name."""
        return next(criterion for criterion in self.criteria if criterion.name == name)


def judge(catalog: Catalog, lake: Lake, warehouse: Warehouse, models: ModelStore, market: str) -> Judgement:
    """Judge the newest candidates of ``market`` against the last price and the champions that were in production before them.

    A candidate that was promoted is judged again as at first, if a stage is repeated after a crash. The champion is scored again,
    not compared by an old score: its family is walked forward over the same dates as the candidate's.
    """
    newest = announced(lake, market)
    rows = backtest(lake, market)
    rows = rows[rows["y"].notna()]
    declared = catalog.markets[market]
    acceptance = catalog.rules.acceptance
    rules = AcceptanceRules(
        horizon=acceptance.horizon,
        window=acceptance.window_of(declared.frequency),
        mape=acceptance.mape,
        r2=acceptance.r2,
        rmse=acceptance.rmse_usd_per_tonne if declared.target.unit == "USD/t" else None,
        quality_score=acceptance.quality_score,
        frequency=declared.frequency,
    )
    candidates, damaged = _candidates(models, market, newest.versions, rows)
    gate = acceptance.horizon if acceptance.horizon in candidates else min(candidates)
    score = quality_score(catalog, warehouse, market, newest.as_of)
    criteria = acceptance_criteria(rules, score, candidates[gate].accuracy, _scored(rows, gate, NAIVE), declared.target.unit)
    decisions = []
    for horizon, candidate in candidates.items():
        pointer = models.mended(market, horizon)
        found = pointer.before(candidate.version) if pointer else None
        champion = _in_force(models, market, horizon, found.version, rows, candidate.accuracy) if found else None
        other = champion is not None and champion.family != candidate.family
        compared = (
            challenger_test(rows, candidate.family, champion.family, horizon, declared.frequency) if champion and other else None
        )
        decisions.append(decide(market, horizon, criteria, candidate, _scored(rows, horizon, NAIVE), champion, compared))
    return Judgement(market, criteria, decisions, damaged)


def _in_force(models: ModelStore, market: str, horizon: int, version: str, rows: pd.DataFrame, candidate: Accuracy) -> Contender:
    """The champion, scored by its family; without a score if it is damaged so far that the family is not known."""
    family = family_of(models, market, horizon, version)
    if family is None:
        return Contender(version, "damaged", Accuracy(candidate.origins, math.nan, math.nan, math.nan, math.nan))
    return Contender(version, family, _scored(rows, horizon, family))


def _candidates(
    models: ModelStore, market: str, versions: dict[int, str], rows: pd.DataFrame
) -> tuple[dict[int, Contender], dict[int, str]]:
    """The candidates by horizon, and what is wrong with damaged ones.

    Raises:
        ModelDamaged: all of them are damaged.
    """
    found: dict[int, Contender] = {}
    damaged: dict[int, str] = {}
    for horizon, version in versions.items():
        try:
            manifest, _ = models.load("staging", market, horizon, version)
        except (ModelDamaged, ModelNotFound) as error:
            damaged[horizon] = str(error)
            continue
        family = manifest["family"]
        found[horizon] = Contender(version, family, _scored(rows, horizon, family), manifest.get("experiment"))
    if not found:
        raise ModelDamaged("; ".join(damaged.values()))
    return found, damaged


def _scored(rows: pd.DataFrame, horizon: int, family: str) -> Accuracy:
    mine = rows[(rows["h"] == horizon) & (rows["model"] == family)]
    return accuracy(mine["y"], mine["p"])
