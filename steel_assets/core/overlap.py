"""Whether a second file for a series is of another series, unit or column, judged by periods that were imported before.

An ordinary revision changes some values a little. If at least ``share`` of the overlapping periods change by more than a usual
move from period to period (or by more than ``change``), or all by the same factor or amount, a person must decide: were the first
values never true (a correction), or were these published later (a revision)?
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.overlap_rule import OverlapRule
from steel_assets.core.types import Series

FEWEST_MOVES = 5
"""Least number of moves from which a usual move is measured."""

SAME = 0.1
"""Changes count as the same if the middle four fifths of them differ by at most this share of the typical one."""


def difference(figures: pd.DataFrame, imported: pd.DataFrame, series: Series, rule: OverlapRule) -> str | None:
    """How ``figures`` differ widely from earlier imports, in words; None if they do not.

    Args:
        figures: ``period, value`` of the new file.
        imported: ``period, value`` of the newest import of each period.
    """
    both = figures.merge(imported, on="period", suffixes=("", "_before")).sort_values("period")
    new, old = both["value"].to_numpy(dtype=float), both["value_before"].to_numpy(dtype=float)
    changed = new != old
    if not changed.any() or changed.mean() < rule.share:
        return None
    before = imported.sort_values("period")["value"].to_numpy(dtype=float)
    ratios = series.unit != "percent" and bool((before > 0).all()) and bool((new > 0).all())
    size = np.log(new) - np.log(old) if ratios else new - old
    moves = np.abs(np.diff(np.log(before) if ratios else before))
    level = 1.0 if ratios else float(np.median(np.abs(old))) or 1.0
    limit = np.log1p(rule.change) if ratios else rule.change * level
    moves = moves[moves > 0]
    if len(moves) >= FEWEST_MOVES:
        limit = min(limit, max(rule.moves * float(np.median(moves)), rule.least * level))
    wide = np.abs(size) > limit
    example = int(np.argmax(np.abs(size)))
    sentence = (
        f"{int(changed.sum())} of {len(both)} periods that were imported before differ, "
        f"for example {old[example]:g} becomes {new[example]:g} on {both['period'].iloc[example]:%Y-%m-%d}"
    )
    if changed.sum() >= rule.periods and (same := _in_common(new[changed], old[changed], rule.least, ratios=ratios)):
        return f"{sentence}; {same}"
    return sentence if wide.mean() >= rule.share else None


def _in_common(new: np.ndarray, old: np.ndarray, least: float, *, ratios: bool) -> str | None:
    """The factor or amount by which all values changed, whichever fits better; None if there is none."""
    amounts = new - old
    fits = [(_spread(amounts), least * float(np.median(np.abs(old))), amounts, "all by {:+.4g}")]
    if ratios:
        factors = np.log(new / old)
        fits.append((_spread(factors), least, factors, "all by a factor of {:.4g}"))
    spread, smallest, changes, words = min(fits, key=lambda fit: fit[0])
    typical = float(np.median(changes))
    if spread > SAME or abs(typical) <= smallest:
        return None
    return words.format(np.exp(typical) if "factor" in words else typical)


def _spread(changes: np.ndarray) -> float:
    """The range of the middle four fifths of the changes, as a share of the typical one."""
    low, high = np.quantile(changes, [0.1, 0.9])
    typical = abs(float(np.median(changes)))
    return float(high - low) / typical if typical else np.inf
