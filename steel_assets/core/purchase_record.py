"""How buying by a market's forecast has done against buying without one: outcomes origin by origin, and whether it is an edge.

The forecast's purchase is all at the fixing whose expected cost is lowest. It has an *edge* where it was cheaper than buying
always now, always late and always in thirds, each beyond what luck explains: a paired one-sided test of Diebold and Mariano at
5 % on the difference of the costs as a share of the last price. As many neighbouring origins overlap as there are trading days
until the price is settled, and there must be at least six such lengths of origins. All three must be won, so nothing is gained
by trying three. Two that are always the same have no edge over each other.

Arrays of numpy, no pandas; what is here can be stored and asked again with other terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from steel_assets.core.paired_test import diebold_mariano, fewest
from steel_assets.core.purchases import STRATEGIES, Ahead, PurchaseError, Terms, costs, fixings

SIGNIFICANCE = 0.05
"""Largest p-value at which buying by the forecast was cheaper beyond luck."""


@dataclass(frozen=True, eq=False)
class Record:
    """What was expected at past origins and what came, in order of time; prices are per tonne.

    Attributes:
        origins: trading days, ``datetime64[D]``; n of them.
        numbers: the number of each among all trading days of the market.
        last: the last price of each.
        days: the trading days ahead of each, n rows; ``following``: the one after those, n.
        over_sum, over_count: as in ``Ahead``, n.
        expected: the mean of the forecast that was issued then, for each of ``days``.
        came: the price of each of ``days`` as it was first known.
        known: the number of the trading day at which that was known.
    """

    origins: np.ndarray
    numbers: np.ndarray
    last: np.ndarray
    days: np.ndarray
    following: np.ndarray
    over_sum: np.ndarray
    over_count: np.ndarray
    expected: np.ndarray
    came: np.ndarray
    known: np.ndarray


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What purchases for the same distance to the need would have cost, by origin; all per tonne.

    Attributes:
        origins, numbers, last: as in ``Record``, only of origins whose months are whole.
        known: the number of the trading day at which all three fixings' prices were known.
        length: most trading days from an origin until its prices were settled: so many origins overlap.
        expected: expected cost of the three fixings, n rows.
        came: what they cost, n rows.
    """

    origins: np.ndarray
    numbers: np.ndarray
    last: np.ndarray
    known: np.ndarray
    length: int
    expected: np.ndarray
    came: np.ndarray

    @property
    def choices(self) -> np.ndarray:
        """The fixing that the forecast of each origin chose."""
        return np.argmin(self.expected, axis=1)

    def cost(self, strategy: str) -> np.ndarray:
        """What a strategy cost at each origin: one of ``purchases.STRATEGIES``, or ``forecast``."""
        if strategy == "forecast":
            return np.asarray(self.came[np.arange(len(self.came)), self.choices])
        return np.asarray(self.came @ np.array(STRATEGIES[strategy]))

    def known_by(self, number: int, newest: int | None = None) -> Outcomes:
        """Those whose prices were known at trading day ``number``; of them the ``newest``, where it is given."""
        rows = np.flatnonzero(self.known <= number)
        return self.rows(rows if newest is None else rows[-newest:])

    def rows(self, rows: np.ndarray) -> Outcomes:
        """Only those of ``rows`` (a mask or places)."""
        return Outcomes(
            self.origins[rows],
            self.numbers[rows],
            self.last[rows],
            self.known[rows],
            self.length,
            self.expected[rows],
            self.came[rows],
        )


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


def outcomes(record: Record, need: int, terms: Terms) -> Outcomes:
    """What buying for trading day number ``need`` ahead would have cost at every origin of ``record``.

    Origins whose last month is not whole within the record's days are left out.
    """
    rows, expected, came, known, settled = [], [], [], [], 0
    for row, days in enumerate(record.days):
        ahead = Ahead(days, record.following[row], float(record.over_sum[row]), int(record.over_count[row]))
        try:
            at = fixings(ahead, need, terms)
        except PurchaseError:
            continue
        last = max(fixing.settled for fixing in at)
        settled = max(settled, last)
        rows.append(row)
        expected.append(costs(at, record.expected[row][None, :], terms)[0])
        came.append(costs(at, record.came[row][None, :], terms)[0])
        known.append(record.known[row, : last + 1].max())
    place = np.array(rows, dtype=int)
    return Outcomes(
        record.origins[place],
        record.numbers[place],
        record.last[place],
        np.array(known, dtype=int),
        settled + 1,
        np.array(expected).reshape(-1, 3),
        np.array(came).reshape(-1, 3),
    )


def edge(found: Outcomes) -> Edge:
    """What ``found`` says of buying by the forecast."""
    mine = found.cost("forecast")
    rivals = {}
    for strategy in STRATEGIES:
        dearer = mine - found.cost(strategy)
        saving = float(-dearer.mean()) if len(dearer) else 0.0
        rivals[strategy] = Rival(saving, diebold_mariano(dearer / found.last, found.length))
    return Edge(len(mine), fewest(found.length), found.length, rivals)


def proven_then(found: Outcomes, newest: int | None = None) -> np.ndarray:
    """For each origin whether an edge was proven by the purchases that were settled by then, or the ``newest`` of them."""
    return np.array([edge(found.known_by(int(number), newest)).proven for number in found.numbers], dtype=bool)
