"""Splits of shares in raw closes: suspected by their ratio, and applied once a person confirms them.

A share that falls by half overnight and stays there in calm times was split, or has crashed; the closes do not tell. So a
suspected split is one question to a person. Once it is confirmed, earlier closes are converted to the new basis: known ones as a
vintage of their own, and those that the provider sends again on the old basis, every day, before they are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
import pandas as pd

from steel_assets.core.known_errors import SMALLEST_SPLIT, LikelyErrors, is_share
from steel_assets.core.types import Series
from steel_assets.core.usual_moves import UsualMoves

BEFORE, AFTER = 5, 5
"""Closes that must be near the old level, and those, as far as there are any yet, near the new one."""

SAME_CLOSE = 1e-9
"""Closes that differ by less (relative) differ only by rounding in the conversion."""


@dataclass(frozen=True)
class Split:
    """A split, suspected or released.

    Attributes:
        period: first day on the new basis.
        factor: by which it changes the closes before it, for example 0.5.
        words: for example "a 2:1 split".
    """

    series: str
    period: pd.Timestamp
    factor: float
    words: str = ""

    def sentence(self, before: float, after: float) -> str:
        """The split in words, with the last close before it and the first after it."""
        return (
            f"looks like {self.words} on {self.period:%Y-%m-%d}: {after:g} after {before:g}. Release it: it is one, and closes "
            "of before it are brought to the new basis. Drop it: it is none, and the figures are judged one by one"
        )


def suspected(new: pd.Series, known: pd.Series, series: Series) -> list[Split]:
    """The suspected splits next to at least one new value, oldest first.

    Args:
        new: new values by period.
        known: newest versions of known values; a new value of the same period replaces one.
    """
    line = new.combine_first(known).sort_index() if len(new) else known
    line = line[np.isfinite(line) & (line > 0)]
    usual = UsualMoves.of(series, line.to_numpy())
    if not is_share(series) or not usual.scale:
        return []
    seen, days = usual.seen(line.to_numpy()), np.diff(line.index.to_numpy()) / np.timedelta64(1, "D")
    large = np.abs(np.diff(seen)) > SMALLEST_SPLIT
    both_known = line.index[1:].isin(known.index) & line.index[:-1].isin(known.index)
    found = []
    for at in np.flatnonzero(large & ~both_known) + 1:
        ratio = _ratio(seen, int(at), float(days[at - 1]), LikelyErrors(usual))
        if ratio is not None:
            one, other = ratio
            found.append(Split(series.id, line.index[at], other / one, f"a {one}:{other} split"))
    return found


def around(known: pd.Series, splits: Sequence[Split]) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first period on the basis of the known values, and the first after it that is not.

    Without known values no period is on their basis.
    """
    if known.empty:
        return pd.Timestamp.max, pd.Timestamp.max
    earlier = [split.period for split in splits if split.period <= known.index[-1]]
    later = [split.period for split in splits if split.period > known.index[-1]]
    return max(earlier, default=pd.Timestamp.min), min(later, default=pd.Timestamp.max)


def on_newest_basis(came: pd.Series, known: pd.Series, splits: Sequence[Split]) -> tuple[pd.Series, pd.Series]:
    """New and known values by period, converted to the basis after the last of ``splits``, whichever basis they were on.

    A provider that sends raw closes repeats those before a split on the old basis; one that has adjusted them does not.
    """
    came, known = came.astype(float).copy(), known.astype(float).copy()
    for split in sorted(splits, key=lambda split: split.period, reverse=True):
        later = known.combine_first(came) if len(known) else came
        later = later[later.index >= split.period]
        before = known[known.index < split.period]
        if len(before) and len(later) and _on_the_old(before.iloc[-1:].to_numpy(), later.iloc[0], split):
            known[known.index < split.period] *= split.factor
            before = before * split.factor
        sent = came[came.index < split.period]
        again = sent.index.intersection(before.index)
        if len(again):
            old = _on_the_old(sent[again].to_numpy(), before[again].to_numpy(), split)
        elif len(before) and len(sent):
            nearest = int(np.argmin(np.abs(sent.index - before.index[0])))
            old = _on_the_old(sent.iloc[[nearest]].to_numpy(), before.iloc[0], split)
        else:
            old = bool(len(sent) and len(later)) and _on_the_old(sent.iloc[-1:].to_numpy(), later.iloc[0], split)
        if old:
            came[came.index < split.period] *= split.factor
    return came, known


def _on_the_old(values: np.ndarray, reference: np.ndarray | float, split: Split) -> bool:
    """Whether ``values`` fit ``reference``, which is on the new basis, better with the split's factor than without it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = float(np.nanmedian(np.log(values / reference)))
    return abs(ratio + log(split.factor)) < abs(ratio)


def _ratio(seen: np.ndarray, at: int, days: float, errors: LikelyErrors) -> tuple[int, int] | None:
    """The usual split that the move to ``at`` looks like: new shares per old ones.

    A move within the limit counts only in calm times that stay calm: a crash does not end on its first day.
    """
    move = float(seen[at] - seen[at - 1])
    before, after = seen[max(0, at - BEFORE) : at], seen[at : at + AFTER]
    away = np.abs([np.median(before) - before[-1], np.median(after) - after[0], after[-1] - after[0]])
    if len(before) < BEFORE or (away >= abs(move) / 2).any() or not errors.suspicious(move):
        return None
    window = seen[max(0, at - 25) : at]
    if abs(move) > errors.usual.limit(window, days):
        return errors.split_beyond_the_limit(exp(move))
    calm = errors.calm(window) and errors.calm(seen[at : at + 21])
    return errors.split_within_the_limit(exp(move), days) if calm else None
