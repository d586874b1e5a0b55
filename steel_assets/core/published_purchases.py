"""The plan of a purchase from a publication: paths, and the record of the market's forecasts. Standard library only.

It gives the same figures as ``core/planning.py`` and ``core/purchase_record.py`` with arrays; a test compares them. In the
record, prices and the last price are exact, expected values are rounded to 32 bits (0.00003 at 570).
"""

from __future__ import annotations

import base64
import math
import sys
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from steel_assets.core.published_paths import PublishedPaths, quantile
from steel_assets.core.purchase_edge import Edge, edge_over
from steel_assets.core.purchase_plan import LEVELS, Cost, Plan, cheapest, decided
from steel_assets.core.purchase_terms import (
    STRATEGIES,
    Appetite,
    Terms,
    columns_needed,
    fixing_columns,
    horizon_beyond,
)


@dataclass(frozen=True)
class Origin:
    """The forecast at one past origin.

    Attributes:
        place: its number among the ``sessions`` of the record.
        last: the last price; per tonne, as all prices here.
        over_sum, over_count: sum and number of the prices known then of the next trading day's month.
        expected: the mean of the forecast, for each trading day ahead up to a published horizon.
    """

    place: int
    last: float
    over_sum: float
    over_count: int
    expected: Sequence[float]


@dataclass(frozen=True, eq=False)
class PublishedRecord:
    """The forecasts of a market's walk-forward with the actual prices.

    Attributes:
        market, horizons: horizons in trading days, ascending.
        sessions: consecutive trading days, ascending; the last of them has not ended.
        prices: the first known price of each; None if it had none.
        origins: in order of time.
    """

    market: str
    horizons: tuple[int, ...]
    sessions: Sequence[date]
    prices: Sequence[float | None]
    origins: Sequence[Origin]

    @classmethod
    def parsed(cls, content: Mapping[str, Any]) -> PublishedRecord:
        """The record that ``packed`` stored.

        Raises:
            KeyError, TypeError, ValueError: ``content`` has another form.
        """
        every = array("f", base64.b64decode(content["expected"], validate=True))
        if sys.byteorder == "big":
            every.byteswap()
        sessions = [date.fromisoformat(day) for day in content["sessions"]]
        prices = [None if price is None else float(price) for price in content["prices"]]
        horizons = tuple(int(horizon) for horizon in content["horizons"])
        ordered = sessions == sorted(set(sessions)) and list(horizons) == sorted(set(horizons))
        if not ordered or not horizons or len(prices) != len(sessions):
            raise ValueError("its sessions, prices and horizons do not go together")
        if not all(price is None or (math.isfinite(price) and price > 0) for price in prices):
            raise ValueError("its prices must be above zero")
        origins, taken = [], 0
        for place, width, last, over_sum, over_count in content["origins"]:
            whole = width in horizons and 0 <= place < len(sessions) - 1 and over_count >= 0
            if not whole or not (last > 0 and over_sum >= 0 and math.isfinite(last + over_sum)):
                raise ValueError("an origin has days that are not there, or no price")
            expected = every[taken : taken + width]
            taken += width
            origins.append(Origin(place, float(last), float(over_sum), int(over_count), expected))
        if taken != len(every) or not math.isfinite(sum(every)) or min(every, default=1.0) <= 0:
            raise ValueError("what was expected is of other days, or no price")
        return cls(str(content["market"]), horizons, sessions, prices, origins)

    def edge(self, need: int, terms: Terms, reach: int) -> Edge:
        """What buying by the forecast for trading day number ``need`` ahead has saved; see ``purchase_record.outcomes``.

        Args:
            reach: trading days that the paths of the market reach.

        Raises:
            PurchaseError: no horizon of the market reaches far enough.
        """
        columns = columns_needed(need, terms.contract, reach)
        beyond = horizon_beyond(columns, self.horizons, self.market)
        months = [day.year * 12 + day.month for day in self.sessions]
        mine, last, settled = [], [], -1
        others: dict[str, list[float]] = {name: [] for name in STRATEGIES}
        for origin in self.origins:
            over = len(origin.expected) >= beyond and origin.place + columns + 1 < len(self.sessions)
            at = _fixings(origin, self.sessions, months, columns, need, terms) if over else None
            if at is None:
                continue
            came = self._came(origin, max(fixing.settled for fixing in at) + 1)
            expected = tuple(fixing.cost(origin.expected, terms) for fixing in at)
            cost = [fixing.cost(came, terms) for fixing in at]
            mine.append(cost[cheapest(expected)])
            for name, shares in STRATEGIES.items():
                others[name].append(_mixed(cost, shares))
            last.append(origin.last)
            settled = max(settled, *(fixing.settled for fixing in at))
        return edge_over(mine, others, last, settled + 1)

    def _came(self, origin: Origin, count: int) -> list[float]:
        """The prices of the first ``count`` trading days ahead; a day without one uses the one before."""
        found, price = [], origin.last
        for there in self.prices[origin.place + 1 : origin.place + 1 + count]:
            price = price if there is None else there
            found.append(price)
        return found


