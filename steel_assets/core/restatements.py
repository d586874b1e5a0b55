"""Histories that change as a whole: a share is split, an index rebased, a unit changed.

Values that were published again are compared with the known ones of the same periods. If all changed by one factor (or, for
values that may be negative, by one amount), this is one *restatement*, however many values it has. It is stored as a vintage of
its own, so that the past stays as it was known. Code that compares values before and after it converts the earlier versions to
the newest basis first (``on_newest_basis``); otherwise a split of a share would look like a crash.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.asof import END_OF_TIME, asof
from steel_assets.core.known_errors import in_words
from steel_assets.core.types import Series

FEWEST = 4
"""Least number of values that must change alike."""

ALIKE = 0.002
"""Largest difference of each change from the common one, relative to its size, besides rounding."""

SMALLEST = 0.005
"""A smaller common change (relative) is an ordinary revision."""

SMALLEST_OF_REVISED = 0.03
"""The same for a series that its provider revises regularly."""

WHOLE, MANY = 0.9, 20
"""A vintage is a restatement when it changes so much of all that was known, or so many figures by more than a revision would."""

LARGE_AMOUNT = 0.02
"""The same for a change by an amount."""

OVERLAP = 0.8
"""Share of the values known since the first changed period that must have changed."""

SAME = 0.01
"""Two restatements whose factors differ by less than this (relative) are the same."""


@dataclass(frozen=True)
class Restatement:
    """All values of a series from ``since`` on are multiplied by ``factor``, or increased by ``amount``.

    Attributes:
        amount: 0.0 if values changed by a factor; otherwise the factor is 1.0.
        since: first period known to have changed.
        figures: number of changed values.
    """

    series: str
    factor: float
    amount: float
    since: pd.Timestamp
    figures: int

    @property
    def change(self) -> float:
        """The factor, or without one the amount."""
        return self.amount or self.factor

    def applied(self, values: pd.Series) -> pd.Series:
        """``values`` on the earlier basis, converted to the new one."""
        return values * self.factor + self.amount

    def sentence(self, series: Series) -> str:
        """The restatement as a sentence."""
        by = f"an amount of {self.amount:.4g}" if self.amount else f"a factor of {self.factor:.4g}"
        known = None if self.amount else in_words(series, self.factor, tolerance=0.002)
        cause = f" ({self.factor:.3g} = {known})" if known else ""
        return f"restated by {by} since {self.since:%Y-%m-%d}{cause}: {self.figures} known figures changed alike"


def recognised(rows: pd.DataFrame, known: pd.DataFrame, series: Series) -> Restatement | None:
    """The restatement in ``rows``; None if they agree with what is known, or have no common change.

    Args:
        rows: new or changed values of the series: ``series, period, value, published_at``.
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
    """``versions`` of one or more series, each converted to the basis of the newest version of its period.

    A vintage in which all known values of a series change by one factor or amount is a restatement; earlier versions of its
    periods are converted likewise. Periods that were published only once are not changed.

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
    """Values of one series, with earlier versions converted to the basis of later restatements.

    A revision of only some values is not converted, because the past would then contain later knowledge.
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
    """The factor and amount by which all of ``old`` became ``new``; None if there is none, or hardly any change."""
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
    """The smallest step between written values: 0.1 if all have at most one decimal."""
    for decimals in range(7):
        if np.allclose(values, np.round(values, decimals), rtol=0, atol=1e-9):
            return float(10.0**-decimals)
    return 0.0
