"""Evaluates a watch on a publication: whether its condition holds, and the figures for its message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from steel_assets.core.published_paths import About, NotAhead, PublishedPaths
from steel_assets.core.watches.watch import Watch, WatchError, WatchState, figure

BAND = ("q05", "q95")
"""The quantiles between which a price lies with a probability of 90 %."""


@dataclass(frozen=True)
class WatchReading:
    """The evaluation of a watch.

    Attributes:
        holds: whether its condition holds; None if that is not known, and ``problem`` says why.
        value: the price, probability or margin.
        day: of the newest price used.
        facts: values for the text of the message.
    """

    holds: bool | None
    value: float | None = None
    day: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def seen(self, watch: Watch) -> WatchState | None:
        """The state to remember when ``watch`` is set; None if it is not known."""
        return None if self.holds is None else WatchState(holds=self.holds, day=self.day if watch.kind == "move" else "")


class Published:
    """The parts of a publication that watches use."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        """Read the parts' contents by name, as ``core.publication_parts`` has them."""
        catalogue = parts["catalogue"] or {}
        self.units: dict[str, str] = {market["id"]: market["unit"] for market in catalogue.get("markets", [])}
        self._parts = parts
        self._paths: dict[str, PublishedPaths] = {}
        rows = [entry["rows"][0] for entry in parts["latest"].values() if entry.get("rows")]
        self.simulated = bool(catalogue.get("simulated")) or any(row["simulated"] for row in rows)

    def read(self, watch: Watch) -> WatchReading:
        """Evaluate ``watch``."""
        try:
            check(watch, self.units)
            found = {"level": self._level, "move": self._move, "odds": self._odds, "margin": self._margin}[watch.kind](watch)
        except WatchError as error:
            return WatchReading(None, problem=str(error))
        facts = {"market": watch.market, "check": watch.kind, "unit": self.units[watch.market], "day": found.day, **found.facts}
        if watch.level is not None:
            facts |= {"side": watch.side, "level": figure(watch.level)}
        return WatchReading(found.holds, found.value, found.day, facts)

    def _level(self, watch: Watch) -> WatchReading:
        day, price = self._price(watch.market)
        return WatchReading(_past(price, watch), price, day, {"price": figure(price)})

    def _move(self, watch: Watch) -> WatchReading:
        day, price = self._price(watch.market)
        issues = [
            row
            for issue in self._parts["issues"].get(watch.market, ())
            for row in issue["rows"]
            if row["horizon"] == 1 and row["target_date"] == day and row["unit"] == self.units[watch.market]
        ]
        if not issues:
            raise WatchError(f"no forecast for {day}, of which the newest price of {watch.market} is, was issued the day before")
        low, high = (float(max(issues, key=lambda row: row["as_of"])[name]) for name in BAND)
        facts = {"price": figure(price), "low": figure(low), "high": figure(high)}
        return WatchReading(not low <= price <= high, price, day, facts)

    def _odds(self, watch: Watch) -> WatchReading:
        paths = self._paths_of(watch.market)
        assert watch.level is not None and watch.chance is not None  # noqa: S101, PT018  a watch is whole
        asked: tuple[tuple[About, date | str | None], ...] = (("average", watch.average), ("on", watch.on), ("by", watch.by))
        about, when = next((name, value) for name, value in asked if value is not None)
        try:
            found = paths.asked(about, when, watch.level, watch.side)
        except NotAhead as error:
            raise WatchError(f"{about}: {error}") from error
        facts = {"about": about, "when": f"{when}", "chance": _percent(found.odds.chance), "limit": _percent(watch.chance)}
        return WatchReading(found.odds.chance > watch.chance, found.odds.chance, self._row(watch.market)["data_as_of"], facts)

    def _margin(self, watch: Watch) -> WatchReading:
        assert watch.less is not None  # noqa: S101  a watch is whole
        (day, price), (other_day, other) = self._price(watch.market), self._price(watch.less)
        margin = price - other
        facts = {"price": figure(margin), "less": watch.less}
        return WatchReading(_past(margin, watch), margin, min(day, other_day), facts)

    def _price(self, market: str) -> tuple[str, float]:
        """Day and value of the last price.

        Raises:
            WatchError: there is none yet.
        """
        found = self._parts["prices"].get(market) or {}
        if not found.get("prices"):
            raise WatchError(f"no price of {market} was published yet")
        return f"{date.fromisoformat(found['dates'][-1])}", float(found["prices"][-1])

    def _row(self, market: str) -> Mapping[str, Any]:
        """The first row of the forecast in force.

        Raises:
            WatchError: there is none yet.
        """
        rows = (self._parts["latest"].get(market) or {}).get("rows")
        if not rows:
            raise WatchError(f"no forecast of {market} was published yet")
        return dict(rows[0])

    def _paths_of(self, market: str) -> PublishedPaths:
        if market not in self._paths:
            row, found = self._row(market), self._parts["outlooks"].get(market)
            if found is None or found["problem"] or found["as_of"] != row["as_of"]:
                raise WatchError(f"no sample paths of the forecast of {market} in force were published")
            self._paths[market] = PublishedPaths.parsed(found["paths"], row["last_price"])
        return self._paths[market]


def check(watch: Watch, units: Mapping[str, str]) -> None:
    """Refuse a watch about something that the catalogue does not have.

    Raises:
        WatchError: the message names it.
    """
    for name in ("market", "less"):
        market = getattr(watch, name)
        if market is not None and market not in units:
            raise WatchError(f"{name}: there is no market {market}; there are {', '.join(units) or 'none yet'}")
    if watch.less is not None and units[watch.less] != units[watch.market]:
        raise WatchError(
            f"less: {watch.less} is priced in {units[watch.less]} and {watch.market} in {units[watch.market]}; "
            "a margin needs two markets of one unit"
        )


def _past(value: float, watch: Watch) -> bool:
    assert watch.level is not None  # noqa: S101  a watch is whole
    return value > watch.level if watch.side == "above" else value < watch.level


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + " %"
