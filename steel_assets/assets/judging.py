"""A candidate before the bar: its scores, the last price's and the champion's on the same dates, and the criteria."""

from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.model_store import Stage
from steel_assets.assets.model import announced, validation_key
from steel_assets.assets.trust import quality_score
from steel_assets.bootstrap import Platform
from steel_assets.core.accuracy import Accuracy, accuracy
from steel_assets.core.contest import contest
from steel_assets.core.promotion import AcceptanceRules, Contender, Criterion, Decision, acceptance_criteria, decide

CRITERIA = {
    "quality_score": "The market's data is good enough to train on.",
    "origins": "The candidate was scored on the whole acceptance window.",
    "mape": "MAPE on the acceptance window is at most the catalogue's.",
    "r2": "R² on the acceptance window is at least the catalogue's; it warns where the last price itself falls short.",
    "rmse": "RMSE on the acceptance window is at most the catalogue's, in USD/t.",
}
"""Names of the acceptance criteria and what they ask."""

NAIVE = "naive"


@dataclass(frozen=True)
class Judgement:
    """The acceptance criteria of one market as measured, and what is decided at each horizon."""

    market: str
    criteria: list[Criterion]
    decisions: list[Decision]

    def criterion(self, name: str) -> Criterion:
        """The criterion of that name."""
        return next(one for one in self.criteria if one.name == name)


def judge(platform: Platform, market: str) -> Judgement:
    """Judge the newest candidates of ``market`` against the last price and the champions that they found in production.

    So a candidate that took over is judged again as it was the first time, whenever a stage dies and is run again. A champion is
    re-scored, never compared by an old score: its family walked forward over the same dates as the candidate's.
    """
    newest = announced(platform, market)
    rows = platform.lake.read(validation_key(market))
    rows = rows[rows["y"].notna()]
    declared = platform.catalog.markets[market]
    acceptance = platform.catalog.rules.acceptance
    rules = AcceptanceRules(
        horizon=acceptance.horizon,
        window=acceptance.window,
        mape=acceptance.mape,
        r2=acceptance.r2,
        rmse=acceptance.rmse_usd_per_tonne if declared.target.unit == "USD/t" else None,
        quality_score=acceptance.quality_score,
    )
    candidates = {h: _contender(platform, "staging", market, h, version, rows) for h, version in newest.versions.items()}
    gate = acceptance.horizon if acceptance.horizon in candidates else min(candidates)
    score = quality_score(platform, market, newest.as_of)
    criteria = acceptance_criteria(rules, score, candidates[gate].accuracy, _scored(rows, gate, NAIVE), declared.target.unit)
    decisions = []
    for horizon, candidate in candidates.items():
        pointer = platform.models.production(market, horizon)
        found = pointer.before(candidate.version) if pointer else None
        champion = _contender(platform, "production", market, horizon, found.version, rows) if found else None
        other = champion is not None and champion.family != candidate.family
        compared = contest(rows, candidate.family, champion.family, horizon) if champion and other else None
        decisions.append(decide(market, horizon, criteria, candidate, _scored(rows, horizon, NAIVE), champion, compared))
    return Judgement(market, criteria, decisions)


def _contender(platform: Platform, stage: Stage, market: str, horizon: int, version: str, rows: pd.DataFrame) -> Contender:
    manifest, _ = platform.models.load(stage, market, horizon, version)
    return Contender(version, manifest["family"], _scored(rows, horizon, manifest["family"]))


def _scored(rows: pd.DataFrame, horizon: int, family: str) -> Accuracy:
    mine = rows[(rows["h"] == horizon) & (rows["model"] == family)]
    return accuracy(mine["y"], mine["p"])
