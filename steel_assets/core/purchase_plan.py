"""A plan for one purchase: the cost of each way of buying, and whether to follow the forecast. Standard library only.

The forecast is followed only if the market's record shows a significant edge (``core/purchase_edge.py``), and then with the share
of the tonnes that the appetite for risk allows; the rest is bought in thirds. Without an edge the advice is to spread the
purchase. Costs are computed elsewhere: ``core/planning.py`` with arrays, ``core/published_purchases.py`` from a publication.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from steel_assets.core.purchase_edge import Edge
from steel_assets.core.purchase_terms import FIXINGS, FOLLOWED, STRATEGIES, Appetite, Terms

LEVELS = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q95": 0.95}
"""The quantiles of a cost that are shown."""
NO_EDGE = "no edge: spread the purchase"
NO_CHOICE = "nothing to choose: every fixing costs the same"
ALL_FOLLOWED = "edge: buy {share} on {day}"
SOME_FOLLOWED = "edge: buy {share} on {day}, and spread the other {rest}"
ROLLS = (
    "the price is a futures front month: part of what the forecast saves comes from its rolls, which a purchase at a physical "
    "price does not have"
)
NO_RECORD = "no walk-forward of this market is stored yet: train it"
TEXTS = (NO_EDGE, NO_CHOICE, ALL_FOLLOWED, SOME_FOLLOWED, ROLLS, NO_RECORD)
"""The sentences of a plan; the pages have their Spanish."""


class Moment(Protocol):
    """One of ``FIXINGS``: the trading day of the purchase, and the calendar days from then to the need."""

    @property
    def day(self) -> Any:
        """Written as ``2026-12-15`` by ``str``."""

    @property
    def held(self) -> int:
        """Calendar days from the purchase to the need."""


@dataclass(frozen=True)
class Cost:
    """The distribution of a cost per tonne over the paths.

    Attributes:
        mean: its mean.
        q05, q25, q50, q75, q95: its quantiles.
    """

    mean: float
    q05: float
    q25: float
    q50: float
    q75: float
    q95: float

    @property
    def at_risk(self) -> float:
        """Cost at risk: the 95 % quantile minus the mean."""
        return self.q95 - self.mean


@dataclass(frozen=True)
class Advice:
    """A sentence: one of ``TEXTS``, and its values."""

    text: str
    values: Mapping[str, str]

    def __str__(self) -> str:
        return self.text.format(**self.values)


@dataclass(frozen=True, eq=False)
class Plan:
    """The costs of one purchase, and the recommendation.

    Attributes:
        fixings: when the price can be fixed.
        expected: mean cost per tonne of each fixing.
        choice: number of the fixing that the forecast would choose.
        shares: recommended share of the tonnes at each fixing.
        costs: by strategy (``purchase_terms.STRATEGIES``, ``forecast``) and for ``advised``.
        edge: from the market's record.
        advised: in words.
    """

    fixings: tuple[Moment, ...]
    expected: tuple[float, ...]
    choice: int
    shares: tuple[float, float, float]
    costs: Mapping[str, Cost]
    edge: Edge
    advised: Advice

    @property
    def advice(self) -> str:
        """The recommendation in English."""
        return str(self.advised)


def decided(
    at: tuple[Moment, ...],
    expected: tuple[float, ...],
    cost_of: Callable[[tuple[float, float, float]], Cost],
    edge: Edge,
    appetite: Appetite,
    *,
    alike: bool,
) -> Plan:
    """The plan of a purchase at the fixings ``at``.

    Args:
        expected: mean cost per tonne of each.
        cost_of: the cost of buying these shares of the tonnes at them.
        alike: whether every fixing costs the same on every path.
    """
    choice = cheapest(expected)
    first, middle, last = (float(number == choice) for number in range(len(at)))
    alone, shares = (first, middle, last), STRATEGIES["thirds"]
    if alike:
        advised, shares = Advice(NO_CHOICE, {}), STRATEGIES["now"]
    elif edge.proven:
        followed = FOLLOWED[appetite]
        shares = _mixed(alone, followed)
        values = {"share": f"{followed:.0%}", "day": str(at[choice].day), "rest": f"{1 - followed:.0%}"}
        advised = Advice(ALL_FOLLOWED if followed == 1 else SOME_FOLLOWED, values)
    else:
        advised = Advice(NO_EDGE, {})
    ways = {**STRATEGIES, "forecast": alone, "advised": shares}
    each = {way: cost_of(way) for way in dict.fromkeys(ways.values())}
    costs = {name: each[way] for name, way in ways.items()}
    return Plan(at, expected, choice, shares, costs, edge, advised)


def cheapest(expected: tuple[float, ...]) -> int:
    """The fixing with the lowest expected cost; the earliest of several."""
    return expected.index(min(expected))


def described(made: Plan, *, tonnes: float, day: str, terms: Terms, appetite: Appetite, unit: str) -> dict[str, Any]:
    """A plan and its inputs as JSON values; the only text is the English recommendation.

    Args:
        day: of need, as given by the user.
        unit: of the market's price.
    """
    edge = made.edge
    return {
        "question": {
            "tonnes": tonnes,
            "by": day,
            "contract": terms.contract,
            "holding_per_tonne_and_month": terms.holding,
            "capital_a_year": terms.capital,
            "risk": appetite,
        },
        "currency": unit.partition("/")[0],
        "fixings": {
            name: {"day": str(at.day), "days_held": at.held, "expected_per_tonne": expected, "share_advised": share}
            for name, at, expected, share in zip(FIXINGS, made.fixings, made.expected, made.shares, strict=True)
        },
        "forecast_buys": FIXINGS[made.choice],
        "costs": {name: _cost(cost, tonnes) for name, cost in made.costs.items()},
        "edge": {
            "proven": edge.proven,
            "origins": edge.origins,
            "origins_needed": edge.needed,
            "overlap": edge.length,
            "p_value": edge.p_value,
            "saving_per_tonne": {name: rival.saving for name, rival in edge.rivals.items()},
            "p_values": {name: rival.p_value for name, rival in edge.rivals.items()},
            "text": str(edge),
        },
        "advice": made.advice,
    }


def _cost(cost: Cost, tonnes: float) -> dict[str, float]:
    per_tonne = {name: getattr(cost, name) for name in ("mean", *LEVELS, "at_risk")}
    return {f"{name}_per_tonne": value for name, value in per_tonne.items()} | {
        "mean_total": cost.mean * tonnes,
        "at_risk_total": cost.at_risk * tonnes,
    }


def _mixed(alone: tuple[float, ...], followed: float) -> tuple[float, float, float]:
    thirds = zip(alone, STRATEGIES["thirds"], strict=True)
    first, middle, last = (followed * mine + (1 - followed) * third for mine, third in thirds)
    return first, middle, last
