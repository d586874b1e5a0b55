"""What a purchase is described by: when its price may be fixed, how, and what waiting and stock cost. Standard library only.

Money is in the currency of the price, per tonne of 1,000 kg. The service, which has no numpy, reads the same definitions as
the planner of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from steel_assets.core.problem import Problem
from steel_assets.core.types import MASSES_IN_TONNES

Contract = Literal["spot", "average"]
Appetite = Literal["low", "medium", "high"]

FIXINGS = ("now", "middle", "late")
"""Trading days on which a price may be fixed: the next one, the one half way to the need, the last one up to it."""
STRATEGIES: dict[str, tuple[float, float, float]] = {
    "now": (1.0, 0.0, 0.0),
    "late": (0.0, 0.0, 1.0),
    "thirds": (1 / 3, 1 / 3, 1 / 3),
}
"""Share of the tonnes bought at each of ``FIXINGS``, by ways of buying that need no forecast."""
FOLLOWED: dict[Appetite, float] = {"low": 1 / 3, "medium": 2 / 3, "high": 1.0}
"""Share of the tonnes that may follow a forecast with a proven edge, by appetite for risk."""
MOST_TONNES = 100_000_000
MOST_HOLDING = 10_000
"""Of a tonne in stock for a month: more is a slip of the pen."""
LONGEST_MONTH = 23
"""Trading days that a month may have after the day of need: its average is settled on the last."""
DAYS_A_MONTH = 365.25 / 12
DAYS_A_YEAR = 365.0


class PurchaseError(Problem, ValueError):
    """A purchase cannot be worked out; the message says why."""


@dataclass(frozen=True)
class Terms:
    """What waiting and stock cost, and how the price is fixed.

    Attributes:
        holding: of a tonne in stock for a month, in the currency of the price.
        capital: interest a year on what is paid, as a share: 0.12 is 12 %.
        contract: ``spot`` or ``average``.
    """

    holding: float = 0.0
    capital: float = 0.0
    contract: Contract = "spot"

    def waiting(self, held: int) -> tuple[float, float]:
        """What a price is multiplied by, and what is added to it, where the tonne is in stock for ``held`` calendar days."""
        return 1 + self.capital * held / DAYS_A_YEAR, self.holding * held / DAYS_A_MONTH


def fixing_columns(need: int) -> tuple[int, int, int]:
    """The trading days ahead of ``FIXINGS`` for what is needed on number ``need`` ahead (0 is the next one)."""
    return 0, need // 2, need


def per_tonne(unit: str) -> float:
    """By what a price in ``unit`` is multiplied to become one per tonne of 1,000 kg.

    Raises:
        PurchaseError: it is no price of a mass.
    """
    _, _, mass = unit.partition("/")
    if mass not in MASSES_IN_TONNES:
        raise PurchaseError(f"prices are in {unit}, which is no price of a mass: tonnes cannot be planned")
    return 1 / MASSES_IN_TONNES[mass]


def columns_needed(need: int, contract: Contract, reach: int) -> int:
    """Trading days ahead that a record needs for a purchase on number ``need``: up to the end of its month on an average.

    Args:
        reach: the last published horizon; never more than that.
    """
    return need + 1 if contract == "spot" else min(need + 1 + LONGEST_MONTH, reach)


def horizon_beyond(columns: int, horizons: tuple[int, ...], market: str) -> int:
    """The first of ``horizons``, ascending, that reaches ``columns`` trading days. Raises PurchaseError where none does."""
    beyond = [horizon for horizon in horizons if horizon >= columns]
    if not beyond:
        raise PurchaseError(f"{market} is forecast {horizons[-1]} trading days ahead, not {columns}")
    return beyond[0]
