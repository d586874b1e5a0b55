"""A chance counted from paths, with its standard error. Standard library only: the service, which has no numpy, counts too.

The standard error is that of counting so many paths as if they were drawn independently of each other. It says how far another
draw would differ, not how right the forecast is: docs/odds.md has what was measured of that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Side = Literal["above", "below"]


@dataclass(frozen=True)
class Chance:
    """A chance.

    Attributes:
        chance: from 0 to 1, the share of paths.
        error: its Monte-Carlo standard error; 0 where the outcome is known already. Where no path or every path says so it is
            that of two paths more that do and two that do not (Agresti & Coull 1998), because never seen is not impossible.
        paths: as many were counted.
    """

    chance: float
    error: float
    paths: int


def counted(hits: int, count: int, *, known: bool) -> Chance:
    """The chance of what ``hits`` of ``count`` paths say; ``known`` where nothing of it is open any more."""
    chance = hits / count
    if known:
        return Chance(chance, 0.0, count)
    if hits in (0, count):
        wary = (hits + 2) / (count + 4)
        return Chance(chance, math.sqrt(wary * (1 - wary) / (count + 4)), count)
    return Chance(chance, math.sqrt(chance * (1 - chance) / count), count)
