"""A plan for one purchase: what each way of buying may cost, and whether the forecast is worth following.

Costs are distributions over sample paths (``core/paths.py``), per tonne, in the currency of the price. The forecast is followed
only where the market's own record shows an edge beyond luck (``core/purchase_record.py``), and then with the share of the tonnes
that the appetite for risk allows; the rest is bought in thirds. Without an edge the advice is to spread the purchase.

Arrays of numpy, no pandas: from stored paths and a stored record a plan takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from steel_assets.core.purchase_record import Edge
from steel_assets.core.purchases import STRATEGIES, Ahead, Fixing, Terms, cheapest, costs, fixings

Appetite = Literal["low", "medium", "high"]

FOLLOWED: dict[Appetite, float] = {"low": 1 / 3, "medium": 2 / 3, "high": 1.0}
"""Share of the tonnes that may follow a forecast with a proven edge, by appetite for risk."""
NO_EDGE = "no edge: spread the purchase"
NO_CHOICE = "nothing to choose: every fixing costs the same"
SPREAD: tuple[float, float, float] = STRATEGIES["thirds"]
LOW, HIGH = 0.05, 0.95


@dataclass(frozen=True)
class Cost:
    """The distribution of a cost per tonne over the paths.

    Attributes:
        mean, q05, q50, q95: of it.
    """

    mean: float
    q05: float
    q50: float
    q95: float

    @property
    def at_risk(self) -> float:
        """Cost at risk: by how much the 95 % quantile exceeds the mean."""
        return self.q95 - self.mean


@dataclass(frozen=True, eq=False)
class Plan:
    """What one purchase may cost, and what is advised.

    Attributes:
        fixings: when the price may be fixed.
        expected: mean cost per tonne of each fixing.
        choice: number of the fixing that the forecast would buy at.
        shares: of the tonnes, advised at each fixing.
        costs: by strategy (``purchases.STRATEGIES``, ``forecast``) and of what is ``advised``.
        edge: what the market's record says.
        advice: in words.
    """

    fixings: tuple[Fixing, Fixing, Fixing]
    expected: tuple[float, float, float]
    choice: int
    shares: tuple[float, float, float]
    costs: Mapping[str, Cost]
    edge: Edge
    advice: str


def plan(paths: np.ndarray, ahead: Ahead, need: int, terms: Terms, edge: Edge, appetite: Appetite = "medium") -> Plan:
    """The plan of a purchase that is needed on trading day number ``need`` ahead (0 is the next one).

    Args:
        paths: prices per tonne, one row per path, one column per day of ``ahead``.
        edge: of the same market, need and terms.

    Raises:
        PurchaseError: the paths do not reach the need, or not the end of its month where its average is meant.
    """
    at = fixings(ahead, need, terms)
    each = costs(at, paths, terms)
    expected = each.mean(axis=0)
    choice = cheapest(expected)
    alone = tuple(float(number == choice) for number in range(len(at)))
    shares = SPREAD
    if np.ptp(each, axis=1).max() == 0:
        advice, shares = NO_CHOICE, STRATEGIES["now"]
    elif edge.proven:
        followed = FOLLOWED[appetite]
        shares = _mixed(alone, followed)
        rest = "" if followed == 1 else f", and spread the other {1 - followed:.0%}"
        advice = f"edge: buy {followed:.0%} on {at[choice].day}{rest}"
    else:
        advice = NO_EDGE
    ways = {**STRATEGIES, "forecast": alone, "advised": shares}
    return Plan(
        fixings=at,
        expected=(float(expected[0]), float(expected[1]), float(expected[2])),
        choice=choice,
        shares=shares,
        costs={name: _cost(each @ np.array(way)) for name, way in ways.items()},
        edge=edge,
        advice=advice,
    )


def _mixed(alone: tuple[float, ...], followed: float) -> tuple[float, float, float]:
    first, middle, last = (followed * mine + (1 - followed) * third for mine, third in zip(alone, SPREAD, strict=True))
    return first, middle, last


def _cost(values: np.ndarray) -> Cost:
    low, half, high = np.quantile(values, [LOW, 0.5, HIGH])
    return Cost(float(values.mean()), float(low), float(half), float(high))
