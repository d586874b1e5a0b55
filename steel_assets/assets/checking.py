"""Asset checks: what one found, and how bad it is when it fails, which is in the catalogue (``rules.checks``)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from steel_assets.catalog import CatalogError
from steel_assets.catalog.rules import Rules

TOLD_BY = "told_by"
"""Metadata of an evaluation: the check that tells people of the same cause."""

FAILED_CHECK = "failed_check"
"""The alert rule of checks that have none of their own."""

SEVERITIES = {"warn": dg.AssetCheckSeverity.WARN, "error": dg.AssetCheckSeverity.ERROR}


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        text: a sentence about it.
        value: the figure, where there is one.
        told_by: another check that failed for the same cause and tells people; this one is only shown.
        figures: the figures of several findings by what they are about.
    """

    passed: bool
    text: str
    value: float | None = None
    told_by: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


def alert_of(rules: Rules, check: str) -> str:
    """The alert rule that a failure of ``check`` raises."""
    rule = rules.checks.get(check)
    return rule.alert if rule else FAILED_CHECK


def result(rules: Rules, asset: dg.AssetKey, check: str, verdict: Verdict) -> dg.AssetCheckResult:
    """The evaluation of ``check`` on ``asset``."""
    more: dict[str, Any] = {"value": None if verdict.value is None else float(verdict.value), TOLD_BY: verdict.told_by}
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check,
        passed=bool(verdict.passed),
        severity=SEVERITIES[rules.check(check).severity],
        description=verdict.text,
        metadata={**verdict.figures, **{name: value for name, value in more.items() if value is not None}},
    )


def together(verdicts: Mapping[str, Verdict]) -> Verdict:
    """Several findings of one check as one: all that failed, in words."""
    failed = [f"{subject}: {verdict.text}" for subject, verdict in verdicts.items() if not verdict.passed]
    figures = {subject: float(verdict.value) for subject, verdict in verdicts.items() if verdict.value is not None}
    return Verdict(not failed, "; ".join(failed) or f"all {len(verdicts)}", figures=figures)


def every_check_has_a_rule(rules: Rules, checks: Iterable[str]) -> None:
    """Refuse to load definitions whose checks and the catalogue's ``checks:`` are not the same.

    Raises:
        CatalogError: a check has no rule, or a rule no check.
    """
    there, declared = set(checks), set(rules.checks)
    if there - declared:
        raise CatalogError(f"rules.yaml: checks: {', '.join(sorted(there - declared))} has no severity; declare it there")
    if declared - there:
        raise CatalogError(f"rules.yaml: checks: there is no asset check {', '.join(sorted(declared - there))}; take it out")
