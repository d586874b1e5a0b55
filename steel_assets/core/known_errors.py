"""Factors that people know the cause of: a price in another unit, a percentage written as a share, a split of a share."""

from __future__ import annotations

from math import log

from steel_assets.core.types import MASSES_IN_TONNES, Series

SPLITS = ((2, 1), (3, 1), (3, 2), (4, 1), (4, 3), (5, 1), (5, 4), (6, 5), (7, 1), (8, 1), (10, 1), (20, 1))
"""Usual splits: ``new`` shares for ``old`` ones."""

NAMES = {"short_ton": "short ton", "long_ton": "long ton"}
PER_CENT = 100.0


def in_words(series: Series, factor: float, tolerance: float = 0.005) -> str | None:
    """What a change of ``series`` by ``factor`` would be if it were a known one; None where it is none.

    Args:
        tolerance: relative.
    """
    return _unit(series, factor, tolerance) or split(series, factor, tolerance) or _decimal(series, factor, tolerance)


def is_share(series: Series) -> bool:
    """Whether it is the price of a share: of one of something, by no weight and no other money."""
    return series.kind == "price" and "/" not in series.unit


def split(series: Series, factor: float, tolerance: float) -> str | None:
    """The split of a share, or of several into one, that would change its price by ``factor``, in words."""
    ratio = usual_split(series, factor, tolerance)
    return None if ratio is None else f"a {ratio[0]}:{ratio[1]} split"


def usual_split(series: Series, factor: float, tolerance: float) -> tuple[int, int] | None:
    """The same as numbers: new shares, for old ones."""
    if not is_share(series) or factor <= 0:
        return None
    into_one = [(old, new) for new, old in SPLITS if new >= 2 * old]
    away = {(new, old): abs(log(factor) + log(new / old)) for new, old in (*SPLITS, *into_one)}
    nearest = min(away, key=lambda ratio: away[ratio])
    return nearest if away[nearest] <= tolerance else None


def _unit(series: Series, factor: float, tolerance: float) -> str | None:
    money, _, mass = series.unit.partition("/")
    if mass not in MASSES_IN_TONNES or factor <= 0:
        return None
    for other, tonnes in MASSES_IN_TONNES.items():
        if other != mass and abs(log(factor) - log(tonnes / MASSES_IN_TONNES[mass])) <= tolerance:
            return f"{money}/{NAMES.get(mass, mass)} written as {money}/{NAMES.get(other, other)}"
    return None


def _decimal(series: Series, factor: float, tolerance: float) -> str | None:
    if factor < 0 and abs(factor + 1) <= tolerance:
        return "the sign turned"
    if factor <= 0:
        return None
    if series.kind == "rate" and abs(log(factor) + log(PER_CENT)) <= tolerance:
        return "a percentage written as a share"
    if series.kind == "rate" and abs(log(factor) - log(PER_CENT)) <= tolerance:
        return "a share written as a percentage"
    for power in (10, 100, 1000):
        if abs(log(factor) - log(power)) <= tolerance or abs(log(factor) + log(power)) <= tolerance:
            return f"the decimal point moved by {len(str(power)) - 1}"
    return None
