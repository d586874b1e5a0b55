"""A market's sample paths as stored in a publication, and queries on them. Standard library only, for the service.

Prices are 16-bit integers in equal steps from the market's lowest to its highest price: about a cent with steel at 570. They are
stored day by day, each day's in the order of the paths, low byte first, in base64.
"""

from __future__ import annotations

import base64
import sys
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from steel_assets.core.chance import Chance, Side, counted
from steel_assets.core.problem import Problem

About = Literal["average", "on", "by"]

STEPS = 65_535
SHOWN = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q95": 0.95}
"""The quantiles of an average or a day's price that are shown."""


class NotAhead(Problem, ValueError):
    """The paths do not cover a day or a period; the message says how far they reach."""


@dataclass(frozen=True)
class Period:
    """A month or a quarter with days ahead.

    Attributes:
        name: ``2026-12`` or ``2026-Q4``.
        before: sum of the prices of its known or carried days.
        known, carried, drawn, beyond: trading days, as in ``averages.Average``.
        first: number of its first day ahead.
        quantiles: of its average, by the names of ``SHOWN``; without days beyond the paths.
    """

    name: str
    before: float
    known: int
    carried: int
    drawn: int
    beyond: int
    first: int
    quantiles: Mapping[str, float]

    @property
    def whole(self) -> bool:
        """Whether all its days are within the paths."""
        return self.beyond == 0


@dataclass(frozen=True)
class PathFigure:
    """What the paths say about a day or a period.

    Attributes:
        day: the trading day used; None for an average.
        period: of the average; None for a day.
        values: one per path.
        odds: the probability of being on the requested side of the level.
    """

    day: str | None
    period: Period | None
    values: Sequence[float]
    odds: Chance


