"""The dashboard's purchase planner: its form, the cost of each way of buying, and the recommendation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from steel_assets.core.words import figure, phrase
from steel_assets.serving import schemas
from steel_assets.serving.ahead import FIGURE, in_force, level_of
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.plan import plan
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.words import PageWords

USUAL_DAY = 20
"""Number of the trading day ahead that is preset: a month from now."""
RISKS = ("low", "medium", "high")
WAYS = {
    "now": phrase("Now"),
    "late": phrase("At the need"),
    "thirds": phrase("In thirds"),
    "forecast": phrase("By the forecast"),
    "advised": phrase("As advised"),
}
APPETITES = {"low": phrase("low appetite"), "medium": phrase("medium appetite"), "high": phrase("high appetite")}
CONTRACTS = {"spot": phrase("Day's price"), "average": phrase("Month's average")}
WRONG = {
    "tonnes": phrase("Write tonnes above zero, as 500."),
    "by": phrase("Choose a day from {0} to {1}; on the month's average its whole month must lie before."),
    "holding_per_tonne_and_month": phrase("Write a cost of stock from 0 to 10,000, as 3.5."),
    "capital_a_year": phrase("Write an interest from 0 to 100 %, as 12."),
}
WIDE = 1000
"""Units of a bar from the lowest to the highest cost."""


@dataclass(frozen=True)
class Wish:
    """The fields of the page's form, as sent; the interest in percent, the appetite as its number from 0."""

    tonnes: str = "500"
    by: str | None = None
    holding: str = "0"
    capital: str = "0"
    contract: str = "spot"
    risk: str = "1"


NOTHING_WISHED = Wish()


def planned(snapshot: Snapshot, market: str, wish: Wish, now: float, words: PageWords) -> dict[str, Any] | None:
    """The form and its answer; None without paths. If it cannot be planned, ``refused`` says why."""
    try:
        row, paths = in_force(snapshot, market, now)
    except RequestRefused:
        return None
    days = list(paths.days)
    by = wish.by if wish.by is not None else days[min(USUAL_DAY, len(days) - 1)]
    risk = RISKS[int(wish.risk)] if wish.risk in ("0", "1", "2") else RISKS[1]
    contract = wish.contract if wish.contract in CONTRACTS else "spot"
    found: dict[str, Any] = {
        "wish": {"tonnes": wish.tonnes, "by": by, "holding": wish.holding, "capital": wish.capital, "risk": RISKS.index(risk)},
        "contract": contract,
        "contracts": {name: words(text) for name, text in CONTRACTS.items()},
        "risks": [words(APPETITES[name]) for name in RISKS],
        "days": days,
        "place": max((place for place, day in enumerate(days) if day <= by), default=0),
        "currency": row["unit"].partition("/")[0],
        "refused": None,
        "answer": None,
    }
    question = {
        "market": market,
        "tonnes": level_of(wish.tonnes.strip()),
        "by": by,
        "holding_per_tonne_and_month": _from_zero(wish.holding),
        "capital_a_year": _share(wish.capital),
        "contract": contract,
        "risk": risk,
    }
    try:
        answer = plan(snapshot, schemas.Purchase.model_validate(question), now, words)
    except ValidationError as error:
        return found | {"refused": _why(str(error.errors()[0]["loc"][0]), days, words)}
    except RequestRefused as refused:
        name, _, why = str(refused).partition(": ")
        return found | {"refused": _why(name, days, words) if name in WRONG else why}
    return found | {"answer": _answer(answer, words)}


def _why(name: str, days: list[str], words: PageWords) -> str:
    return words(WRONG[name], days[0], days[-1])


def _from_zero(text: str) -> float | None:
    return float(text) if FIGURE.fullmatch(text.strip()) else None


def _share(text: str) -> float | None:
    per_cent = _from_zero(text)
    return None if per_cent is None else per_cent / 100


def _answer(plan: schemas.Plan, words: PageWords) -> dict[str, Any]:
    """A plan as the page shows it: one row per way of buying, their bars on one scale."""
    costs = dict(plan.costs)
    low, high = min(cost.q05_per_tonne for cost in costs.values()), max(cost.q95_per_tonne for cost in costs.values())
    margin = 0.04 * (high - low) or 1.0
    low, high = low - margin, high + margin

    def at(cost: float) -> float:
        return round(WIDE * (cost - low) / (high - low), 1)

    bought = getattr(plan.fixings, plan.forecast_buys).day
    days = {name: _short(fixing.day, words) for name, fixing in plan.fixings}
    parts = [(days[name], fixing.share_advised) for name, fixing in plan.fixings if fixing.share_advised > 0]
    notes = {
        "now": days["now"],
        "late": days["late"],
        "thirds": words("{0}, {1} and {2}", *days.values()),
        "forecast": days[plan.forecast_buys],
    }
    spread = costs["advised"] == costs["thirds"]
    notes["advised"] = notes["thirds"] if spread else ", ".join(f"{part:.0%} {day}" for day, part in _merged(parts))
    rows = [
        {
            "id": name,
            "name": words(text),
            "note": notes[name],
            "cost": costs[name],
            "line": (at(costs[name].q05_per_tonne), at(costs[name].q95_per_tonne)),
            "box": (at(costs[name].q25_per_tonne), at(costs[name].q75_per_tonne)),
            "mean": at(costs[name].mean_per_tonne),
        }
        for name, text in WAYS.items()
    ]
    return {
        "advice": plan.advice.replace(bought, words.day(bought)),
        "proven": plan.edge.proven,
        "rows": rows,
        "ticks": [figure(low + (high - low) * share, 0) for share in (0.0, 0.5, 1.0)],
        "edge": plan.edge.text,
        "notes": plan.notes,
        "currency": plan.currency,
        "tonnes": f"{plan.question.tonnes:,.10g}",
        "day": plan.question.by.isoformat(),
    }


def _short(day: str, words: PageWords) -> str:
    """A day without its year."""
    return words.day(day).rpartition(" ")[0]


def _merged(parts: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Shares by day, with those of the same day added up."""
    found: dict[str, float] = {}
    for day, share in parts:
        found[day] = found.get(day, 0.0) + share
    return list(found.items())
