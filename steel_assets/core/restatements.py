"""Histories that change as a whole: a share is split, an index rebased, a unit changed.

What was published again is compared with what is known of the same periods: when all of it changed by one factor (or, where
figures may be negative, by one amount), it is a *restatement*, one thing, whatever the number of its figures. It is stored as a
vintage of its own, so that the past stays as it was known. Code that compares figures of before and after it brings the earlier
versions to the newest basis first (``on_newest_basis``), or a split of a share would be a crash.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.asof import END_OF_TIME, asof
from steel_assets.core.known_errors import in_words
from steel_assets.core.types import Series

FEWEST = 4
"""Figures that must change alike."""

ALIKE = 0.002
"""How far each may be from the common change, relative to its size, beside the rounding of what was published."""

SMALLEST = 0.005
"""A common change smaller than this, relative, is a revision like others."""

SMALLEST_OF_REVISED = 0.03
"""The same for a series that its provider revises as a matter of course."""

WHOLE, MANY = 0.9, 20
"""A vintage is a restatement when it changes so much of all that was known, or so many figures by more than a revision would."""

LARGE_AMOUNT = 0.02
"""The same for an amount."""

OVERLAP = 0.8
"""Share of what was known since the first changed period that must have changed."""

SAME = 0.01
"""Two restatements whose factors differ by less than this, relative, are the same."""


@dataclass(frozen=True)
class Restatement:
    """All figures of a series from ``since`` on are ``factor`` times what they were, or ``amount`` more.

    Attributes:
        amount: 0.0 where figures changed by a factor; the factor is 1.0 otherwise.
        since: first period known to have changed.
        figures: how many changed.
    """

    series: str
    factor: float
    amount: float
    since: pd.Timestamp
    figures: int

    @property
    def change(self) -> float:
        """The factor, or where there is none the amount."""
        return self.amount or self.factor

    def applied(self, values: pd.Series) -> pd.Series:
        """``values`` of the earlier basis on the new one."""
        return values * self.factor + self.amount

    def sentence(self, series: Series) -> str:
        """In words."""
        by = f"an amount of {self.amount:.4g}" if self.amount else f"a factor of {self.factor:.4g}"
        known = None if self.amount else in_words(series, self.factor, tolerance=0.002)
        cause = f" ({self.factor:.3g} = {known})" if known else ""
        return f"restated by {by} since {self.since:%Y-%m-%d}{cause}: {self.figures} known figures changed alike"


def recognised(rows: pd.DataFrame, known: pd.DataFrame, series: Series) -> Restatement | None:
    """The restatement that ``rows`` are; None where what came agrees with what is known, or differs in no one way.

    Args:
        rows: what is new or changed of the series: ``series, period, value, published_at``.
        known: raw observations, all vintages.
    """
    came = rows[rows["series"] == series.id].sort_values("published_at", kind="stable").drop_duplicates("period", keep="last")
    its_own = known[known["series"] == series.id]
    if came["period"].isin(its_own["period"]).sum() < FEWEST:
        return None
    newest = asof(its_own, END_OF_TIME)
    both = came.merge(newest[["period", "value"]], on="period", suffixes=("", "_known")).sort_values("period")
    expected = newest[newest["period"] >= both["period"].iloc[0]]
    if len(both) < OVERLAP * len(expected):
        return None
    change = _common_change(both["value_known"].to_numpy(dtype=float), both["value"].to_numpy(dtype=float))
    if change is None:
        return None
    if series.revised and not change[1] and abs(change[0] - 1) < SMALLEST_OF_REVISED:
        return None
    return Restatement(series.id, *change, since=both["period"].iloc[0], figures=len(both))


def same(restatement: Restatement, change: float, *, by_amount: bool) -> bool:
    """Whether ``restatement`` is a restatement by ``change``."""
    return bool(restatement.amount) == by_amount and abs(restatement.change - change) <= SAME * abs(change)


def on_newest_basis(versions: pd.DataFrame, when: str = "published_at") -> pd.DataFrame:
    """``versions`` of one or more series, each brought to the basis of the newest version of its period.

    A vintage in which a series' known figures all change by one factor or amount is a restatement; the earlier versions of its
    periods are changed as they were. What was published about a period only once stays as it is.

    Args:
        versions: ``series, period, value`` and the moment ``when`` each counts from.
    """
    several = versions.duplicated(["series", "period"], keep=False)
    restated = set(versions.loc[several, "series"])
    if not restated:
        return versions
    numbered = versions.reset_index(drop=True)
    parts = numbered[numbered["series"].isin(restated)].groupby("series", sort=False, observed=True)
    changed = pd.concat([_rebased(part, when) for _, part in parts])
    return versions.assign(value=changed.reindex(numbered.index).fillna(numbered["value"]).to_numpy())


def _rebased(part: pd.DataFrame, when: str) -> pd.Series:
    """Values of one series, earlier versions brought to the basis of later restatements.

    A revision of some figures is none, or the past would know what was found out later.
    """
    values = part["value"].astype(float).copy()
    order = part.sort_values(["period", when], kind="stable")
    before = order.groupby("period")["value"].shift().astype(float)
    for moment, old in before.dropna().groupby(order[when], sort=True):
        if len(old) < FEWEST:
            continue
        periods = part.loc[old.index, "period"]
        known = part.loc[part[when] < moment, "period"].drop_duplicates()
        change = _common_change(old.to_numpy(), part.loc[old.index, "value"].to_numpy(dtype=float))
        if change is None or len(old) < OVERLAP * (known >= periods.min()).sum():
            continue
        factor, amount = change
        by_much = len(old) >= MANY and (amount != 0 or abs(factor - 1) >= SMALLEST_OF_REVISED)
        if len(old) >= WHOLE * len(known) or by_much:
            earlier = (part[when] < moment) & part["period"].isin(periods)
            values[earlier] = values[earlier] * factor + amount
    return values


def _common_change(old: np.ndarray, new: np.ndarray) -> tuple[float, float] | None:
    """The factor and amount by which all of ``old`` became ``new``; None where there is none, or hardly any change."""
    rounding = 0.5 * max(_step(old), _step(new))
    if (old != 0).all() and (old * new > 0).all():
        factor = float(np.median(new / old))
        near = np.abs(new - factor * old) <= ALIKE * np.abs(new) + rounding * (1 + factor)
        if near.mean() >= 0.9 and abs(factor - 1) > max(SMALLEST, 4 * rounding / float(np.median(np.abs(old)))):
            return factor, 0.0
    amount = float(np.median(new - old))
    near = np.abs(new - old - amount) <= ALIKE * np.abs(amount) + 2 * rounding
    large = abs(amount) > max(LARGE_AMOUNT * float(np.median(np.abs(old))), 4 * rounding)
    return (1.0, amount) if near.mean() >= 0.9 and large else None


def _step(values: np.ndarray) -> float:
    """The smallest step in which figures are written: 0.1 where all of them have at most one decimal."""
    for decimals in range(7):
        if np.allclose(values, np.round(values, decimals), rtol=0, atol=1e-9):
            return float(10.0**-decimals)
    return 0.0
