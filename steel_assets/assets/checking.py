"""Checks that are made market by market: one evaluation for each, where they are partitions, and one for the asset.

How bad a failed check is, and whether it is told by itself, is in the catalogue (``rules.checks``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from steel_assets.bootstrap import catalog

TOLD_BY = "told_by"
"""Metadata of an evaluation: the check that tells people of the same cause."""

SEVERITIES = {"warn": dg.AssetCheckSeverity.WARN, "error": dg.AssetCheckSeverity.ERROR}


@dataclass(frozen=True)
class Verdict:
    """What a check found in one market.

    Attributes:
        text: a sentence about it.
        value: the figure, where there is one.
        told_by: another check that failed for the same cause and tells people; this one is only shown.
    """

    passed: bool
    text: str
    value: float | None = None
    told_by: str | None = None


def severity_of(check: str) -> dg.AssetCheckSeverity:
    """How bad it is when ``check`` fails."""
    return SEVERITIES[catalog().rules.check(check).severity]


def by_market(context: dg.AssetExecutionContext, asset: str, check: str, verdicts: Mapping[str, Verdict]) -> dg.AssetCheckResult:
    """Log the verdict on each market as an evaluation of its own; the evaluation of the asset as a whole."""
    severity = severity_of(check)
    for market, verdict in verdicts.items():
        more = {"value": None if verdict.value is None else float(verdict.value), TOLD_BY: verdict.told_by}
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(asset),
                check_name=check,
                passed=bool(verdict.passed),
                severity=severity,
                metadata={"market": market} | {name: value for name, value in more.items() if value is not None},
                description=f"{market}: {verdict.text}",
                partition=market,
            )
        )
    return together(check, verdicts)


def together(check: str, verdicts: Mapping[str, Verdict]) -> dg.AssetCheckResult:
    """The evaluation of the asset as a whole."""
    failed = [f"{market}: {verdict.text}" for market, verdict in verdicts.items() if not verdict.passed]
    return dg.AssetCheckResult(
        check_name=check,
        passed=not failed,
        severity=severity_of(check),
        description="; ".join(failed) or f"all {len(verdicts)}",
        metadata={market: float(verdict.value) for market, verdict in verdicts.items() if verdict.value is not None},
    )
