"""The panel: past rows of all other markets in shared units, for models that learn from all markets.

Markets differ in drivers, units and volatility, so nothing is used as it is: returns and features of a market's own price are in
units of its own volatility, and moves of its drivers are averaged over however many it has. Markets of the same commodity or
region weigh more than others. A model learns only what was known before the first day of the month in which it is fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from steel_assets.core.types import Market

OWN_PRICE = (
    "calendar.month_left",
    *(f"lags.return_{lag}" for lag in range(5)),
    "volatility.excess",
    "volatility.unchanged",
    *(f"windows.momentum_{days}" for days in (5, 21, 63)),
    *(f"windows.above_mean_{days}" for days in (21, 63, 250)),
)
"""Features that every market has."""
QUARTER_FEATURE = "windows.momentum_63"
"""Known once a market has a quarter of prices; earlier rows are not used."""
OVER_DRIVERS = {
    "drivers": tuple(f"change_{days}" for days in (1, 2, 5, 21)),
    "margins": ("week", "quarter", "year"),
}
"""Feature family → endings of its columns; each becomes one input, the mean over the market's drivers."""
OVERNIGHT = "overnight"
INPUTS = (*OWN_PRICE, OVERNIGHT, *(f"{family}.{end}" for family, ends in OVER_DRIVERS.items() for end in ends))
"""The inputs of a model over all markets."""
LARGEST = 4.0
"""Features and returns are clipped to this many standard deviations."""
RELATED, OTHER = 3.0, 1.0
"""How much a market of the same commodity or region weighs among the others, and any other."""


class PanelShares(NamedTuple):
    """Features mapped to inputs.

    Attributes:
        columns: the features used.
        values: of each row and feature: what it adds to its input, 0 if unknown.
        members: one row per feature used, one column per input: 1 if the feature belongs to it.
    """

    columns: list[int]
    values: np.ndarray
    members: np.ndarray

    @property
    def inputs(self) -> np.ndarray:
        """One row per row, one column per name in ``INPUTS``."""
        return np.asarray(self.values @ self.members)


def input_of(feature: str) -> str | None:
    """The input that ``feature`` (``<family>.<column>``) belongs to; None if none."""
    family, _, column = feature.partition(".")
    if family == OVERNIGHT:
        return OVERNIGHT
    for end in OVER_DRIVERS.get(family, ()):
        if column.endswith(f"_{end}"):
            return f"{family}.{end}"
    return feature if feature in OWN_PRICE else None


def spread(features: np.ndarray, names: Sequence[str]) -> PanelShares:
    """``features`` (one column per name) mapped to inputs: a mean is over the values known in its row."""
    places = {column: INPUTS.index(found) for column, name in enumerate(names) if (found := input_of(name)) is not None}
    columns = list(places)
    members = np.zeros((len(columns), len(INPUTS)))
    members[np.arange(len(columns)), list(places.values())] = 1.0
    read = np.take(features, columns, axis=1)
    known = np.isfinite(read)
    counts = np.maximum(known.astype(float) @ members, 1.0)
    values = np.clip(np.where(known, read, 0.0), -LARGEST, LARGEST) / np.take(counts, list(places.values()), axis=1)
    return PanelShares(columns, values, members)


