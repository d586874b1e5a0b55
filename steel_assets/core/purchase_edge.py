"""Whether buying by a market's forecast has been cheaper than buying without one, beyond luck. Standard library only.

The forecast's purchase is all at the fixing whose expected cost is lowest. It has an *edge* where it was cheaper than buying
always now, always late and always in thirds, each beyond what luck explains: a paired one-sided test of Diebold and Mariano at
5 % on the difference of the costs as a share of the last price. As many neighbouring origins overlap as there are trading days
until the price is settled, and there must be at least six such lengths of origins. All three must be won, so nothing is gained
by trying three. Two that are always the same have no edge over each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steel_assets.core.paired_test import diebold_mariano, fewest

SIGNIFICANCE = 0.05
"""Largest p-value at which buying by the forecast was cheaper beyond luck."""


@dataclass(frozen=True)
class Rival:
    """Buying by the forecast beside one other way of buying.

    Attributes:
        saving: mean money per tonne by which the forecast's purchase was cheaper; negative: dearer.
        p_value: probability of so good a result if it were no cheaper.
    """

    saving: float
    p_value: float


@dataclass(frozen=True)
class Edge:
    """Whether buying by the forecast has been cheaper beyond luck.

    Attributes:
        origins: compared.
        needed: origins below which nothing is said.
        length: neighbouring origins that overlap.
        rivals: by strategy.
    """

    origins: int
    needed: int
    length: int
    rivals: Mapping[str, Rival]

    @property
    def proven(self) -> bool:
        """Whether there were enough origins, and all three were beaten beyond luck."""
        return self.origins >= self.needed and all(rival.p_value < SIGNIFICANCE for rival in self.rivals.values())

    @property
    def p_value(self) -> float:
        """The largest of the three: that of the whole claim."""
        return max((rival.p_value for rival in self.rivals.values()), default=1.0)

    def __str__(self) -> str:
        if self.origins < self.needed:
            return f"{self.origins} past purchases over as long a time are known, at least {self.needed} are needed to tell"
        against = ", ".join(f"{rival.saving:+,.1f} against {name}" for name, rival in self.rivals.items())
        return (
            f"buying by the forecast saved per tonne {against}, over {self.origins} origins of which {self.length} neighbours "
            f"overlap: p = {self.p_value:.3f}, below {SIGNIFICANCE} wanted"
        )


NOTHING = Edge(0, fewest(1), 1, {})
"""Where no forecast of the market was ever walked forward."""


def edge_over(own_costs: Sequence[float], others: Mapping[str, Sequence[float]], last: Sequence[float], length: int) -> Edge:
    """What past costs say of buying by the forecast.

    Args:
        own_costs: what the forecast's purchase cost per tonne, in order of time.
        others: the same of each other way of buying.
        last: the last price of each origin.
        length: neighbouring origins that overlap.
    """
    rivals = {}
    for strategy, costs in others.items():
        dearer = [own - other for own, other in zip(own_costs, costs, strict=True)]
        saving = -math.fsum(dearer) / len(dearer) if dearer else 0.0
        shares = [difference / price for difference, price in zip(dearer, last, strict=True)]
        rivals[strategy] = Rival(saving, diebold_mariano(shares, length))
    return Edge(len(own_costs), fewest(length), length, rivals)
