"""Whether buying by a market's forecast was significantly cheaper than buying without one. Standard library only.

The forecast's purchase is all at the fixing with the lowest expected cost. It has an *edge* if it was significantly cheaper than
buying always now, always late and always in thirds: by a paired one-sided test of Diebold and Mariano at 5 % on the difference of
the costs as a share of the last price. The number of overlapping neighbouring origins is the number of trading days until the
price is settled, and at least six such lengths of origins are required. All three tests must succeed, so testing three gives no
advantage. Two ways that always cost the same have no edge over each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steel_assets.core.paired_test import diebold_mariano, fewest

SIGNIFICANCE = 0.05
"""Largest p-value at which buying by the forecast counts as cheaper."""


@dataclass(frozen=True)
class Rival:
    """Buying by the forecast compared with one other way of buying.

    Attributes:
        saving: mean saving of the forecast's purchase per tonne; negative if it cost more.
        p_value: probability of so good a result if it were not cheaper.
    """

    saving: float
    p_value: float


@dataclass(frozen=True)
class Edge:
    """Whether buying by the forecast was significantly cheaper.

    Attributes:
        origins: number compared.
        needed: least number of origins for a judgement.
        length: number of neighbouring origins that overlap.
        rivals: by strategy.
    """

    origins: int
    needed: int
    length: int
    rivals: Mapping[str, Rival]

    @property
    def proven(self) -> bool:
        """Whether there were enough origins, and all three tests succeeded."""
        return self.origins >= self.needed and all(rival.p_value < SIGNIFICANCE for rival in self.rivals.values())

    @property
    def p_value(self) -> float:
        """The largest of the three, which is that of the joint claim."""
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
"""The edge of a market without a walk-forward."""


def edge_over(own_costs: Sequence[float], others: Mapping[str, Sequence[float]], last: Sequence[float], length: int) -> Edge:
    """The edge from past costs.

    Args:
        own_costs: cost per tonne of the forecast's purchase, in order of time.
        others: the same of each other way of buying.
        last: the last price at each origin.
        length: number of neighbouring origins that overlap.
    """
    rivals = {}
    for strategy, costs in others.items():
        dearer = [own - other for own, other in zip(own_costs, costs, strict=True)]
        saving = -math.fsum(dearer) / len(dearer) if dearer else 0.0
        shares = [difference / price for difference, price in zip(dearer, last, strict=True)]
        rivals[strategy] = Rival(saving, diebold_mariano(shares, length))
    return Edge(len(own_costs), fewest(length), length, rivals)
