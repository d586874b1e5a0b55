"""A probability counted from sample paths, with its standard error. Standard library only, because the service uses it.

The standard error is that of counting independent paths. It says how far another set of paths would differ, not how accurate the
forecast is: docs/odds.md has measurements of that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Side = Literal["above", "below"]


@dataclass(frozen=True)
class Odds:
    """A probability.

    Attributes:
        chance: from 0 to 1, the share of paths.
        error: its Monte-Carlo standard error; 0 if the outcome is known already. If no path or every path agrees, two paths of
            each outcome are added first (Agresti & Coull 1998), because never seen does not mean impossible.
        paths: number of paths counted.
    """

    chance: float
    error: float
    paths: int


def counted(found: int, count: int, *, known: bool) -> Odds:
    """The probability from ``found`` of ``count`` paths; ``known`` if the outcome is certain already."""
    chance = found / count
    if known:
        return Odds(chance, 0.0, count)
    if found in (0, count):
        wary = (found + 2) / (count + 4)
        return Odds(chance, math.sqrt(wary * (1 - wary) / (count + 4)), count)
    return Odds(chance, math.sqrt(chance * (1 - chance) / count), count)
