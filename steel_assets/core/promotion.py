"""Decides whether a candidate replaces the champion: acceptance criteria, comparison on the same dates, reason in words.

A decision is made per market and horizon. Acceptance, measured at one horizon, is required for the whole market. At each horizon
a candidate must also be no worse than the last price and no worse than the champion, all scored on the same dates. A candidate of
another family than the champion's must be significantly better (``challenger_test``), unless the champion has failed. A figure
that cannot be measured never passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from steel_assets.core.champion_challenger import ChallengerTest
from steel_assets.core.periods import counted
from steel_assets.core.scoring import Accuracy
from steel_assets.core.tables import PROMOTIONS
from steel_assets.core.types import MarketFrequency

TIE = 1e-6
"""Relative difference of two mean absolute errors below which they count as equal."""

FEWEST_ORIGINS = 20
"""Least number of forecasts to judge a model."""

Severity = Literal["error", "warn"]


@dataclass(frozen=True)
class AcceptanceRules:
    """What a candidate must reach ``horizon`` business days ahead over the last ``window`` origins.

    Attributes:
        mape: highest mean absolute percentage error, a share.
        r2: lowest coefficient of determination.
        rmse: highest root mean squared error in the target's unit; None where the rule (in USD/t) does not apply.
        quality_score: lowest score of the market's data.
        frequency: of the market, whose weeks or months count instead of business days.
    """

    horizon: int
    window: int
    mape: float
    r2: float
    rmse: float | None
    quality_score: float
    frequency: MarketFrequency = "daily"


@dataclass(frozen=True)
class Criterion:
    """One measured acceptance criterion. Only a failed one of severity ``error`` blocks."""

    name: str
    value: float | None
    limit: float | None
    passed: bool
    severity: Severity
    text: str

    @property
    def blocks(self) -> bool:
        """Whether it prevents a promotion."""
        return not self.passed and self.severity == "error"


@dataclass(frozen=True)
class Contender:
    """A model version with its scores.

    Attributes:
        experiment: the experiment that its family won, if it is a candidate for that reason.
    """

    version: str
    family: str
    accuracy: Accuracy
    experiment: str | None = None


@dataclass(frozen=True)
class Decision:
    """The decision about a candidate, with its reason."""

    market: str
    horizon: int
    decision: Literal["promoted", "rejected"]
    reason: str
    candidate: Contender
    champion: Contender | None
    naive: Accuracy

    @property
    def promoted(self) -> bool:
        """Whether the candidate replaces the champion."""
        return self.decision == "promoted"


def acceptance_criteria(
    rules: AcceptanceRules, quality_score: float, candidate: Accuracy, naive: Accuracy, unit: str = "USD/t"
) -> list[Criterion]:
    """The criteria as measured at ``rules.horizon``, for the decision and for the asset checks.

    Args:
        quality_score: lowest score of the market's critical series, 0-1.
        candidate, naive: the candidate and the last price on the same dates.
        unit: of the target, for the texts.

    Raises:
        ValueError: candidate and last price were scored on different numbers of dates.
    """
    _same_dates(candidate, naive)
    return [
        _at_least("quality_score", quality_score, rules.quality_score, "data quality", "{:.2f}"),
        _evidence(rules, candidate),
        _at_most("mape", candidate.mape, rules.mape, "MAPE", "{:.2%}"),
        _r2(rules, candidate, naive),
        _rmse(rules, candidate, unit),
    ]


def decide(
    market: str,
    horizon: int,
    criteria: Sequence[Criterion],
    candidate: Contender,
    naive: Accuracy,
    champion: Contender | None,
    compared: ChallengerTest | None = None,
) -> Decision:
    """Promote or reject ``candidate`` at one horizon.

    Args:
        criteria: the market's acceptance criteria, from ``acceptance_criteria``.
        candidate, naive, champion: all scored at ``horizon`` on the same dates; champion is None if there is none.
        compared: candidate and champion day by day, if they are of different families.

    Raises:
        ValueError: they were scored on different numbers of dates.
    """
    _same_dates(candidate.accuracy, naive)
    if champion:
        _same_dates(candidate.accuracy, champion.accuracy)
    promoted, reason = _verdict(criteria, candidate, naive, champion, compared)
    won = [f"its family won experiment {candidate.experiment}"] if candidate.experiment else []
    warnings = [criterion.text for criterion in criteria if not criterion.passed and not criterion.blocks]
    return Decision(
        market=market,
        horizon=horizon,
        decision="promoted" if promoted else "rejected",
        reason="; ".join([reason, *won, *(f"note: {text}" for text in warnings)]),
        candidate=candidate,
        champion=champion,
        naive=naive,
    )


def ledger(decisions: Sequence[Decision], decided_at: pd.Timestamp) -> pd.DataFrame:
    """Rows of the promotion ledger, as ``tables.PROMOTIONS`` declares them.

    Args:
        decided_at: moment of the decisions, UTC; also ``created_at`` of the rows.
    """
    if not decisions:
        return PROMOTIONS.empty()
    rows = [
        {
            "decided_at": decided_at,
            "market": decision.market,
            "horizon": decision.horizon,
            "candidate_version": decision.candidate.version,
            "candidate_family": decision.candidate.family,
            "champion_version": decision.champion.version if decision.champion else None,
            "champion_family": decision.champion.family if decision.champion else None,
            "decision": decision.decision,
            "reason": decision.reason,
            "candidate_mae": decision.candidate.accuracy.mae,
            "champion_mae": decision.champion.accuracy.mae if decision.champion else math.nan,
            "naive_mae": decision.naive.mae,
            "created_at": decided_at,
        }
        for decision in decisions
    ]
    return PROMOTIONS.enforce(pd.DataFrame(rows))


def _verdict(
    criteria: Sequence[Criterion],
    candidate: Contender,
    naive: Accuracy,
    champion: Contender | None,
    compared: ChallengerTest | None,
) -> tuple[bool, str]:
    blocking = [criterion.text for criterion in criteria if criterion.blocks]
    if blocking:
        return False, f"the market fails acceptance: {'; '.join(blocking)}"
    mae = candidate.accuracy.mae
    if not (math.isfinite(mae) and math.isfinite(naive.mae)):
        return False, "no forecast of this candidate could be scored on a known price"
    if _worse(mae, naive.mae):
        return False, f"worse than the last price: {_against(mae, naive.mae)}"
    beside_naive = f"{_against(mae, naive.mae)} of the last price"
    if champion is None:
        return True, f"first model here; {beside_naive}"
    if champion.version == candidate.version:
        return True, f"in production already; {beside_naive}"
    theirs = champion.accuracy.mae
    if not math.isfinite(theirs):
        return True, f"the champion could not be scored on these dates; {beside_naive}"
    if champion.family == candidate.family:
        return True, f"of the champion's family, refreshed with newer data; {beside_naive}"
    if compared is not None and compared.failing:
        return True, f"the champion has gone wrong: {compared}; {beside_naive}"
    if _worse(mae, theirs):
        return False, f"worse than the champion on the same dates: {_against(mae, theirs)}"
    if not _worse(theirs, mae):
        return False, f"as good as the champion but no better: a tie keeps the champion; {beside_naive}"
    if compared is None or not compared.won:
        return False, f"not better than the champion beyond luck: {_against(mae, theirs)} ({compared or 'not compared'})"
    return True, f"better than the champion on the same dates: {_against(mae, theirs)} ({compared}); {beside_naive}"


def _evidence(rules: AcceptanceRules, candidate: Accuracy) -> Criterion:
    enough = candidate.origins >= rules.window
    ahead = f"{rules.horizon} business days" if rules.frequency == "daily" else counted(rules.horizon, rules.frequency)
    text = f"scored on {candidate.origins} of the {rules.window} forecasts wanted, {ahead} ahead"
    severity: Severity = "warn" if candidate.origins >= FEWEST_ORIGINS else "error"
    return Criterion("origins", float(candidate.origins), float(rules.window), enough, severity, text)


def _r2(rules: AcceptanceRules, candidate: Accuracy, naive: Accuracy) -> Criterion:
    measured = _at_least("r2", candidate.r2, rules.r2, "R²", "{:.3f}")
    if measured.passed or naive.r2 >= rules.r2:
        return measured
    text = f"{measured.text}; does not block, because on these dates the last price itself has R² {_in_words(naive.r2, '{:.3f}')}"
    return Criterion("r2", measured.value, rules.r2, False, "warn", text)


def _rmse(rules: AcceptanceRules, candidate: Accuracy, unit: str) -> Criterion:
    if rules.rmse is not None:
        return _at_most("rmse", candidate.rmse, rules.rmse, "RMSE", "{:.2f} " + unit)
    text = f"RMSE {_in_words(candidate.rmse, '{:.2f}')} {unit}; not applicable, the limit is in USD/t"
    return Criterion("rmse", _number(candidate.rmse), None, True, "warn", text)


def _at_most(name: str, value: float, limit: float, label: str, style: str) -> Criterion:
    text = f"{label} {_in_words(value, style)}, at most {style.format(limit)} wanted"
    return Criterion(name, _number(value), limit, value <= limit, "error", text)


def _at_least(name: str, value: float, limit: float, label: str, style: str) -> Criterion:
    text = f"{label} {_in_words(value, style)}, at least {style.format(limit)} wanted"
    return Criterion(name, _number(value), limit, value >= limit, "error", text)


def _in_words(value: float, style: str) -> str:
    return style.format(value) if math.isfinite(value) else "cannot be measured"


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _worse(mae: float, than: float) -> bool:
    return mae > than * (1 + TIE)


def _against(mae: float, than: float) -> str:
    ratio = f"{mae / than:.3f} times" if than > 0 else "not comparable to"
    return f"MAE {mae:.2f}, {ratio} the {than:.2f}"


def _same_dates(accuracy: Accuracy, other: Accuracy) -> None:
    if accuracy.origins != other.origins:
        raise ValueError(f"scores must be on the same dates, got {accuracy.origins} and {other.origins} origins")