@dataclass(frozen=True)
class _Fixing:
    """A price fixed ``held`` calendar days before the need: the mean over days ``first`` to ``settled`` ahead and past days."""

    held: int
    first: int
    settled: int
    over_sum: float = 0.0
    over_count: int = 0

    def cost(self, prices: Sequence[float], terms: Terms) -> float:
        """Its cost including stock and capital, given the prices of the days ahead."""
        factor, added = terms.waiting(self.held)
        drawn = prices[self.first : self.settled + 1]
        return (self.over_sum + sum(drawn)) / (self.over_count + len(drawn)) * factor + added


def _fixings(
    origin: Origin, sessions: Sequence[date], months: Sequence[int], columns: int, need: int, terms: Terms
) -> list[_Fixing] | None:
    """The three fixings ahead of ``origin``; None if an averaged month is not complete within ``columns`` days."""
    start, stop = origin.place + 1, origin.place + 1 + columns
    found = []
    for column in fixing_columns(need):
        held = (sessions[start + need] - sessions[start + column]).days
        if terms.contract == "spot":
            found.append(_Fixing(held, column, column))
            continue
        month = months[start + column]
        if months[stop] == month:
            return None
        first, end = months.index(month, start), bisect_right(months, month, start, stop)
        over = (origin.over_sum, origin.over_count) if months[start] == month else (0.0, 0)
        found.append(_Fixing(held, first - start, end - 1 - start, *over))
    return found


@dataclass(frozen=True)
class _Day:
    """A day on which the price can be fixed."""

    day: str
    held: int


def plan(paths: PublishedPaths, need: int, terms: Terms, edge: Edge, appetite: Appetite, *, factor: float) -> Plan:
    """The plan of a purchase needed on trading day number ``need`` ahead (0 is the next one).

    Args:
        edge: of the same market, need and terms.
        factor: ``purchase_terms.per_tonne`` of the unit of the paths.

    Raises:
        NotAhead: the paths do not reach the end of a month to be averaged.
    """
    needed = date.fromisoformat(paths.days[need])
    at, each = [], []
    for column in fixing_columns(need):
        day = paths.days[column]
        prices = paths.column(column) if terms.contract == "spot" else paths.average(paths.period(day[:7]))
        held = (needed - date.fromisoformat(day)).days
        more, added = terms.waiting(held)
        at.append(_Day(day, held))
        each.append([price * factor * more + added for price in prices])
    expected = tuple(math.fsum(costs) / len(costs) for costs in each)

    def cost_of(shares: tuple[float, float, float]) -> Cost:
        return _cost([_mixed(costs, shares) for costs in zip(*each, strict=True)])

    return decided(tuple(at), expected, cost_of, edge, appetite, alike=each[0] == each[1] == each[2])


def packed(
    market: str,
    horizons: Sequence[int],
    sessions: Sequence[str],
    prices: Sequence[float | None],
    origins: Sequence[Origin],
) -> dict[str, Any]:
    """A record as JSON values; ``Origin.place`` refers to ``sessions``."""
    every = array("f", (price for origin in origins for price in origin.expected))
    if sys.byteorder == "big":
        every.byteswap()
    return {
        "market": market,
        "horizons": list(horizons),
        "sessions": list(sessions),
        "prices": list(prices),
        "origins": [[origin.place, len(origin.expected), origin.last, origin.over_sum, origin.over_count] for origin in origins],
        "expected": base64.b64encode(every.tobytes()).decode(),
    }


def _mixed(costs: Sequence[float], shares: tuple[float, float, float]) -> float:
    return costs[0] * shares[0] + costs[1] * shares[1] + costs[2] * shares[2]


def _cost(values: list[float]) -> Cost:
    ascending = sorted(values)
    return Cost(math.fsum(values) / len(values), *(quantile(ascending, level) for level in LEVELS.values()))
