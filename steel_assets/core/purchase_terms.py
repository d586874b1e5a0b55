"""The terms of a purchase: when and how its price is fixed, and the cost of capital and stock. Standard library only.

Money is in the currency of the price, per tonne of 1,000 kg. The service, which has no numpy, uses the same definitions as the
command line's planner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from steel_assets.core.problem import Problem
from steel_assets.core.types import MASSES_IN_TONNES

Contract = Literal["spot", "average"]
Appetite = Literal["low", "medium", "high"]

FIXINGS = ("now", "middle", "late")
"""Trading days on which a price can be fixed: the next one, the one half way to the need, the last one up to it."""
STRATEGIES: dict[str, tuple[float, float, float]] = {
    "now": (1.0, 0.0, 0.0),
    "late": (0.0, 0.0, 1.0),
    "thirds": (1 / 3, 1 / 3, 1 / 3),
}
"""Share of the tonnes bought at each of ``FIXINGS``, by ways of buying without a forecast."""
FOLLOWED: dict[Appetite, float] = {"low": 1 / 3, "medium": 2 / 3, "high": 1.0}
"""Largest share of the tonnes that follows a forecast with a proven edge, by appetite for risk."""
MOST_TONNES = 100_000_000
MOST_HOLDING = 10_000
"""Limit of the cost of a tonne in stock for a month, to catch typing errors."""
LONGEST_MONTH = 23
"""Trading days that a month can have after the day of need: its average is settled on the last."""
DAYS_A_MONTH = 365.25 / 12
DAYS_A_YEAR = 365.0


class PurchaseError(Problem, ValueError):
    """A purchase cannot be computed; the message says why."""


@dataclass(frozen=True)
class Terms:
    """The cost of capital and stock, and how the price is fixed.

    Attributes:
        holding: of a tonne in stock for a month, in the currency of the price.
        capital: yearly interest on the amount paid, as a share: 0.12 is 12 %.
        contract: ``spot`` or ``average``.
    """

    holding: float = 0.0
    capital: float = 0.0
    contract: Contract = "spot"

    def waiting(self, held: int) -> tuple[float, float]:
        """The factor and the addend for a price whose tonne is in stock for ``held`` calendar days."""
        return 1 + self.capital * held / DAYS_A_YEAR, self.holding * held / DAYS_A_MONTH


def fixing_columns(need: int) -> tuple[int, int, int]:
    """The trading days ahead of ``FIXINGS`` for a need on number ``need`` ahead (0 is the next one)."""
    return 0, need // 2, need


def per_tonne(unit: str) -> float:
    """The factor that converts a price in ``unit`` to one per tonne of 1,000 kg.

    Raises:
        PurchaseError: it is not a price by mass.
    """
    _, _, mass = unit.partition("/")
    if mass not in MASSES_IN_TONNES:
        raise PurchaseError(f"prices are in {unit}, which is not a price by mass, so tonnes cannot be planned")
    return 1 / MASSES_IN_TONNES[mass]


def columns_needed(need: int, contract: Contract, reach: int) -> int:
    """Trading days ahead that a record needs for a purchase on number ``need``; for an average up to the end of its month.

    Args:
        reach: the last published horizon, which limits the result.
    """
    return need + 1 if contract == "spot" else min(need + 1 + LONGEST_MONTH, reach)


def horizon_beyond(columns: int, horizons: tuple[int, ...], market: str) -> int:
    """The first of the ascending ``horizons`` that reaches ``columns`` trading days.

    Raises:
        PurchaseError: none does.
    """
    beyond = [horizon for horizon in horizons if horizon >= columns]
    if not beyond:
        raise PurchaseError(f"{market} is forecast {horizons[-1]} trading days ahead, not {columns}")
    return beyond[0]
