"""The past costs of buying by a market's forecast and of buying without one, by origin; ``core/purchase_edge.py`` tests them.

Uses numpy arrays, no pandas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steel_assets.core.purchase_edge import Edge, edge_over
from steel_assets.core.purchase_terms import STRATEGIES, PurchaseError, Terms
from steel_assets.core.purchases import DaysAhead, costs, fixings


@dataclass(frozen=True, eq=False)
class PurchaseRecord:
    """Past forecasts and actual prices, in order of time; prices are per tonne.

    Attributes:
        origins: trading days, ``datetime64[D]``; n of them.
        numbers: the number of each among all trading days of the market.
        last: the last price at each.
        days: the trading days ahead of each, n rows; ``following``: the one after those, n.
        over_sum, over_count: as in ``DaysAhead``, n.
        expected: the mean of the forecast issued then, for each of ``days``.
        came: the first known price of each of ``days``.
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
    """The costs of purchases for the same distance to the need, by origin; all per tonne.

    Attributes:
        origins, numbers, last: as in ``PurchaseRecord``, only for origins with complete months.
        known: the number of the trading day at which all three fixings' prices were known.
        length: most trading days from an origin until its prices were settled; as many origins overlap.
        expected: expected cost of the three fixings, n rows.
        came: their actual cost, n rows.
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
        """The fixing chosen by the forecast at each origin."""
        return np.argmin(self.expected, axis=1)

    def cost(self, strategy: str) -> np.ndarray:
        """The cost of a strategy at each origin: one of ``purchase_terms.STRATEGIES``, or ``forecast``."""
        if strategy == "forecast":
            return np.asarray(self.came[np.arange(len(self.came)), self.choices])
        return np.asarray(self.came @ np.array(STRATEGIES[strategy]))

    def known_by(self, number: int, newest: int | None = None) -> Outcomes:
        """Those whose prices were known at trading day ``number``; of these only the ``newest``, if given."""
        rows = np.flatnonzero(self.known <= number)
        return self.rows(rows if newest is None else rows[-newest:])

    def rows(self, rows: np.ndarray) -> Outcomes:
        """Only those of ``rows`` (a mask or positions)."""
        return Outcomes(
            self.origins[rows],
            self.numbers[rows],
            self.last[rows],
            self.known[rows],
            self.length,
            self.expected[rows],
            self.came[rows],
        )


def outcomes(record: PurchaseRecord, need: int, terms: Terms) -> Outcomes:
    """The costs of buying for trading day number ``need`` ahead at every origin of ``record``.

    Origins whose last month is not complete within the record's days are left out.
    """
    rows, expected, came, known, settled = [], [], [], [], 0
    for row, days in enumerate(record.days):
        ahead = DaysAhead(days, record.following[row], float(record.over_sum[row]), int(record.over_count[row]))
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


def edge(outcomes: Outcomes) -> Edge:
    """The edge of buying by the forecast from ``outcomes``."""
    mine, others = outcomes.cost("forecast").tolist(), {name: outcomes.cost(name).tolist() for name in STRATEGIES}
    return edge_over(mine, others, outcomes.last.tolist(), outcomes.length)


def proven_then(outcomes: Outcomes, newest: int | None = None) -> np.ndarray:
    """For each origin, whether an edge was proven by the purchases settled by then, or the ``newest`` of them."""
    return np.array([edge(outcomes.known_by(int(number), newest)).proven for number in outcomes.numbers], dtype=bool)
