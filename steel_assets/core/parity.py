"""Import parity: the delivered cost of a tonne bought abroad, term by term, in the currency of the place.

Terms are added in their order; one in per cent is a share of everything before it, so a duty on cost, insurance and freight
stands after these. Today's price and sample paths use the same definition. Costs that are not declared are not included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steel_assets.core.parity_terms import PERCENT, Parity, Term


@dataclass(frozen=True, eq=False)
class ParityLine:
    """One line of the sum.

    Attributes:
        term: what is added; None for the price itself.
        added, total: of this line, and up to it; in the currency of the place per tonne, one per path.
    """

    term: Term | None
    added: np.ndarray
    total: np.ndarray


def lines(parity: Parity, price: np.ndarray, rate: np.ndarray, currency: str) -> list[ParityLine]:
    """The price and each term, in order; the last line's total is the parity.

    Args:
        price: in the market's currency per tonne.
        rate: units of the place's currency for one of the market's, path by path as ``price``.
        currency: of the place: terms in it need no rate.
    """
    total = price * rate
    found = [ParityLine(None, total, total)]
    for term in parity.terms:
        if term.unit == PERCENT:
            added = total * term.amount / 100
        elif term.unit == f"{currency}/t":
            added = np.full_like(total, term.amount)
        else:
            added = term.amount * rate
        total = total + added
        found.append(ParityLine(term, added, total))
    return found
