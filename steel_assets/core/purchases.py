"""The cost of a tonne needed on a day, by when its price is fixed: at once, half way, or at the need.

There are two contracts. On *spot* the price is that of the day of purchase. On the *monthly average* it is the average of the
calendar month of that day, including its past days. In both the tonne is paid and in stock from the day of purchase to the day of
need, so capital and stock cost for so many calendar days. Money is in the currency of the price, per tonne.

Functions of numpy arrays. One definition serves sample paths, their expectation (used for decisions) and actual prices (used to
judge decisions). The service computes the same from a publication (``core/published_purchases.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steel_assets.core.purchase_terms import Contract, PurchaseError, Terms, fixing_columns


@dataclass(frozen=True, eq=False)
class DaysAhead:
    """The trading days ahead of an origin, and the past days of the current month.

    Attributes:
        days: trading days after the origin, ascending, ``datetime64[D]``; the columns of every array of prices.
        following: the trading day after the last of them.
        over_sum, over_count: sum and number of the prices of the first day's month up to the origin.
    """

    days: np.ndarray
    following: np.datetime64
    over_sum: float = 0.0
    over_count: int = 0


@dataclass(frozen=True, eq=False)
class Fixing:
    """One of ``purchase_terms.FIXINGS``: its price is ``prices @ weights + constant``.

    Attributes:
        day: the trading day of the purchase.
        held: calendar days from then to the need.
        weights: one per trading day ahead.
        constant: contribution of past days to the price.
        settled: number of the last trading day ahead that the price depends on.
    """

    day: np.datetime64
    held: int
    weights: np.ndarray
    constant: float
    settled: int

    def price(self, prices: np.ndarray) -> np.ndarray:
        """The fixed price, per row of ``prices``."""
        return np.asarray(prices @ self.weights + self.constant)

    def cost(self, prices: np.ndarray, terms: Terms) -> np.ndarray:
        """The fixed price with capital and stock up to the need, per row of ``prices``."""
        factor, added = terms.waiting(self.held)
        return self.price(prices) * factor + added


def fixings(ahead: DaysAhead, need: int, terms: Terms) -> tuple[Fixing, Fixing, Fixing]:
    """The three fixings for a need on trading day number ``need`` ahead (0 is the next one).

    Raises:
        PurchaseError: there is no such day, or the average of a month needs days beyond those ahead.
    """
    if not 0 <= need < len(ahead.days):
        raise PurchaseError(f"trading day {need + 1} ahead is not among the {len(ahead.days)} that are known")
    first, middle, last = (_fixing(ahead, column, need, terms.contract) for column in fixing_columns(need))
    return first, middle, last


def costs(at: Sequence[Fixing], prices: np.ndarray, terms: Terms) -> np.ndarray:
    """Cost per tonne of each fixing: one row per row of ``prices``, one column per fixing."""
    return np.stack([fixing.cost(prices, terms) for fixing in at], axis=1)


def _fixing(ahead: DaysAhead, column: int, need: int, contract: Contract) -> Fixing:
    day, weights = ahead.days[column], np.zeros(len(ahead.days))
    held = int((ahead.days[need] - day).astype(int))
    if contract == "spot":
        weights[column] = 1.0
        return Fixing(day, held, weights, 0.0, column)
    months = ahead.days.astype("datetime64[M]")
    mine = months == months[column]
    if ahead.following.astype("datetime64[M]") == months[column]:
        raise PurchaseError(
            f"the average of {months[column]} needs all its trading days; what is known ends on {ahead.days[-1]}, "
            f"{ahead.following} is the next"
        )
    over, before = (ahead.over_count, ahead.over_sum) if mine[0] else (0, 0.0)
    count = int(mine.sum()) + over
    return Fixing(day, held, mine / count, before / count, int(np.flatnonzero(mine)[-1]))