@dataclass(frozen=True, eq=False)
class PublishedPaths:
    """The paths of one issue of a market.

    Attributes:
        days: trading days ahead, ascending, ``2026-12-01``.
        periods: months, then quarters, that the paths reach.
        last: the last price.
        count: paths.
    """

    days: tuple[str, ...]
    periods: tuple[Period, ...]
    last: float
    count: int
    _low: float
    _step: float
    _steps: array[int]

    @classmethod
    def parsed(cls, content: Mapping[str, Any], last: float) -> PublishedPaths:
        """The paths that ``packed`` stored.

        Raises:
            KeyError, TypeError, ValueError: ``content`` has another form.
        """
        days, count = tuple(date.fromisoformat(day).isoformat() for day in content["days"]), int(content["paths"])
        steps = array("H", base64.b64decode(content["steps"], validate=True))
        if sys.byteorder == "big":
            steps.byteswap()
        periods = tuple(Period(**period) for period in content["periods"])
        if not days or count < 1 or len(steps) != len(days) * count:
            raise ValueError(f"{len(steps)} prices are not {count} paths over {len(days)} days")
        if not (float(content["low"]) > 0 and float(content["step"]) >= 0):
            raise ValueError("prices must be above zero")
        if any(period.first + period.drawn > len(days) or min(period.first, period.drawn) < 0 for period in periods):
            raise ValueError("a period has days that are not there")
        return cls(days, periods, last, count, float(content["low"]), float(content["step"]), steps)

    def asked(self, about: About, when: date | str, level: float, side: Side) -> PathFigure:
        """The probability of being on one ``side`` of ``level``.

        Args:
            about: ``on`` a day, ``by`` it at any close, or on ``average`` of a period.
            when: the day; the name of the period.

        Raises:
            NotAhead: the paths do not reach it.
        """
        day, period, known = None, None, False
        if isinstance(when, str):
            period = self.period(when)
            values = self.average(period)
        elif about == "on":
            day, values = self.on(when)
        else:
            day, values = self.furthest(when, side)
            known = self.last > level if side == "above" else self.last < level
        return PathFigure(day, period, values, odds_of(values, level, side, known=known))

    def on(self, day: date) -> tuple[str, list[float]]:
        """The trading day used for ``day`` (without trading, the one before), and its price by path.

        Raises:
            NotAhead: the paths do not reach it.
        """
        column = self.number(day)
        return self.days[column], self.column(column)

    def column(self, number: int) -> list[float]:
        """The price on day number ``number`` ahead (0 is the first), by path."""
        return [self._low + self._step * steps for steps in self._of(number)]

    def furthest(self, day: date, side: Side) -> tuple[str, list[float]]:
        """The last trading day up to ``day``, and by path the highest (above) or lowest close from the last price to then.

        Raises:
            NotAhead: the paths do not reach it.
        """
        column = self.number(day)
        most = max if side == "above" else min
        columns = [self._of(number) for number in range(column + 1)]
        steps = map(most, *columns) if len(columns) > 1 else columns[0]
        return self.days[column], [most(self.last, self._low + self._step * value) for value in steps]

    def average(self, period: Period) -> list[float]:
        """The average of the known, carried and drawn days of ``period``, by path."""
        columns = [self._of(number) for number in range(period.first, period.first + period.drawn)]
        days = period.known + period.carried + period.drawn
        settled = period.before + self._low * period.drawn
        return [(settled + self._step * sum(steps)) / days for steps in zip(*columns, strict=True)]

    def period(self, name: str) -> Period:
        """The month or quarter called ``name``.

        Raises:
            NotAhead: none of its days is ahead, or the paths end before it does.
        """
        found = next((period for period in self.periods if period.name == name), None)
        whole = ", ".join(period.name for period in self.periods if period.whole)
        if found is None:
            raise NotAhead(f"no day of {name} is ahead in the paths, which reach to {self.days[-1]}; ask about {whole}")
        if not found.whole:
            raise NotAhead(
                f"the paths reach to {self.days[-1]}; {found.beyond} trading days of {name} lie beyond; ask about {whole}"
            )
        return found

    def number(self, day: date) -> int:
        """The number of the last trading day ahead up to ``day``.

        Raises:
            NotAhead: the paths do not reach it.
        """
        asked = day.isoformat()
        if not self.days[0] <= asked <= self.days[-1]:
            raise NotAhead(f"{asked} is not ahead in the paths; ask about {self.days[0]} to {self.days[-1]}")
        return bisect_right(self.days, asked) - 1

    def _of(self, column: int) -> array[int]:
        return self._steps[column * self.count : (column + 1) * self.count]


def packed(days: Sequence[str], paths: Sequence[Sequence[float]], periods: Sequence[Period]) -> dict[str, Any]:
    """The paths as plain JSON values.

    Args:
        paths: for each of ``days`` the price by path; above zero.
    """
    low, high = min(map(min, paths)), max(map(max, paths))
    step = (high - low) / STEPS
    steps = array("H", (round((price - low) / step) if step else 0 for column in paths for price in column))
    if sys.byteorder == "big":
        steps.byteswap()
    return {
        "days": list(days),
        "paths": len(paths[0]),
        "low": low,
        "step": step,
        "steps": base64.b64encode(steps.tobytes()).decode(),
        "periods": [asdict(period) for period in periods],
    }


def odds_of(values: Sequence[float], level: float, side: Side, *, known: bool = False) -> Chance:
    """The probability that a value (one per path) is above or below ``level``; equal to it counts as neither."""
    found = sum(value > level for value in values) if side == "above" else sum(value < level for value in values)
    return counted(found, len(values), known=known)


def spread(values: Sequence[float]) -> dict[str, float]:
    """The quantiles of ``SHOWN`` of a value given per path."""
    ascending = sorted(values)
    return {name: quantile(ascending, level) for name, level in SHOWN.items()}


def quantile(values: Sequence[float], level: float) -> float:
    """The quantile of ascending ``values`` with linear interpolation, as numpy computes it."""
    place = (len(values) - 1) * level
    below = min(int(place), len(values) - 2) if len(values) > 1 else 0
    upper = values[min(below + 1, len(values) - 1)]
    return values[below] + (upper - values[below]) * (place - below)
