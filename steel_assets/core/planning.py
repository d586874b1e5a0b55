"""The plan of one purchase from sample paths (``core/paths.py``) as numpy arrays, for ``steel plan``."""

from __future__ import annotations

import numpy as np

from steel_assets.core.purchase_edge import Edge
from steel_assets.core.purchase_plan import LEVELS, Cost, Plan, decided
from steel_assets.core.purchase_terms import Appetite, Terms
from steel_assets.core.purchases import DaysAhead, costs, fixings


def plan(paths: np.ndarray, ahead: DaysAhead, need: int, terms: Terms, edge: Edge, appetite: Appetite = "medium") -> Plan:
    """The plan of a purchase needed on trading day number ``need`` ahead (0 is the next one).

    Args:
        paths: prices per tonne, one row per path, one column per day of ``ahead``.
        edge: of the same market, need and terms.

    Raises:
        PurchaseError: the paths do not reach the need, or the end of its month for an average.
    """
    at = fixings(ahead, need, terms)
    each = costs(at, paths, terms)
    expected = tuple(map(float, each.mean(axis=0)))
    alike = bool(np.ptp(each, axis=1).max() == 0)
    return decided(at, expected, lambda shares: _cost(each @ np.array(shares)), edge, appetite, alike=alike)


def _cost(values: np.ndarray) -> Cost:
    return Cost(float(values.mean()), *map(float, np.quantile(values, list(LEVELS.values()))))
