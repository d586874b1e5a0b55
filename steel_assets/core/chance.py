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
class Chance:
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


def counted(hits: int, count: int, *, known: bool) -> Chance:
    """The probability from ``hits`` of ``count`` paths; ``known`` if the outcome is certain already."""
    chance = hits / count
    if known:
        return Chance(chance, 0.0, count)
    if hits in (0, count):
        wary = (hits + 2) / (count + 4)
        return Chance(chance, math.sqrt(wary * (1 - wary) / (count + 4)), count)
    return Chance(chance, math.sqrt(chance * (1 - chance) / count), count)
