"""Work done market by market: what fails in one never stops another, and is seen."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import dagster as dg

T = TypeVar("T")

CHECK = "every_market"


@dataclass
class Outcome(Generic[T]):
    """What came of each market: a result, or a reason why not."""

    results: dict[str, T] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def check(self) -> dg.AssetCheckResult:
        """The asset's own check: did every market get through?"""
        lines = [f"{market}: {reason}" for market, reason in self.failures.items()]
        return dg.AssetCheckResult(
            check_name=CHECK,
            passed=not self.failures,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(lines) or f"all {len(self.results)} markets",
            metadata={"failed_markets": len(self.failures)},
        )


def check_spec(asset: str) -> dg.AssetCheckSpec:
    """The declaration of that check."""
    return dg.AssetCheckSpec(CHECK, asset=asset, description="No market failed in this step; the others went on without it.")


def for_each_market(context: dg.AssetExecutionContext, work: Callable[[str], T]) -> Outcome[T]:
    """``work(market)`` for every market of this run.

    Raises:
        dagster.Failure: not one market got through.
    """
    outcome: Outcome[T] = Outcome()
    for market in context.partition_keys:
        try:
            outcome.results[market] = work(market)
        except Exception as error:  # noqa: BLE001 - whatever one market's trouble is, it is reported and the others go on
            outcome.failures[market] = f"{error}" or type(error).__name__
            context.log.error(f"{market}: {error}\n{traceback.format_exc()}")
    if outcome.failures and not outcome.results:
        first = next(iter(outcome.failures.items()))
        raise dg.Failure(f"no market got through; {first[0]}: {first[1]}", allow_retries=False)
    return outcome