def has_enough_history(features: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Whether each row has a quarter of the market's own past before it."""
    return (
        np.isfinite(features[:, list(names).index(QUARTER_FEATURE)])
        if QUARTER_FEATURE in names
        else np.zeros(len(features), dtype=bool)
    )


class Sums(NamedTuple):
    """The sums for a regression without intercept: input × input and input × return over rows, and the number of rows."""

    products: np.ndarray
    cross_products: np.ndarray
    rows: float

    @classmethod
    def of(cls, inputs: np.ndarray, returns: np.ndarray) -> Sums:
        """The sums over some rows, each with weight 1."""
        return cls(inputs.T @ inputs, inputs.T @ returns, float(len(returns)))

    def plus(self, other: Sums, weight: float) -> Sums:
        """These sums plus ``weight`` times ``other``."""
        return Sums(
            self.products + weight * other.products,
            self.cross_products + weight * other.cross_products,
            self.rows + weight * other.rows,
        )


NOTHING = Sums(np.zeros((len(INPUTS), len(INPUTS))), np.zeros(len(INPUTS)), 0.0)


@dataclass(frozen=True, eq=False)
class Lessons:
    """One horizon of a market: rows with a known return, in the order in which it became known.

    Attributes:
        inputs: one column per name in ``INPUTS``.
        returns: beyond the curve, in units of volatility.
        since: month of each origin, in months since 1970.
        known: month in which each return was first known.
    """

    inputs: np.ndarray
    returns: np.ndarray
    since: np.ndarray
    known: np.ndarray

    def before(self, month: int) -> Sums:
        """The sums over rows whose return was known before ``month``."""
        months, sums = self._by_month
        place = int(np.searchsorted(months, month))
        return sums[place - 1] if place else NOTHING

    def rows(self, first: int, before: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and returns of origins from month ``first`` on whose return was known before month ``before``."""
        there = (self.since >= first) & (self.known < before)
        return self.inputs[there], self.returns[there]

    @cached_property
    def _by_month(self) -> tuple[np.ndarray, list[Sums]]:
        """The months in which returns became known, and the sums up to the end of each."""
        months, starts = np.unique(self.known, return_index=True)
        sums, total = [], NOTHING
        for start, stop in zip(starts, [*starts[1:], len(self.known)], strict=True):
            total = total.plus(Sums.of(self.inputs[start:stop], self.returns[start:stop]), 1.0)
            sums.append(total)
        return months, sums


@dataclass(frozen=True, eq=False)
class PanelRows:
    """The rows that a market contributes to the panel, all horizons.

    Attributes:
        market, commodity, region: of the rows.
        origins: trading days with a new price, from the first quarter on.
        inputs: one row per origin, one column per name in ``INPUTS``.
        returns: by horizon, log(price / curve) in units of volatility by the first known price; NaN if none.
        known_at: by horizon, when that was known (UTC, without a zone); NaT if never.
    """

    market: str
    commodity: str
    region: str
    origins: pd.DatetimeIndex
    inputs: np.ndarray
    returns: Mapping[int, np.ndarray]
    known_at: Mapping[int, np.ndarray]

    def lessons(self, horizon: int) -> Lessons:
        """The rows of one horizon."""
        returns, known_at = self.returns[horizon], self.known_at[horizon]
        there = np.flatnonzero(np.isfinite(returns) & ~np.isnat(known_at))
        there = there[np.argsort(known_at[there], kind="stable")]
        found = np.clip(returns[there], -LARGEST, LARGEST)
        return Lessons(self.inputs[there], found, _months(self.origins.to_numpy()[there]), _months(known_at[there]))


@dataclass(frozen=True, eq=False)
class Panel:
    """The rows of other markets for one horizon of a market.

    Attributes:
        parts: of each other market, its weight and rows; weights add up to 1, so that all others together count as much as their
            mean, however many there are.
        until: only returns known before this month (since 1970) are used.
    """

    parts: tuple[tuple[float, Lessons], ...] = ()
    until: int = np.iinfo(np.int64).max

    @classmethod
    def beside(cls, market: Market, horizon: int, others: Sequence[PanelRows]) -> Panel:
        """The panel of ``market``: those of ``others`` that have the horizon, in order of their names."""
        there = sorted(
            (rows for rows in others if rows.market != market.id and horizon in rows.returns), key=lambda rows: rows.market
        )
        weights = [RELATED if market.commodity == rows.commodity or market.region == rows.region else OTHER for rows in there]
        return cls(tuple((weight / sum(weights), rows.lessons(horizon)) for weight, rows in zip(weights, there, strict=True)))

    def known_by(self, moment: pd.Timestamp) -> Panel:
        """Only what was known before the month of ``moment`` (UTC)."""
        month = int(_months(np.array([moment.tz_localize(None).to_datetime64()]))[0])
        return replace(self, until=min(self.until, month))

    def sums(self, month: int | None = None) -> Sums:
        """The weighted sums over all rows known before ``month``."""
        before = self.until if month is None else min(month, self.until)
        total = NOTHING
        for weight, lessons in self.parts:
            total = total.plus(lessons.before(before), weight)
        return total

    def rows(self, first: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Inputs and returns of each market from month ``first`` on; markets without any are left out."""
        for _, lessons in self.parts:
            inputs, returns = lessons.rows(first, self.until)
            if len(returns):
                yield inputs, returns


ALONE = Panel()
"""A panel without other markets."""


def month_of(day: pd.Timestamp) -> int:
    """The month of ``day`` (without a zone), in months since 1970."""
    return (day.year - 1970) * 12 + day.month - 1


def _months(moments: np.ndarray) -> np.ndarray:
    return moments.astype("datetime64[M]").astype(np.int64)
